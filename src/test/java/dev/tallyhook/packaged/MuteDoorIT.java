package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.time.Duration;
import java.util.HashMap;
import org.junit.jupiter.api.Test;

class MuteDoorIT {

    /** Longer than a pool waits for an answer while it connects, several times. */
    private static final Duration MUTE = Duration.ofSeconds(8);

    /** A quarter of what a sweep waits for an answer; on a machine with nothing else to do it is 4 s. */
    private static final Duration RECOVERY_MAX = Duration.ofSeconds(15);

    /** One for each pool, and one that is just being given up. */
    private static final int HELD_OPEN_MAX = 10;

    @Test
    void what_takes_connections_and_says_nothing_holds_up_neither_the_start_nor_anything_after_its_return()
            throws Exception {
        try (var database = new DatabaseServer();
                var door = new MuteDoor(database.port())) {
            var environment = new HashMap<>(database.environment());
            environment.put(
                    "QUARKUS_DATASOURCE_JDBC_URL",
                    "jdbc:postgresql://localhost:" + door.port() + "/postgres?sslmode=disable");
            environment.put("TALLYHOOK_PROCESSING_DELAY", "PT1S");
            try (var service = Service.launch(environment)) {
                Eventually.within(RECOVERY_MAX, () -> service.log().contains("Retrying"), service::log);
                door.forward();
                service.awaitHealthy();
                assertEquals(202, service.post(Webhooks.body("before")).statusCode());

                door.mute();
                int heldOpen = 0;
                long end = System.nanoTime() + MUTE.toNanos();
                while (System.nanoTime() < end) {
                    assertEquals(
                            503, service.post(Webhooks.body(Webhooks.newId())).statusCode());
                    heldOpen = Math.max(heldOpen, door.heldOpen());
                }
                assertTrue(heldOpen > 0 && heldOpen <= HELD_OPEN_MAX, heldOpen + " connections were open at once");

                door.forward();
                long back = System.nanoTime();
                // Far below the poller's watermark, so that only the sweep finds it.
                database.execute("""
                        INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                        VALUES ('swept', 'a', 'b', 1, 'INR', now() - interval '1 hour')""");
                within(back, () -> service.post(Webhooks.body("after")).statusCode() == 202, service);
                within(
                        back,
                        () -> service.get(Webhooks.transactionPath("before"), "none")
                                        .statusCode()
                                == 200,
                        service);
                within(
                        back,
                        () -> database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'") == 0,
                        service);
                System.out.printf("all well again %d ms after the return%n", (System.nanoTime() - back) / 1_000_000);
            }
        }
    }

    private static void within(long back, java.util.concurrent.Callable<Boolean> truth, Service service)
            throws Exception {
        Eventually.within(
                RECOVERY_MAX.minusNanos(System.nanoTime() - back), truth, () -> "not well again:\n" + service.log());
    }
}
