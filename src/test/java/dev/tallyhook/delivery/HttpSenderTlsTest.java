package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.Certificate;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import io.vertx.core.net.TrustOptions;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpSenderTlsTest {

    private static final int SECONDS_MAX = 30;

    @TempDir
    static Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicReference<HttpVersion> spoken = new AtomicReference<>();

    @BeforeAll
    static void create() throws Exception {
        for (String name : List.of("server", "client", "stranger")) {
            Certificate.create(directory, name).writeTo(file(name, "crt"), file(name, "key"));
        }
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Test
    void http_2_is_spoken_where_the_server_does_with_own_authorities_and_a_client_certificate() throws Exception {
        int port = serve(true, ClientAuth.REQUIRED);
        HttpSender sender = sender(tls("server", "client"));
        List<CompletableFuture<Attempt>> attempts = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            attempts.add(HttpSenderTest.begin(sender, message("localhost", port)));
        }
        for (CompletableFuture<Attempt> attempt : attempts) {
            assertEquals(
                    Outcome.DELIVERED,
                    attempt.get(SECONDS_MAX, TimeUnit.SECONDS).outcome());
        }
        assertEquals(HttpVersion.HTTP_2, spoken.get());
        assertTrue(connections.get() <= 8, connections::toString);
    }

    @Test
    void http_1_1_is_spoken_where_the_server_speaks_nothing_else() throws Exception {
        int port = serve(false, ClientAuth.NONE);
        HttpSender sender = sender(tls("server", null));
        for (int i = 0; i < 10; i++) {
            assertEquals(
                    Outcome.DELIVERED,
                    HttpSenderTest.send(sender, message("localhost", port)).outcome());
        }
        assertEquals(HttpVersion.HTTP_1_1, spoken.get());
        assertEquals(1, connections.get());
    }

    @Test
    void a_certificate_of_nobody_who_is_trusted_is_refused_before_anything_is_sent() throws Exception {
        int port = serve(true, ClientAuth.NONE);
        for (TlsConfiguration tls : new TlsConfiguration[] {null, tls("stranger", null)}) {
            Attempt attempt = HttpSenderTest.send(sender(tls), message("localhost", port));
            assertEquals(Outcome.UNTRUSTED, attempt.outcome());
            assertEquals("the certificate is not trusted", attempt.answer());
        }
        assertNull(spoken.get());
    }

    @Test
    void a_certificate_for_another_name_is_refused() throws Exception {
        int port = serve(true, ClientAuth.NONE);
        Attempt attempt = HttpSenderTest.send(sender(tls("server", null)), message("other.test", port));
        assertEquals(Outcome.UNTRUSTED, attempt.outcome());
        assertEquals("the certificate is for another name", attempt.answer());
        assertNull(spoken.get());
    }

    @Test
    void a_server_that_wants_a_client_certificate_and_gets_none_is_told_apart() throws Exception {
        int port = serve(false, ClientAuth.REQUIRED);
        Attempt attempt = HttpSenderTest.send(sender(tls("server", null)), message("localhost", port));
        assertEquals(Outcome.UNTRUSTED, attempt.outcome(), attempt::toString);
        assertEquals(
                "TLS was refused by the other end, such as for want of a client certificate that it trusts",
                attempt.answer());
    }

    @Test
    void what_speaks_no_tls_is_not_trusted() throws Exception {
        int port = vertx.createNetServer()
                .connectHandler(socket -> socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
        Attempt attempt = HttpSenderTest.send(sender(tls("server", null)), message("localhost", port));
        assertEquals(Outcome.UNTRUSTED, attempt.outcome());
        assertEquals("no TLS is spoken there", attempt.answer());
    }

    @Test
    void a_handshake_that_does_not_come_about_is_given_up_in_time() throws Exception {
        int port = vertx.createNetServer()
                .connectHandler(socket -> {})
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
        assertEquals(
                Outcome.TIMED_OUT,
                HttpSenderTest.send(sender(tls("server", null)), message("localhost", port))
                        .outcome());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_message_on_a_kept_connection_that_is_closed_at_its_arrival_is_sent_again(boolean http2) throws Exception {
        var requests = new AtomicInteger();
        int port = serve(http2, ClientAuth.NONE, request -> {
            if (requests.incrementAndGet() == 2) {
                request.connection().close();
            } else {
                request.response().end();
            }
        });
        HttpSender sender = sender(tls("server", null));
        for (int i = 0; i < 3; i++) {
            Attempt attempt = HttpSenderTest.send(sender, message("localhost", port));
            assertEquals(Outcome.DELIVERED, attempt.outcome(), attempt::toString);
        }
        assertEquals(4, requests.get());
    }

    @Test
    void certificates_that_change_hold_for_what_is_sent_from_then_on() throws Exception {
        int port = serve(true, ClientAuth.NONE);
        HttpSender sender = sender(tls("server", null));
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        sender.changed(new CertificateUpdatedEvent("another", tls("stranger", null)));
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        sender.changed(new CertificateUpdatedEvent("endpoints", tls("stranger", null)));
        assertEquals(
                Outcome.UNTRUSTED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        sender.changed(new CertificateUpdatedEvent("endpoints", tls("server", null)));
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
    }

    /** As by a balancer that has forgotten a connection, and tells nobody. */
    @Test
    void an_http_2_connection_on_which_nothing_comes_any_more_is_left() throws Exception {
        var forgotten = new AtomicInteger();
        int port = relay(serve(true, ClientAuth.NONE), forgotten);
        HttpSender sender = sender(tls("server", null), "PT8S");
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        forgotten.set(1);
        assertEquals(
                Outcome.TIMED_OUT,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        assertEquals(2, connections.get());
    }

    @Test
    void one_on_which_another_message_was_answered_meanwhile_is_kept() throws Exception {
        var first = new AtomicBoolean(true);
        int port = serve(true, ClientAuth.NONE, request -> {
            if (!first.getAndSet(false)) {
                request.response().end();
            }
        });
        HttpSender sender = sender(tls("server", null), "PT8S");
        CompletableFuture<Attempt> unanswered = HttpSenderTest.begin(sender, message("localhost", port));
        Awaitility.await().until(() -> !first.get());
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        assertEquals(
                Outcome.TIMED_OUT, unanswered.get(SECONDS_MAX, TimeUnit.SECONDS).outcome());
        assertEquals(
                Outcome.DELIVERED,
                HttpSenderTest.send(sender, message("localhost", port)).outcome());
        assertEquals(1, connections.get());
    }

    /** Hands on what comes, but for the first so many connections, on which it drops all. */
    private int relay(int port, AtomicInteger forgotten) throws Exception {
        var accepted = new AtomicInteger();
        NetClient client = vertx.createNetClient();
        return vertx.createNetServer()
                .connectHandler(near -> {
                    int number = accepted.getAndIncrement();
                    near.pause();
                    client.connect(port, "127.0.0.1").onSuccess(far -> {
                        handOn(near, far, () -> number < forgotten.get());
                        handOn(far, near, () -> number < forgotten.get());
                        near.resume();
                    });
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
    }

    private static void handOn(NetSocket from, NetSocket to, BooleanSupplier isForgotten) {
        from.handler(bytes -> {
            if (!isForgotten.getAsBoolean()) {
                to.write(bytes);
            }
        });
    }

    private HttpSender sender(TlsConfiguration tls) {
        return sender(tls, "PT20S");
    }

    private HttpSender sender(TlsConfiguration tls, String timeout) {
        return new HttpSender(
                TellingSettings.with(
                        "allowed-networks",
                        "127.0.0.0/8",
                        "timeout",
                        timeout,
                        "connect-timeout",
                        timeout,
                        "tls-configuration-name",
                        "endpoints"),
                Optional.ofNullable(tls),
                vertx,
                host -> new InetAddress[] {Literals.address("127.0.0.1").orElseThrow()},
                Clock.systemUTC());
    }

    private int serve(boolean http2, ClientAuth clients) throws Exception {
        return serve(http2, clients, request -> {
            spoken.set(request.version());
            request.response().end();
        });
    }

    private int serve(boolean http2, ClientAuth clients, Handler<HttpServerRequest> handler) throws Exception {
        var options = new HttpServerOptions()
                .setSsl(true)
                .setUseAlpn(http2)
                .setKeyCertOptions(keys("server"))
                .setTrustOptions(trusted("client"))
                .setClientAuth(clients);
        return vertx.createHttpServer(options)
                .connectionHandler(connection -> connections.incrementAndGet())
                .requestHandler(handler)
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
    }

    private static OutgoingRequest message(String host, int port) {
        return HttpSenderTest.message("https://" + host + ":" + port + "/hooks");
    }

    private static Path file(String name, String kind) {
        return directory.resolve(name + "." + kind);
    }

    private static PemKeyCertOptions keys(String name) {
        return new PemKeyCertOptions()
                .addCertPath(file(name, "crt").toString())
                .addKeyPath(file(name, "key").toString());
    }

    private static PemTrustOptions trusted(String name) {
        return new PemTrustOptions().addCertPath(file(name, "crt").toString());
    }

    /** As the registry has it, as far as it is asked. */
    private static TlsConfiguration tls(String trusted, String own) {
        return new TlsConfiguration() {
            @Override
            public KeyStore getKeyStore() {
                return null;
            }

            @Override
            public KeyCertOptions getKeyStoreOptions() {
                return own == null ? null : keys(own);
            }

            @Override
            public KeyStore getTrustStore() {
                return null;
            }

            @Override
            public TrustOptions getTrustStoreOptions() {
                return trusted(trusted);
            }

            @Override
            public SSLOptions getSSLOptions() {
                return new SSLOptions();
            }

            @Override
            public SSLContext createSSLContext() {
                throw new UnsupportedOperationException();
            }

            @Override
            public boolean isTrustAll() {
                return false;
            }

            @Override
            public Optional<String> getHostnameVerificationAlgorithm() {
                return Optional.empty();
            }

            @Override
            public boolean usesSni() {
                return false;
            }

            @Override
            public boolean reload() {
                return false;
            }
        };
    }
}
