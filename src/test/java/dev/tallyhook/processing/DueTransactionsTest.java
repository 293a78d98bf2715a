package dev.tallyhook.processing;

import static dev.tallyhook.processing.DueTransactions.NEXT_DUE;
import static dev.tallyhook.processing.DueTransactions.OF_ALL;
import static dev.tallyhook.processing.DueTransactions.OF_STRAYS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.StringJoiner;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DueTransactionsTest {

    /** More than pgjdbc's prepareThreshold and PostgreSQL's five custom plans, after which a generic plan may come. */
    private static final int EXECUTIONS = 12;

    @Inject
    DueTransactions due;

    /** The poller's own, because its sessions have settings that plans depend on. */
    @Inject
    @io.quarkus.agroal.DataSource("processing")
    DataSource dataSource;

    @Test
    void after_many_prepared_executions_the_claim_still_reads_the_due_index() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            // Mostly finished, as a ledger is, so that a plan without the index would cost dearly.
            statement.execute("""
                    INSERT INTO transactions (
                        transaction_id, source_account, destination_account, amount, currency, status, due_at, processed_at)
                    SELECT 'plan_' || i, 'a', 'b', 1, 'INR',
                           CASE WHEN i % 50 = 0 THEN 'PROCESSING' ELSE 'PROCESSED' END,
                           now() + i * interval '1 second',
                           CASE WHEN i % 50 <> 0 THEN now() + i * interval '1 second' END
                    FROM generate_series(1, 50000) AS i
                    """);
            statement.execute("ANALYZE transactions");
            String plan = planAfterManyExecutions(connection, OF_ALL);
            String planOfStrays = planAfterManyExecutions(connection, OF_STRAYS);
            statement.execute("ROLLBACK");
            assertReadsTheDueIndexInOrder(plan);
            assertReadsStraysInOrder(planOfStrays);
        }
    }

    @Test
    void and_so_it_does_on_a_ledger_that_was_empty_when_the_claim_was_prepared() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("TRUNCATE transactions");
            String plan = planAfterManyExecutions(connection, OF_ALL);
            String planOfStrays = planAfterManyExecutions(connection, OF_STRAYS);
            statement.execute("ROLLBACK");
            assertReadsTheDueIndexInOrder(plan);
            assertReadsStraysInOrder(planOfStrays);
        }
    }

    private static void assertReadsTheDueIndexInOrder(String plan) {
        assertTrue(plan.contains("transactions_by_due"), plan);
        assertTrue(plan.contains("Tid Scan"), plan);
        assertFalse(plan.contains("Seq Scan on transactions"), plan);
        assertFalse(plan.contains("Sort"), plan);
    }

    private static void assertReadsStraysInOrder(String plan) {
        assertTrue(plan.contains("strays_by_time"), plan);
        assertTrue(plan.contains("transactions_pkey"), plan);
        assertFalse(plan.contains("Seq Scan"), plan);
        assertFalse(plan.contains("Sort"), plan);
    }

    private static String planAfterManyExecutions(Connection connection, DueTransactions.Statements statements)
            throws SQLException {
        try (var statement = connection.createStatement()) {
            String numbered = statements.plain().replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2");
            statement.execute("PREPARE claim (timestamptz, int) AS " + numbered);
            for (int i = 0; i < EXECUTIONS; i++) {
                statement.execute("EXECUTE claim ('-infinity', 1000)");
            }
            var plan = new StringBuilder();
            try (var rows = statement.executeQuery("EXPLAIN EXECUTE claim (now() - interval '1 minute', 1000)")) {
                while (rows.next()) {
                    plan.append(rows.getString(1)).append('\n');
                }
            }
            statement.execute("DEALLOCATE claim");
            return plan.toString();
        }
    }

    @Test
    void what_is_due_next_is_found_in_the_due_index_without_a_sort() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("EXPLAIN " + NEXT_DUE.replace("?", "now()"))) {
            var plan = new StringBuilder();
            while (rows.next()) {
                plan.append(rows.getString(1)).append('\n');
            }
            assertTrue(plan.toString().contains("Index Scan using transactions_by_due"), plan::toString);
            assertFalse(plan.toString().contains("Sort"), plan::toString);
        }
    }

    @Test
    void where_all_of_a_batch_was_due_at_one_instant_the_next_one_is_larger() {
        var instant = due(0);
        assertEquals(1_000, new Due.Batch(1_000, true, due(1)).next(instant, 1_000, 1_000));
        assertEquals(2_000, new Due.Batch(1_000, true, instant).next(instant, 1_000, 1_000));
        assertEquals(20_000, new Due.Batch(16_000, true, instant).next(instant, 16_000, 1_000));
        assertEquals(50_000, new Due.Batch(50_000, true, instant).next(instant, 50_000, 50_000));
        assertEquals(1_000, new Due.Batch(20_000, true, due(1)).next(instant, 20_000, 1_000));
    }

    private static OffsetDateTime due(int second) {
        return OffsetDateTime.of(2026, 1, 1, 0, 0, second, 0, ZoneOffset.UTC);
    }

    @Test
    void the_watermark_is_just_below_what_was_finished() throws SQLException {
        var now = due.now();
        var batch = due.finish(now, 10);
        assertEquals(0, batch.count());
        assertEquals(now, batch.watermark(), "nothing finished, nothing moved");
    }

    @Test
    void who_asks_what_is_due_next_is_told_the_clock_whether_anything_waits_or_not() throws SQLException {
        var before = due.now();
        var outlook = due.outlook(before.plusYears(1_000));
        assertTrue(outlook.untilNextDue().isEmpty());
        assertFalse(outlook.now().isBefore(before));
    }

    /** Or the poller would ask for it hundreds of times a second. */
    @Test
    void a_row_that_another_session_holds_is_not_waited_for_and_hides_none_that_is_due_later() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("DELETE FROM transactions");
            String insert = """
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                    VALUES ('%s', 'a', 'b', 1, 'INR', clock_timestamp() + interval '%s')
                    """;
            String asked = NEXT_DUE.replace("?", "now() - interval '1 hour'");
            statement.execute(insert.formatted("held", "-1 second"));
            assertTrue(first(connection, asked).endsWith(", null"));
            statement.execute(insert.formatted("later", "1 minute"));
            assertTrue(first(connection, asked).endsWith(", null"), "the poller sleeps no minute");
            statement.execute(insert.formatted("next", "0.9 seconds"));
            int millis = Integer.parseInt(first(connection, asked).replaceFirst(".*, ", ""));
            assertTrue(millis > 0 && millis <= 900, millis + " ms");
            statement.execute(insert.formatted("soon, or just due", "0.2 seconds"));
            assertTrue(Integer.parseInt(first(connection, asked).replaceFirst(".*, ", "")) <= 200);
            statement.execute("ROLLBACK");
        }
    }

    /** The table need not let such rows in, so these statements have one of their own, without its rules. */
    @Test
    void a_row_whose_due_time_is_not_finite_waits_and_holds_nothing_up() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("SET LOCAL search_path = pg_temp, public"); // Sessions look there last.
            statement.execute(
                    "CREATE TEMP TABLE transactions (LIKE public.transactions INCLUDING DEFAULTS) ON COMMIT DROP");
            statement.execute("""
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                    VALUES ('held', 'a', 'b', 1, 'INR', 'infinity'), ('nonsense', 'a', 'b', 1, 'INR', '-infinity')
                    """);
            assertEquals(
                    "1, 0, 0",
                    first(connection, Backlog.COUNT),
                    "one that is due before all time is none that is looked for");
            assertTrue(first(connection, NEXT_DUE.replace("?", "now()")).endsWith(", null"));
            for (String watermark : new String[] {"now() - interval '1 day'", "'-infinity'"}) {
                assertEquals(
                        "",
                        first(
                                connection,
                                OF_ALL.plain().replaceFirst("\\?", watermark).replaceFirst("\\?", "10")));
            }
            statement.execute("""
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                    VALUES ('soon', 'a', 'b', 1, 'INR', now() + interval '0.9 s'), ('due', 'a', 'b', 1, 'INR', now())
                    """);
            assertEquals("3, 1, 0", first(connection, Backlog.COUNT).replace("0.000000", "0"));
            assertFalse(first(connection, NEXT_DUE.replace("?", "now()")).endsWith(", null"));
            assertTrue(first(
                            connection,
                            OF_ALL.plain().replaceFirst("\\?", "'-infinity'").replaceFirst("\\?", "10"))
                    .contains(", 1, "));
            statement.execute("ROLLBACK");
        }
    }

    /** The first row, or nothing if there is none. */
    private static String first(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            var columns = new StringJoiner(", ");
            boolean found = row.next();
            for (int i = 1; found && i <= row.getMetaData().getColumnCount(); i++) {
                columns.add(String.valueOf(row.getString(i)));
            }
            return columns.toString();
        }
    }
}
