package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.Webhooks;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CrashIT {

    private static final int TRANSACTIONS = 200;

    @Test
    void what_was_accepted_before_a_kill_is_finished_after_a_restart() throws Exception {
        var settings = Map.of("TALLYHOOK_PROCESSING_DELAY", "PT3S");
        try (var database = DatabaseServer.migrated()) {
            try (var service = Service.start(database, settings)) {
                for (int i = 0; i < TRANSACTIONS; i++) {
                    assertEquals(202, service.post(Webhooks.body("txn_" + i)).statusCode());
                }
                service.kill();
            }
            assertEquals(TRANSACTIONS, database.number("SELECT count(*) FROM transactions"));
            // A slow machine has finished the first of them by now.
            assertNotEquals(0, database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'"));
            try (var service = Service.start(database, settings)) {
                Eventually.within(
                        Duration.ofSeconds(10),
                        () -> database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSED'")
                                == TRANSACTIONS,
                        () -> "not all are finished:\n" + service.log());
            }
        }
    }
}
