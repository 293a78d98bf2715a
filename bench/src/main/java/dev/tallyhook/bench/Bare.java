package dev.tallyhook.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** What PostgreSQL does by itself, without a service: the limits that the service is held against. */
final class Bare {

    private static final String INSERT_ONE =
            """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            VALUES (?, 'acc_user_789', 'acc_merchant_456', 1500.50, 'INR', now() + interval '1 hour')
            ON CONFLICT (transaction_id) DO NOTHING
            """;

    private static final String CLAIM =
            """
            WITH due AS MATERIALIZED (
                SELECT ctid
                FROM transactions
                WHERE status = 'PROCESSING' AND due_at <= now() AND due_at >= ?
                ORDER BY due_at
                LIMIT 1000
                FOR UPDATE SKIP LOCKED),
            finished AS (
                UPDATE transactions
                SET status = 'PROCESSED', processed_at = clock_timestamp()
                WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))
                RETURNING due_at)
            SELECT count(*), max(due_at)
            FROM finished
            """;

    private final Database database;

    Bare(Database database) {
        this.database = database;
    }

    /** Single-row commits per second of {@code connections} connections, each with its own thread. */
    double insertsPerSecond(int connections, Duration duration) throws InterruptedException, ExecutionException {
        var pool = Executors.newFixedThreadPool(connections);
        var ids = new AtomicLong(System.nanoTime());
        long end = System.nanoTime() + duration.toNanos();
        List<Callable<Long>> workers = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            workers.add(() -> insertUntil(end, ids));
        }
        long start = System.nanoTime();
        long inserted = 0;
        for (var worker : pool.invokeAll(workers)) {
            inserted += worker.get();
        }
        pool.shutdown();
        return inserted / ((System.nanoTime() - start) / 1e9);
    }

    private long insertUntil(long end, AtomicLong ids) throws SQLException {
        long inserted = 0;
        try (var connection = database.connect();
                var insert = connection.prepareStatement(INSERT_ONE)) {
            while (System.nanoTime() < end) {
                insert.setString(1, "txn_%016x".formatted(Payload.scramble(ids.incrementAndGet())));
                inserted += insert.executeUpdate();
            }
        }
        return inserted;
    }

    /** Rows per second of the claim statement in a loop on one connection, until nothing is due. */
    double claimsPerSecond() throws SQLException {
        long start = System.nanoTime();
        long claimed = 0;
        try (var claims = new Claims("transactions")) {
            long batch;
            do {
                batch = claims.next();
                claimed += batch;
            } while (batch > 0);
        }
        return claimed / ((System.nanoTime() - start) / 1e9);
    }

    /** One after the other, each above what the one before it has finished. */
    private final class Claims implements AutoCloseable {

        private final Connection connection = database.connect();
        private final PreparedStatement claim;
        private OffsetDateTime above = OffsetDateTime.MIN;

        Claims(String table) throws SQLException {
            claim = connection.prepareStatement(CLAIM.replace("transactions", table));
        }

        /** How many it has finished. */
        long next() throws SQLException {
            claim.setObject(1, above);
            try (var row = claim.executeQuery()) {
                row.next();
                long count = row.getLong(1);
                above = count == 0 ? above : row.getObject(2, OffsetDateTime.class);
                return count;
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** Claims what is due in another table like the ledger, and rests, again and again, for so long. */
    void poll(String table, Duration rest, Duration duration) throws SQLException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        try (var claims = new Claims(table)) {
            while (System.nanoTime() < end) {
                claims.next();
                Thread.sleep(rest.toMillis());
            }
        }
    }
}
