package dev.tallyhook.chaos;

import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Processes;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What happens to PostgreSQL, and what other sessions do there. */
final class DatabaseFaults {

    private static final Duration START_MAX = Duration.ofSeconds(60);

    private static final String TERMINATE = """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE usename = 'tallyhook' AND application_name LIKE 'tallyhook-%'
            """;

    private final Stage stage;
    private final Random random;
    private final Duration hold;

    /** With other sessions that hold on so long to what they hold. */
    DatabaseFaults(Stage stage, Random random, Duration hold) {
        this.stage = stage;
        this.random = random;
        this.hold = hold;
    }

    Fault killed() {
        return Fault.outage("PostgreSQL killed (SIGKILL to all its processes)", () -> {
            stage.database.crash();
            Thread.sleep(random.nextInt(1_000));
            stage.database.start();
        });
    }

    Fault killedWithAReplica() {
        var replica = stage.replicas.get(random.nextInt(stage.replicas.size()));
        return new Fault(
                "PostgreSQL and a replica killed together",
                true,
                () -> {
                    stage.database.crash();
                    replica.kill();
                    stage.database.start();
                },
                replica::start);
    }

    Fault backendKilled() {
        return Fault.outage("a PostgreSQL backend killed (SIGKILL): crash recovery", () -> {
            long pid = stage.database.number("""
                    SELECT pid FROM pg_stat_activity WHERE usename = 'tallyhook' ORDER BY state = 'active' DESC LIMIT 1""");
            Processes.signal("KILL", ProcessHandle.of(pid).orElseThrow());
            Thread.sleep(100); // Until then the server may not have noticed.
            awaitServer();
        });
    }

    Fault restartedFast() {
        return Fault.outage("PostgreSQL restarted (fast)", () -> {
            stage.database.stop();
            stage.database.start();
        });
    }

    Fault restartedImmediately() {
        return Fault.outage("PostgreSQL restarted (immediate)", () -> {
            stage.database.stopImmediately();
            stage.database.start();
        });
    }

    Fault paused() {
        return Fault.outage("PostgreSQL paused (SIGSTOP)", () -> {
            stage.database.freeze();
            Thread.sleep(hold.toMillis());
            stage.database.thaw();
        });
    }

    /** Sessions live for 50 ms or so, which on a busy machine is too short to finish anything. */
    Fault sessionsTerminated() {
        return Fault.outage("sessions of writers and pollers terminated, over and over", () -> {
            long terminated = 0;
            for (int i = 0; i < 20; i++) {
                terminated += terminateSessions();
                Thread.sleep(random.nextInt(100));
            }
            struck(terminated, "session was terminated");
        });
    }

    Fault connectionsExhausted() {
        return Fault.outage("every connection of PostgreSQL taken", () -> {
            List<Connection> taken = new ArrayList<>();
            long end = System.nanoTime() + hold.toNanos();
            while (System.nanoTime() < end) {
                try {
                    taken.add(stage.connectAsService());
                } catch (SQLException full) {
                    terminateSessions(); // What it frees is taken in the next round, or by the service.
                }
            }
            for (Connection connection : taken) {
                connection.close();
            }
        });
    }

    private long terminateSessions() {
        try {
            return stage.database.number(TERMINATE);
        } catch (SQLException full) {
            return 0; // Even what the server keeps for superusers is taken; the next round tries again.
        }
    }

    /** A fault that did not strike has shown nothing. */
    private static void struck(long count, String what) {
        if (count == 0) {
            throw new AssertionError("no " + what);
        }
    }

    Fault xminPinned() {
        return Fault.passing("a transaction pins xmin", () -> {
            try (var connection = stage.database.connect();
                    var statement = connection.createStatement()) {
                statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
                statement.execute("SELECT count(*) FROM pg_class");
                Thread.sleep(hold.toMillis());
                statement.execute("ROLLBACK");
            }
        });
    }

    Fault dueRowsLocked() {
        return Fault.passing("due rows locked by another session", () -> {
            try (var connection = stage.database.connect();
                    var statement = connection.createStatement()) {
                statement.execute("BEGIN");
                statement.execute("""
                        CREATE TEMP TABLE held ON COMMIT DROP AS
                        SELECT transaction_id FROM transactions
                        WHERE status = 'PROCESSING' ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED""");
                Thread.sleep(hold.toMillis());
                int held = statement.executeUpdate(
                        "INSERT INTO audit.held SELECT transaction_id, clock_timestamp() FROM held");
                statement.execute("COMMIT");
                struck(held, "row was held");
            }
        });
    }

    Fault tableLocked() {
        return Fault.outage("the table locked by another session", () -> {
            try (var connection = stage.database.connect();
                    var statement = connection.createStatement()) {
                statement.execute("BEGIN");
                statement.execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE");
                Thread.sleep(hold.toMillis());
                statement.execute("ROLLBACK");
            }
        });
    }

    /**
     * What is accepted while it is wrong is due by it, and finished by it; what was accepted before waits until it is right again,
     * and all that still waits is due at once then.
     */
    Fault clockSetBack() {
        return Fault.passing("PostgreSQL's clock set back by ten minutes, and forward again", () -> {
            stage.setClock(Duration.ofMinutes(-10));
            Thread.sleep(hold.toMillis());
            stage.setClock(Duration.ZERO);
        });
    }

    private void awaitServer() throws Exception {
        Eventually.within(
                START_MAX,
                () -> {
                    try {
                        return stage.database.number("SELECT 1") == 1;
                    } catch (SQLException notYet) {
                        return false;
                    }
                },
                () -> "PostgreSQL does not come back");
    }
}
