package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Which indexes a ledger has while replicas of an earlier version are there, and afterwards. */
class EarlierIndexesTest {

    private static final String INDEXES = """
            SELECT count(*) FROM pg_class
            WHERE relname IN ('transactions_due', 'transactions_waiting', 'transactions_finished_by_time', 'transactions_held')
            """;

    private static final String REPORT = """
            INSERT INTO activity (replica, accepted, replayed, conflicting, invalid, unauthenticated, shed, failed, lateness)
            VALUES ('earlier', 0, 0, 0, 0, 0, 0, 0, '{}')
            """;

    private DatabaseServer server;
    private PGSimpleDataSource dataSource;

    @BeforeEach
    void start() throws Exception {
        server = new DatabaseServer(Map.of("fsync", "off"));
        dataSource = new PGSimpleDataSource();
        dataSource.setURL("jdbc:postgresql://localhost:" + server.port() + "/postgres?user=postgres");
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private void storeAndFinish(String prefix) throws SQLException {
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                SELECT '%s' || i, 'a', 'b', 1, 'INR', now() FROM generate_series(1, 1000) AS i""".formatted(prefix));
        server.execute(
                "UPDATE transactions SET status = 'PROCESSED', processed_at = now() WHERE status = 'PROCESSING'");
    }

    private long finishedInPlace() throws SQLException {
        server.execute("SELECT pg_stat_force_next_flush()");
        return server.number("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'transactions'");
    }

    @Test
    void they_stay_as_long_as_a_replica_of_an_earlier_version_reports_what_it_does_and_then_a_finish_is_in_place()
            throws Exception {
        server.migrateTo("017");
        server.execute(REPORT);
        server.migrateTo("latest");
        storeAndFinish("before_");
        assertEquals(0, finishedInPlace());
        EarlierIndexes.dropWhatIsNotNeeded(dataSource);
        assertEquals(4, server.number(INDEXES));
        server.execute("UPDATE activity SET settles = true");
        EarlierIndexes.dropWhatIsNotNeeded(dataSource);
        assertEquals(0, server.number(INDEXES));
        storeAndFinish("after_");
        assertTrue(finishedInPlace() > 900, "but for some that find no room on their page");
    }

    @Test
    void a_ledger_that_nobody_else_uses_has_none_of_them_from_the_start() throws Exception {
        server.migrateTo("latest");
        assertEquals(0, server.number(INDEXES));
        storeAndFinish("new_");
        assertTrue(finishedInPlace() > 900, "but for some that find no room on their page");
    }

    /** Migrations 018 to 020 find what waits, is held and is finished in a ledger of any size. */
    @Test
    void what_waits_and_what_is_held_is_found_in_a_ledger_that_was_there_before() throws Exception {
        server.migrateTo("017");
        server.execute("""
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, created_at, due_at, status, processed_at)
                SELECT 'old_' || i, 'a', 'b', 1, 'INR', now() - interval '1 h' + i * interval '1 ms', now() - interval '1 h' + i * interval '1 ms',
                       CASE WHEN i % 5000 = 1 THEN 'PROCESSING' WHEN i % 5000 = 2 THEN 'HELD' ELSE 'PROCESSED' END,
                       CASE WHEN i % 5000 > 2 OR i % 5000 = 0 THEN now() END
                FROM generate_series(1, 20000) AS i""");
        server.execute("SELECT post_stretch((SELECT max(until) FROM stretches), now())");
        server.migrateTo("latest");
        assertEquals(0, server.number("SELECT count(*) FROM stretches WHERE open_due IS NOT NULL"));
        assertEquals(4, server.number("SELECT count(DISTINCT transaction_id) FROM strays WHERE look_at < now()"));
        assertEquals(4, server.number("SELECT count(DISTINCT transaction_id) FROM strays WHERE look_at = 'infinity'"));
        assertEquals(
                8,
                server.number("SELECT count(*) FROM transactions WHERE status <> 'PROCESSED'"
                        + " AND transaction_id IN (SELECT transaction_id FROM strays)"));
    }
}
