package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.tallyhook.Senders;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** An endpoint hears of everything that is finished, whoever dies and however long it was not to be told. */
class TellingIT {

    private static final int TRANSACTIONS = 3_000;

    /** So many of them a replica has told when it is killed. */
    private static final int TOLD_FIRST = 300;

    private static final String WRITE_TOKEN = "a-token-of-those-who-write-here-0123456789";

    /** What stands in the table of endpoints each replica knows by then. */
    private static final Duration KNOWN_AFTER = Duration.ofSeconds(3);

    /** Due at once, and finished by whichever replica looks first. */
    private static final String DUE = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            SELECT 'txn_' || i, 'acc_user_789', 'acc_merchant_456', 1500.50, 'INR', now()
            FROM generate_series(1, %d) AS i
            """;

    private static final String FINISHED = "SELECT count(*) FROM transactions WHERE status = 'PROCESSED'";

    /** A receiver that takes its time, and counts how often each message comes. */
    private static final class Receiver implements AutoCloseable {

        private final HttpServer server;
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final Map<String, Integer> told = new ConcurrentHashMap<>();

        Receiver(Duration pause) throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                exchange.getRequestBody().readAllBytes();
                told.merge(exchange.getRequestHeaders().getFirst("webhook-id"), 1, Integer::sum);
                try {
                    Thread.sleep(pause.toMillis());
                } catch (InterruptedException interrupted) {
                    throw new IOException(interrupted);
                }
                exchange.sendResponseHeaders(204, -1);
                exchange.close();
            });
            server.start();
        }

        Map<String, String> environment() {
            Map<String, String> all = new HashMap<>();
            all.put("TALLYHOOK_API_WRITE_TOKENS", WRITE_TOKEN);
            all.put("TALLYHOOK_TELLING_ALLOW_HTTP", "true");
            all.put("TALLYHOOK_TELLING_ALLOWED_NETWORKS", "127.0.0.0/8");
            all.put("TALLYHOOK_TELLING_TIMEOUT", "PT3S");
            all.put("TALLYHOOK_ENDPOINTS_SHOP_SECRETS", Senders.newSecret());
            all.put(
                    "TALLYHOOK_ENDPOINTS_SHOP_URL",
                    "http://127.0.0.1:" + server.getAddress().getPort() + "/");
            return all;
        }

        @Override
        public void close() {
            server.stop(0);
            threads.shutdownNow();
        }
    }

    @Test
    void what_a_replica_was_telling_when_it_was_killed_the_other_one_tells() throws Exception {
        try (var database = DatabaseServer.migrated();
                var receiver = new Receiver(Duration.ofMillis(100));
                var one = Service.start(database, receiver.environment());
                var two = Service.start(database, receiver.environment())) {
            awaitEndpoint(database);
            two.freeze(); // So that the first one has all of it.
            database.execute(DUE.formatted(TRANSACTIONS));
            Eventually.within(
                    Duration.ofSeconds(60),
                    () -> receiver.told.size() >= TOLD_FIRST,
                    () -> "told " + receiver.told.size() + ":\n" + one.log());
            one.kill();
            int toldFirst = receiver.told.size();
            two.thaw();
            assertTrue(toldFirst < TRANSACTIONS, "all was told before the kill");
            Eventually.within(
                    Duration.ofSeconds(60),
                    () -> receiver.told.size() == TRANSACTIONS,
                    () -> "told " + receiver.told.size() + ", of which " + toldFirst + " before the kill:\n"
                            + two.log());
            Eventually.within(
                    Duration.ofSeconds(60),
                    () -> database.number("SELECT count(*) FROM deliveries") == 0,
                    () -> "what was told is still in the queue:\n" + two.log());
            assertEquals(TRANSACTIONS, database.number(FINISHED));
        }
    }

    @Test
    void an_endpoint_that_is_paused_hears_nothing_and_then_everything() throws Exception {
        try (var database = DatabaseServer.migrated();
                var receiver = new Receiver(Duration.ZERO);
                var service = Service.start(database, receiver.environment())) {
            awaitEndpoint(database);
            change(service, "PAUSED");
            Thread.sleep(KNOWN_AFTER.toMillis());
            database.execute(DUE.formatted(50));
            Eventually.within(
                    Duration.ofSeconds(30), () -> database.number(FINISHED) == 50, () -> "not all are finished");
            Thread.sleep(2_000);
            assertEquals(0, receiver.told.size());
            assertEquals(50, database.number("SELECT sum(cardinality(ids)) FROM deliveries"));
            change(service, "ENABLED");
            Eventually.within(
                    Duration.ofSeconds(30),
                    () -> receiver.told.size() == 50,
                    () -> "told " + receiver.told.size() + ":\n" + service.log());
        }
    }

    /** Until every replica knows it: one that has looked just before finishes without telling for two seconds. */
    private static void awaitEndpoint(DatabaseServer database) throws Exception {
        Eventually.within(
                Duration.ofSeconds(30),
                () -> database.number("SELECT count(*) FROM endpoints WHERE endpoint_id = 'shop'") == 1,
                () -> "the endpoint of the configuration is not there");
        Thread.sleep(KNOWN_AFTER.toMillis());
    }

    private static void change(Service service, String state) throws Exception {
        HttpResponse<String> answer = service.client()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/endpoints/shop"))
                                .timeout(Duration.ofSeconds(20))
                                .header("Authorization", "Bearer " + WRITE_TOKEN)
                                .header("Content-Type", "application/merge-patch+json")
                                .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"state\":\"" + state + "\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode(), answer::body);
    }
}
