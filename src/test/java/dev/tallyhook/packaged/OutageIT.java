package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class OutageIT {

    private static final Duration ANSWER_MAX = Duration.ofMillis(500);
    private static final Duration PROBE_MAX = Duration.ofSeconds(1);
    private static final Duration RECOVERY_MAX = Duration.ofSeconds(5);
    private static final Duration ASKED_FOR = Duration.ofSeconds(5);

    /** Intake 10, poller 5, and sweep, backlog, reports and statistics once each; PostgreSQL is asked twice for one connection, for TLS first. */
    private static final int ASKED_PER_SECOND_MAX = 60;

    private static final Map<String, String> SETTINGS = Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1S");

    @Test
    @Tag("whole-machine")
    void while_the_database_is_stopped_every_answer_is_an_early_503_and_afterwards_all_is_well() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, SETTINGS)) {
            assertEquals(202, service.post(Webhooks.body("before")).statusCode());
            database.stop();
            assertUnavailable(service);
            assertReadersAreAnswered503(service);
            database.start();
            assertRecovers(database, service);
            assertEquals(0, lines(service, "\"exception\""), service.log());
            assertEquals(1, lines(service, "takes no webhooks"), service.log());
            assertEquals(1, lines(service, "takes webhooks again"), service.log());
            assertEquals(1, lines(service, "Due transactions wait"), service.log());
            assertEquals(1, lines(service, "readers are answered 503"), service.log());
            assertEquals(0, lines(service, "org.hibernate"), service.log());
        }
    }

    @Test
    @Tag("whole-machine")
    void while_the_database_hangs_every_answer_is_an_early_503_and_afterwards_all_is_well() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, SETTINGS)) {
            assertEquals(202, service.post(Webhooks.body("before")).statusCode());
            database.freeze();
            try {
                assertUnavailable(service);
            } finally {
                database.thaw();
            }
            assertRecovers(database, service);
        }
    }

    private static void assertUnavailable(Service service) throws Exception {
        for (int i = 0; i < 20; i++) {
            long start = System.nanoTime();
            var answer = service.post(Webhooks.body("during_" + i));
            var took = Duration.ofNanos(System.nanoTime() - start);
            assertEquals(503, answer.statusCode(), answer.body());
            assertTrue(answer.headers().firstValue("Retry-After").isPresent());
            assertTrue(answer.headers().firstValue("Content-Type").orElse("").equals("application/problem+json"));
            assertTrue(took.compareTo(ANSWER_MAX) < 0, "answered after " + took);
        }
        long start = System.nanoTime();
        assertEquals(503, service.probe());
        var took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(PROBE_MAX) < 0, "probe answered after " + took);
        assertTrue(service.isAlive());
    }

    /** A server that is recovering has better to do than to refuse connections. */
    @Test
    void while_the_database_is_away_it_is_asked_a_few_times_a_second_however_many_webhooks_come() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, SETTINGS)) {
            database.stop();
            var asked = new AtomicInteger();
            var nobody = new ServerSocket(database.port(), 50, InetAddress.getLoopbackAddress());
            var refusing = new Thread(() -> refuseEverybody(nobody, asked));
            refusing.start();
            try {
                try (var load = new Load(id -> service.post(Webhooks.body(id)))) {
                    Thread.sleep(ASKED_FOR.toMillis());
                    assertTrue(
                            load.refused().size() > 50,
                            "there was load: " + load.refused().size());
                }
            } finally {
                nobody.close();
                refusing.join();
            }
            assertTrue(asked.get() > 0, "it was asked");
            assertTrue(asked.get() <= ASKED_PER_SECOND_MAX * ASKED_FOR.toSeconds(), asked + " connections");
            database.start();
            assertRecovers(database, service);
        }
    }

    private static void refuseEverybody(ServerSocket door, AtomicInteger asked) {
        while (!door.isClosed()) {
            try {
                door.accept().close();
                asked.incrementAndGet();
            } catch (IOException closed) {
                // The loop's condition tells.
            }
        }
    }

    private static void assertReadersAreAnswered503(Service service) throws Exception {
        for (int i = 0; i < 20; i++) {
            var answer = service.get(Webhooks.transactionPath("before"), "none");
            assertEquals(503, answer.statusCode(), answer.body());
            assertTrue(answer.headers().firstValue("Retry-After").isPresent());
        }
    }

    private static long lines(Service service, String text) {
        return service.log().lines().filter(line -> line.contains(text)).count();
    }

    /** Kubernetes restarts what is not alive, and a restart would not take a lock away. */
    @Test
    void a_table_that_another_session_locks_costs_webhooks_a_503_and_the_service_no_restart() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, Map.of());
                var other = database.connect();
                var statement = other.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("LOCK TABLE transactions IN SHARE MODE");
            long start = System.nanoTime();
            int refused = 0;
            while (System.nanoTime() - start < Duration.ofSeconds(14).toNanos()) {
                List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 50)
                        .mapToObj(i -> service.client()
                                .sendAsync(
                                        service.postRequest(Webhooks.body(Webhooks.newId())),
                                        HttpResponse.BodyHandlers.ofString()))
                        .toList();
                for (var answer : answers) {
                    assertEquals(503, answer.join().statusCode());
                    refused++;
                }
                assertEquals(200, service.manage("/q/health/live").statusCode(), service::log);
            }
            statement.execute("ROLLBACK");
            assertTrue(refused > 500, refused + " webhooks were refused");
            assertRecovers(database, service);
            assertEquals(1, lines(service, "takes no webhooks"), service.log());
            assertTrue(lines(service, "cannot be stored") <= 1, service.log());
        }
    }

    private static void assertRecovers(DatabaseServer database, Service service) throws Exception {
        long back = System.nanoTime();
        Eventually.within(
                RECOVERY_MAX,
                () -> service.probe() == 200
                        && service.post(Webhooks.body("after")).statusCode() == 202,
                () -> "not well again:\n" + service.log());
        Eventually.within(
                RECOVERY_MAX.minusNanos(System.nanoTime() - back),
                () -> database.number(
                                "SELECT count(*) FROM transactions WHERE status = 'PROCESSING' AND transaction_id = 'before'")
                        == 0,
                () -> "the backlog is not drained:\n" + service.log());
    }
}
