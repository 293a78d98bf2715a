package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutageIT {

    private static final Duration ANSWER_MAX = Duration.ofMillis(500);
    private static final Duration PROBE_MAX = Duration.ofSeconds(1);
    private static final Duration RECOVERY_MAX = Duration.ofSeconds(5);
    private static final Map<String, String> SETTINGS = Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1S");

    @Test
    void while_the_database_is_stopped_every_answer_is_an_early_503_and_afterwards_all_is_well() throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, SETTINGS)) {
            assertEquals(202, service.post(Webhooks.body("before")).statusCode());
            database.stop();
            assertUnavailable(service);
            database.start();
            assertRecovers(database, service);
            assertEquals(
                    0,
                    service.log()
                            .lines()
                            .filter(line -> line.startsWith("\tat "))
                            .count(),
                    service.log());
        }
    }

    @Test
    void while_the_database_hangs_every_answer_is_an_early_503_and_afterwards_all_is_well() throws Exception {
        try (var database = new DatabaseServer();
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
