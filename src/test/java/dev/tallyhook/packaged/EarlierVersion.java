package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What the first version did to the ledger, over and over: it stored, and finished what was due. */
final class EarlierVersion implements AutoCloseable {

    /** A statement that was held up for longer than this has waited for a migration, and not for a busy machine. */
    private static final Duration HELD_UP = Duration.ofSeconds(2);

    private final DatabaseServer database;
    private final Thread thread = new Thread(this::work, "earlier-version");
    private volatile boolean stopped;
    private volatile SQLException failure;
    private volatile long longestNanos;

    EarlierVersion(DatabaseServer database) {
        this.database = database;
        thread.start();
    }

    private void work() {
        try (var connection = database.connect();
                // Ten times what it really has, because a busy machine delays a lock of 50 ms as well.
                var limit = connection.prepareStatement("SET lock_timeout = '1s'");
                var claim = connection.prepareStatement("""
                        WITH due AS MATERIALIZED (
                            SELECT transaction_id FROM transactions
                            WHERE status = 'PROCESSING' AND due_at <= now()
                            ORDER BY due_at LIMIT 100
                            FOR UPDATE SKIP LOCKED)
                        UPDATE transactions SET status = 'PROCESSED', processed_at = clock_timestamp()
                        FROM due WHERE transactions.transaction_id = due.transaction_id""")) {
            limit.execute();
            for (int i = 0; !stopped; i++) {
                long start = System.nanoTime();
                insert(connection, "earlier_" + i);
                claim.executeUpdate();
                longestNanos = Math.max(longestNanos, System.nanoTime() - start);
                Thread.sleep(5);
            }
        } catch (SQLException failed) {
            failure = failed;
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    void assertWasNeverHeldUp() {
        if (failure != null) {
            throw new AssertionError("a statement of the earlier version failed", failure);
        }
        assertTrue(
                longestNanos < HELD_UP.toNanos(),
                () -> "a statement took " + TimeUnit.NANOSECONDS.toMillis(longestNanos) + " ms");
    }

    static void insert(Connection connection, String id) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("""
                    INSERT INTO transactions (
                        transaction_id, source_account, destination_account, amount, currency, due_at)
                    VALUES ('%s', 'from', 'to', 1, 'INR', now() + interval '1 hour')""".formatted(id));
        }
    }

    @Override
    public void close() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
