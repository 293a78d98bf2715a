package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.Webhooks;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Replicas are replaced one after the other, the new one first, behind a balancer that knows of connections and not of requests, and each
 * request of clients of HTTP/2 that do what RFC 9113 section 6.8 asks for is answered.
 */
@Tag("whole-machine")
class Http2RestartsIT {

    private static final int RESTARTS = Integer.getInteger("chaos.restarts", 2);
    private static final int PER_SECOND = 100;

    /** So long a balancer goes on to send new connections to a replica that has begun to stop. */
    private static final long NOTICES_MILLIS = 200;

    private static final long SERVES_MILLIS = 1_500;

    @TempDir
    Path directory;

    private Path certificate;
    private Path key;

    /** A replica, and where it speaks TLS. */
    private record Serving(Service service, int tlsPort) {}

    private Serving start(DatabaseServer database) throws Exception {
        int port = DatabaseServer.freePort();
        Map<String, String> environment = Map.of(
                "QUARKUS_HTTP_SSL_PORT", Integer.toString(port),
                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_CERT", certificate.toString(),
                "QUARKUS_TLS_KEY_STORE_PEM_SERVER_KEY", key.toString(),
                "QUARKUS_SHUTDOWN_DELAY",
                        "2S", // Longer than the balancer needs to notice, and clients on a busy machine to go.
                "TALLYHOOK_INTAKE_WARM_UP_MAX", "PT5S"); // As in production.
        return new Serving(Service.start(database, environment), port);
    }

    @Test
    void each_request_of_a_client_that_goes_when_it_is_told_to_is_answered() throws Exception {
        Assumptions.assumeTrue(Programs.find("node").isPresent(), "no Node.js");
        certificate = directory.resolve("tls.crt");
        key = directory.resolve("tls.key");
        Certificate.create(directory, "server").writeTo(certificate, key);
        Deque<Serving> running = new ArrayDeque<>();
        try (var database = DatabaseServer.migrated();
                var balancer = new Balancer()) {
            running.add(start(database));
            balancer.add(running.element().tlsPort());
            Process node = node(balancer.port());
            try (var sender = new Sender(balancer.port())) {
                Thread.sleep(SERVES_MILLIS);
                for (int i = 0; i < RESTARTS; i++) {
                    running.add(start(database));
                    balancer.add(running.getLast().tlsPort());
                    Thread.sleep(SERVES_MILLIS);
                    Serving old = running.element();
                    old.service().terminate();
                    Thread.sleep(NOTICES_MILLIS);
                    balancer.remove(old.tlsPort());
                    assertEquals(0, old.service().awaitExit(), old.service()::log);
                    running.remove();
                }
                Thread.sleep(SERVES_MILLIS);
                check("Vert.x", sender.stop());
                node.getOutputStream().close();
                assertTrue(node.waitFor(20, TimeUnit.SECONDS), "Node.js waits for an answer");
                check(
                        "Node.js",
                        new ObjectMapper()
                                .readValue(node.getInputStream(), new TypeReference<Map<String, Integer>>() {}));
            } finally {
                node.destroyForcibly();
                running.forEach(serving -> serving.service().close());
            }
            assertTrue(
                    balancer.connections.get() >= 2 * (RESTARTS + 1),
                    () -> "nobody was sent to another replica: " + balancer.connections);
        }
    }

    private static void check(String client, Map<String, Integer> outcomes) {
        assertEquals(List.of("202"), List.copyOf(outcomes.keySet()), () -> client + ": " + outcomes);
        assertTrue(
                outcomes.get("202") >= PER_SECOND * SERVES_MILLIS / 1_000 * RESTARTS, () -> client + ": " + outcomes);
    }

    private static Process node(int port) throws IOException {
        return new ProcessBuilder(
                        "node",
                        Path.of("src", "test", "javascript", "http2.mjs").toString(),
                        Integer.toString(port),
                        Webhooks.PATH,
                        Integer.toString(PER_SECOND))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Vert.x' client, which other senders are built on. */
    private static final class Sender implements AutoCloseable {

        private final Vertx vertx = Vertx.vertx();
        private final Map<String, Integer> outcomes = new ConcurrentHashMap<>();
        private final AtomicInteger open = new AtomicInteger();
        private final HttpClient client = vertx.createHttpClient(new HttpClientOptions()
                .setSsl(true)
                .setTrustAll(true)
                .setVerifyHost(false)
                .setUseAlpn(true)
                .setProtocolVersion(HttpVersion.HTTP_2));
        private final RequestOptions options;
        private final long ticks;

        Sender(int port) {
            options = new RequestOptions()
                    .setMethod(HttpMethod.POST)
                    .setHost("localhost")
                    .setPort(port)
                    .setURI(Webhooks.PATH)
                    .putHeader("content-type", "application/json");
            ticks = vertx.setPeriodic(1_000 / PER_SECOND, tick -> post());
        }

        private void post() {
            open.incrementAndGet();
            client.request(options)
                    .compose(request -> request.send(Buffer.buffer(Webhooks.body(Webhooks.newId()))))
                    .compose(answer -> answer.body().map(body -> outcome(answer)))
                    .otherwise(Throwable::toString)
                    .onSuccess(outcome -> {
                        outcomes.merge(outcome, 1, Integer::sum);
                        open.decrementAndGet();
                    });
        }

        private static String outcome(HttpClientResponse answer) {
            return answer.version() == HttpVersion.HTTP_2
                    ? Integer.toString(answer.statusCode())
                    : answer.version().toString();
        }

        /** Begins no more, and waits for what is under way. */
        Map<String, Integer> stop() throws Exception {
            vertx.cancelTimer(ticks);
            Eventually.within(Duration.ofSeconds(20), () -> open.get() == 0, () -> open + " have no answer");
            return new TreeMap<>(outcomes);
        }

        @Override
        public void close() {
            vertx.close();
        }
    }
}
