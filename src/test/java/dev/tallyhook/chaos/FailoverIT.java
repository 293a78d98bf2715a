package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The primary dies, or is demoted and stays up, and its synchronous standby is promoted: a URL that names both is all that the service is
 * told of it.
 */
@Tag("whole-machine")
class FailoverIT {

    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final int PER_SECOND = 300;

    @TempDir
    Path directory;

    @Test
    void after_a_failover_every_202_is_there_and_webhooks_are_accepted_again() throws Exception {
        assertHeld((primary, standby) -> Fault.outage("the primary killed, its standby promoted", () -> {
            primary.crash();
            standby.execute("SELECT pg_promote()");
        }));
    }

    @Test
    void after_a_demotion_that_cuts_no_session_every_202_is_there_and_webhooks_are_accepted_again() throws Exception {
        assertHeld((primary, standby) -> Fault.outage("the primary demoted, but up; its standby promoted", () -> {
            Standby.demote(primary);
            Standby.promote(standby, primary);
        }));
    }

    private interface Change {
        Fault of(DatabaseServer primary, DatabaseServer standby);
    }

    private void assertHeld(Change change) throws Exception {
        try (var primary = Stage.server();
                var standby = Standby.of(primary, directory);
                var stage = new Stage(2, DELAY, directory, primary, (server, wire) -> environment(server, standby))) {
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
            primary.execute("SELECT pg_reload_conf()");
            stage.send(PER_SECOND, 1);
            Thread.sleep(2 * DELAY.toMillis());
            Fault fault = change.of(primary, standby);
            Verdict verdict = stage.judge(stage.strike(List.of(Fault.outage(fault.name(), () -> {
                fault.strike().run();
                standby.use(Stage.DATABASE);
                stage.database = standby;
            }))));
            System.out.println(verdict.table());
            verdict.assertNoViolation(fault.name());
        }
    }

    private static Map<String, String> environment(DatabaseServer primary, DatabaseServer standby) {
        return Stage.environment(
                "localhost:%d,localhost:%d/%s?targetServerType=primary"
                        .formatted(primary.port(), standby.port(), Stage.DATABASE),
                DELAY);
    }
}
