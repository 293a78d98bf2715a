package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsIT {

    @TempDir
    static Path directory;

    @AutoClose
    private static DatabaseServer database;

    private static Certificate first;
    private static Certificate second;
    private static Certificate sender;

    /** Of the tests whose settings are no more than a certificate. */
    @AutoClose
    private static Service shared;

    private static int sharedPort;

    private int port = DatabaseServer.freePort();
    private Path certificate;
    private Path key;

    @BeforeAll
    static void create() throws Exception {
        database = DatabaseServer.migrated();
        first = Certificate.create(directory, "first");
        second = Certificate.create(directory, "second");
        sender = Certificate.create(directory, "sender");
    }

    @BeforeEach
    void useTheFirst() throws Exception {
        certificate = directory.resolve("tls.crt");
        key = directory.resolve("tls.key");
        first.writeTo(certificate, key);
    }

    /** It shows the first certificate again. */
    private Service shared() throws Exception {
        if (shared == null) {
            shared = Service.start(database, tls());
            sharedPort = port;
        }
        port = sharedPort;
        SSLContext trusting = Certificate.client(null, first, second);
        Eventually.within(Duration.ofSeconds(20), () -> shown(trusting).equals(first.certificate()), shared::log);
        return shared;
    }

    @Test
    void the_operators_port_stays_plain() throws Exception {
        assertEquals(200, shared().manage("/q/health/ready").statusCode());
    }

    private Map<String, String> tls(String... more) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "QUARKUS_HTTP_SSL_PORT", Integer.toString(port),
                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_CERT", certificate.toString(),
                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_KEY", key.toString(),
                "TALLYHOOK_TLS_RELOAD_PERIOD", "1s"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return environment;
    }

    /** The file of those whom the service is to trust, with one in it. */
    private Path trusting(Certificate client) throws Exception {
        Path trusted = directory.resolve("clients.crt");
        client.writeTo(trusted, directory.resolve("client.key"));
        return trusted;
    }

    private Map<String, String> requiringCertificatesOf(Path trusted) {
        return tls("TALLYHOOK_TLS_CLIENT_AUTH", "required", "QUARKUS_TLS_TRUST_STORE_PEM_CERTS", trusted.toString());
    }

    private HttpResponse<String> post(HttpClient client, String id) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("https://localhost:" + port + Webhooks.PATH))
                        .timeout(Duration.ofSeconds(20))
                        .header("Content-Type", "application/json")
                        // Some of Java's own clients are not told to go, for their handling of it was wrong
                        // (JDK-8335181).
                        .header("User-Agent", "sender/1.0")
                        .POST(HttpRequest.BodyPublishers.ofString(Webhooks.body(id)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static HttpClient client(SSLContext context, HttpClient.Version version) {
        return HttpClient.newBuilder().sslContext(context).version(version).build();
    }

    @Test
    void webhooks_come_over_http_1_and_http_2() throws Exception {
        Service service = shared();
        for (var version : HttpClient.Version.values()) {
            var answer = post(client(Certificate.client(null, first), version), Webhooks.newId());
            assertEquals(202, answer.statusCode(), service::log);
            assertEquals(version, answer.version());
        }
    }

    @Test
    void an_http_2_connection_that_is_quiet_between_requests_is_kept() throws Exception {
        try (var service = Service.start(database, tls("TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT1S"))) {
            var client = client(Certificate.client(null, first), HttpClient.Version.HTTP_2);
            assertEquals(202, post(client, Webhooks.newId()).statusCode(), service::log);
            Set<String> before = Service.peers(port);
            for (int i = 0; i < 3; i++) {
                Thread.sleep(1_500);
                assertEquals(202, post(client, Webhooks.newId()).statusCode(), service::log);
            }
            assertEquals(before, Service.peers(port));
        }
    }

    /** HTTP/2 has no {@code Connection: close}: a GOAWAY sends the client away. */
    @Test
    void while_it_stops_http_2_webhooks_are_taken_and_each_connection_is_told_to_go_in_two_steps() throws Exception {
        try (var service = Service.start(database, tls("QUARKUS_SHUTDOWN_DELAY", "4S"));
                var before = new Http2Line(port);
                var silent = new Http2Line(port)) {
            var client = client(Certificate.client(null, first), HttpClient.Version.HTTP_2);
            assertEquals(202, post(client, Webhooks.newId()).statusCode(), service::log);
            assertEquals(List.of("202", "202"), List.of(taken(before), taken(silent)));
            service.terminate();
            Eventually.within(
                    Duration.ofSeconds(2),
                    () -> service.manage("/q/health/ready").statusCode() == 503,
                    () -> "the probe does not tell that it stops");

            // The first step, to who asks and to who is silent.
            var announced = List.of(new Http2Line.GoAway(Integer.MAX_VALUE, 0));
            Eventually.within(
                    Duration.ofSeconds(2),
                    () -> before.goAways().equals(announced) && silent.goAways().equals(announced),
                    () -> before.goAways() + " and " + silent.goAways());
            // What comes after it is taken, whether its connection was there before or not.
            int last = 0;
            for (int i = 0; i < 3; i++) {
                var asked = before.post(Webhooks.PATH, Webhooks.body(Webhooks.newId()));
                assertEquals("202", asked.status().get(10, TimeUnit.SECONDS), service::log);
                last = asked.stream();
            }
            var answer = post(client, Webhooks.newId());
            assertEquals(202, answer.statusCode(), service::log);
            assertEquals(HttpClient.Version.HTTP_2, answer.version());
            try (var late = new Http2Line(port)) {
                assertEquals("202", taken(late));
                Eventually.within(
                        Duration.ofSeconds(1),
                        () -> late.goAways().equals(announced),
                        () -> "who comes late is told with the answer: " + late.goAways());
            }
            assertTrue(before.isOpen(), "closed while its client may still send");

            // The second step names the last stream, and then the connection is closed.
            assertEquals(0, service.awaitExit(), service.log());
            var said = new Http2Line.GoAway(last, 0);
            Eventually.within(
                    Duration.ofSeconds(2), () -> !before.isOpen() && !silent.isOpen(), () -> "it is not closed");
            assertEquals(List.of(announced.get(0), said), before.goAways());
            assertEquals(List.of(announced.get(0), new Http2Line.GoAway(3, 0)), silent.goAways());
        }
    }

    /** Some three thousand of the largest heads are what they and bodies of up to 64 KiB have together of the heap. */
    @Test
    void heads_of_http_2_have_a_share_of_the_memory_and_what_is_beyond_it_is_reset() throws Exception {
        String large = "x".repeat(15_000);
        List<Http2Line> lines = new ArrayList<>();
        var patient = new HashMap<>(tls());
        patient.put("TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT60S"); // Else those that have no end are answered 408.
        try (var service = Service.start(database, patient)) {
            List<CompletableFuture<String>> begun = new ArrayList<>();
            for (int i = 0; i < 36; i++) {
                var line = new Http2Line(port);
                lines.add(line);
                for (int stream = 0; stream < 100; stream++) {
                    begun.add(line.begin(Webhooks.PATH, large));
                }
            }
            Eventually.within(
                    Duration.ofSeconds(50),
                    () -> begun.stream().anyMatch(status -> status.getNow("").equals("reset by 11")),
                    service::log);
            var small = new Http2Line(port);
            lines.add(small);
            assertEquals("202", taken(small));
            lines.forEach(Http2Line::close);
            lines.clear();
            try (var later = new Http2Line(port)) {
                Eventually.within(
                        Duration.ofSeconds(10), () -> answer(later, large).equals("202"), service::log);
            }
        } finally {
            lines.forEach(Http2Line::close);
        }
    }

    private static String answer(Http2Line line, String field) {
        try {
            return line.post(Webhooks.PATH, Webhooks.body(Webhooks.newId()), field)
                    .status()
                    .get(10, TimeUnit.SECONDS);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static String taken(Http2Line line) throws Exception {
        return line.post(Webhooks.PATH, Webhooks.body(Webhooks.newId()))
                .status()
                .get(20, TimeUnit.SECONDS);
    }

    @Test
    void a_certificate_is_changed_under_load_and_no_request_is_dropped() throws Exception {
        Service service = shared();
        SSLContext trusting = Certificate.client(null, first, second);
        var kept = client(trusting, HttpClient.Version.HTTP_2);
        try (var onKept = new Load(id -> post(kept, id));
                // A client of its own for each request makes a handshake for each.
                var onNew = new Load(id -> post(client(trusting, HttpClient.Version.HTTP_1_1), id))) {
            onKept.awaitAccepted(100);
            onNew.awaitAccepted(20);
            assertEquals(first.certificate(), shown(trusting));
            second.writeTo(certificate, key);
            Eventually.within(Duration.ofSeconds(20), () -> shown(trusting).equals(second.certificate()), service::log);
            onKept.awaitAccepted(100);
            onNew.awaitAccepted(20);
            assertEquals(List.of(), onKept.refusedForGood());
            assertEquals(List.of(), onNew.refusedForGood());
        }
    }

    @Test
    void a_key_that_is_not_its_certificates_changes_nothing() throws Exception {
        Service service = shared();
        int before = service.log().length();
        SSLContext trusting = Certificate.client(null, first, second);
        second.writeTo(directory.resolve("second.crt"), key);
        Eventually.within(
                Duration.ofSeconds(10),
                () -> service.log().substring(before).contains("the key is not that of the certificate"),
                service::log);
        assertEquals(first.certificate(), shown(trusting));
        second.writeTo(certificate, key);
        Eventually.within(Duration.ofSeconds(10), () -> shown(trusting).equals(second.certificate()), service::log);
    }

    private java.security.cert.Certificate shown(SSLContext trusting) throws IOException {
        try (var socket = (SSLSocket) trusting.getSocketFactory().createSocket("localhost", port)) {
            return socket.getSession().getPeerCertificates()[0];
        }
    }

    @Test
    void who_shows_no_certificate_or_a_strange_one_is_not_let_in_where_one_is_required() throws Exception {
        Path trusted = trusting(sender);
        try (var service = Service.start(database, requiringCertificatesOf(trusted))) {
            for (var version : HttpClient.Version.values()) {
                var known = client(Certificate.client(sender, first), version);
                assertEquals(202, post(known, Webhooks.newId()).statusCode(), service::log);
                var silent = client(Certificate.client(null, first), version);
                assertThrows(IOException.class, () -> post(silent, Webhooks.newId()));
                var strange = client(Certificate.client(first, first), version);
                assertThrows(IOException.class, () -> post(strange, Webhooks.newId()));
            }
        }
    }

    @Test
    void who_is_no_longer_trusted_is_not_let_in_again_not_even_on_a_connection_or_a_session_of_before()
            throws Exception {
        Certificate successor = Certificate.create(directory, "successor");
        Path trusted = trusting(sender);
        try (var service = Service.start(database, requiringCertificatesOf(trusted))) {
            SSLContext withSession = Certificate.client(sender, first);
            var kept = client(withSession, HttpClient.Version.HTTP_1_1);
            assertEquals(202, post(kept, Webhooks.newId()).statusCode(), service::log);
            trusting(successor);
            var next = client(Certificate.client(successor, first), HttpClient.Version.HTTP_2);
            Eventually.within(Duration.ofSeconds(10), () -> isLetIn(next), service::log);
            assertFalse(isLetIn(kept), "on the connection of before");
            assertFalse(isLetIn(client(withSession, HttpClient.Version.HTTP_1_1)), "with the session of before");
        }
    }

    private boolean isLetIn(HttpClient client) throws InterruptedException {
        try {
            return post(client, Webhooks.newId()).statusCode() == 202;
        } catch (IOException refused) {
            return false;
        }
    }

    @Test
    void certificates_of_clients_are_not_required_before_it_is_said_whom_to_trust() throws Exception {
        Map<String, String> environment = new HashMap<>(database.environment());
        environment.putAll(tls("TALLYHOOK_TLS_CLIENT_AUTH", "required"));
        try (var service = Service.launch(environment)) {
            assertEquals(1, service.awaitExit());
            assertTrue(service.log().contains("tallyhook.tls.client-auth needs"), service.log());
        }
    }
}
