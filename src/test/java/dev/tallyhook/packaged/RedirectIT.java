package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedirectIT {

    @TempDir
    Path directory;

    @Test
    void who_posts_to_the_plain_port_is_sent_to_https_and_the_webhook_arrives() throws Exception {
        int port = DatabaseServer.freePort();
        Path certificate = directory.resolve("tls.crt");
        Path key = directory.resolve("tls.key");
        Certificate own = Certificate.create(directory, "own");
        own.writeTo(certificate, key);
        try (var database = new DatabaseServer();
                var service = Service.start(
                        database,
                        Map.of(
                                "QUARKUS_HTTP_INSECURE_REQUESTS",
                                "redirect",
                                "QUARKUS_HTTP_SSL_PORT",
                                Integer.toString(port),
                                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_CERT",
                                certificate.toString(),
                                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_KEY",
                                key.toString()))) {
            // That it has become healthy says that the probe is answered here.
            var client = HttpClient.newBuilder()
                    .sslContext(Certificate.client(null, own))
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
            var answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + Webhooks.PATH))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(Webhooks.body("redirected")))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(202, answer.statusCode(), answer.body());
            assertEquals("https", answer.uri().getScheme());
            assertEquals(1, database.number("SELECT count(*) FROM transactions WHERE transaction_id = 'redirected'"));
            if (Programs.find("curl").isPresent()) {
                String said = Programs.run(
                                "curl",
                                "-sLo/dev/null",
                                "-w%{http_code} %{num_redirects}",
                                "--cacert",
                                certificate.toString(),
                                "-HContent-Type: application/json",
                                "-d" + Webhooks.body("by_curl"),
                                "http://localhost:" + service.port() + Webhooks.PATH)
                        .output();
                assertEquals("202 1", said);
            }

            String https = "https://localhost:" + port;
            for (String target : List.of("/v1/transactions/a%2Fb%3b;c?limit=1&x=%20", "/none?", "//evil.example/a")) {
                assertEquals(https + target, location(ask(service, target, "Host: localhost:1")));
            }
            assertEquals(https + "/a?b", location(ask(service, "http://localhost:1/a?b", "Host: localhost:1")));
            assertEquals("https://[::1]:" + port + "/a", location(ask(service, "/a", "Host: [::1]:1")));
            for (String host : List.of(
                    "X: y",
                    "Host:",
                    "Host: a b",
                    "Host: user@evil.example",
                    "Host: localhost:x",
                    "Host: localhost/evil",
                    "Host: localhost\r\nHost: evil.example")) {
                String refused = ask(service, "/a", host);
                assertTrue(refused.startsWith("HTTP/1.1 400 "), host + ": " + refused);
                assertFalse(refused.toLowerCase(java.util.Locale.ROOT).contains("location:"), refused);
            }
            // A connection goes on after what was sent with a POST and not read.
            String body = "x".repeat(100_000);
            String twice = raw(
                    service,
                    "POST /a HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: " + body.length() + "\r\n\r\n" + body
                            + "GET / HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n");
            assertTrue(twice.startsWith("HTTP/1.1 308 ") && twice.contains("HEALTHY"), twice);
        }
    }

    @Test
    void without_a_certificate_there_is_nothing_to_redirect_to() throws Exception {
        try (var database = new DatabaseServer()) {
            Map<String, String> environment = new HashMap<>(database.environment());
            environment.put("QUARKUS_HTTP_INSECURE_REQUESTS", "redirect");
            try (var service = Service.launch(environment)) {
                assertEquals(1, service.awaitExit());
                assertTrue(service.log().contains("insecure-requests=redirect needs a certificate"), service.log());
                assertFalse(service.log().contains("\tat "), service.log());
            }
        }
    }

    private static String location(String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 308 "), answer);
        return answer.lines()
                .filter(line -> line.regionMatches(true, 0, "location: ", 0, 10))
                .findFirst()
                .orElseThrow()
                .substring(10);
    }

    private static String ask(Service service, String target, String header) throws IOException {
        return raw(service, "GET " + target + " HTTP/1.1\r\n" + header + "\r\nConnection: close\r\n\r\n");
    }

    private static String raw(Service service, String request) throws IOException {
        try (var socket = new Socket("localhost", service.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
