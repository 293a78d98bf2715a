package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** How the statement that finishes queues what endpoints are told of it. */
@QuarkusTest
class ToldFinishTest {

    /** More than pgjdbc's prepareThreshold and PostgreSQL's five custom plans, after which a generic plan may come. */
    private static final int EXECUTIONS = 12;

    private static final String ENDPOINT = """
            INSERT INTO endpoints (endpoint_id, url, state, events, signature, sealed_secrets)
            VALUES ('told-%s', 'https://shop.example', 'PAUSED', ARRAY['transaction.processed'], 'v1', '\\x00')
            """;

    private static final String DUE = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            SELECT 'told_' || i, 'a', 'b', i, 'INR', timestamptz '2001-01-01Z' + i * interval '1 ms'
            FROM generate_series(1, %d) AS i
            """;

    /** The poller's own, because its sessions have settings that plans depend on. */
    @Inject
    @io.quarkus.agroal.DataSource("processing")
    DataSource dataSource;

    @Test
    void without_the_part_that_tells_it_is_the_statement_that_it_was_before() {
        String part = Telling.queue(EventKind.PROCESSED, "finished", "transaction_id");
        assertTrue(DueTransactions.OF_ALL.told().contains(part));
        assertEquals(
                DueTransactions.OF_ALL.plain(),
                DueTransactions.OF_ALL
                        .told()
                        .replace(part, "")
                        .replace(", " + Telling.COLUMNS, "")
                        .replace(", " + Telling.WHOM, ""));
        assertEquals(
                new TreeSet<>(List.of("transactions")),
                new TreeSet<>(Arrays.stream(DueTransactions.OF_ALL.plain().split("\\W+"))
                        .filter(List.of("transactions", "deliveries", "endpoints")::contains)
                        .toList()));
    }

    @Test
    void what_is_rolled_back_is_neither_finished_nor_told() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            execute(connection, "BEGIN");
            execute(connection, ENDPOINT.formatted("one"));
            execute(connection, DUE.formatted(3));
            execute(connection, "SAVEPOINT before");
            execute(connection, finish("2001-01-02Z", 10));
            assertEquals(
                    "3",
                    text(connection, "SELECT sum(cardinality(ids)) FROM deliveries WHERE endpoint_id = 'told-one'"));
            execute(connection, "ROLLBACK TO before");
            assertEquals("0", text(connection, "SELECT count(*) FROM deliveries WHERE endpoint_id = 'told-one'"));
            assertEquals(
                    "3",
                    text(
                            connection,
                            "SELECT count(*) FROM transactions WHERE transaction_id ~ '^told_' AND status = 'PROCESSING'"));
            execute(connection, "ROLLBACK");
        }
    }

    @Test
    void a_batch_is_three_rows_of_250_at_most_for_each_endpoint_with_and_without_filters_and_the_answer_names_all()
            throws SQLException {
        try (var connection = dataSource.getConnection()) {
            execute(connection, "BEGIN");
            execute(connection, ENDPOINT.formatted("one"));
            execute(connection, ENDPOINT.formatted("other"));
            execute(connection, ENDPOINT.formatted("filtered"));
            execute(connection, ENDPOINT.formatted("nothing"));
            execute(connection, "UPDATE endpoints SET accounts = '{b}' WHERE endpoint_id = 'told-filtered'");
            execute(connection, "UPDATE endpoints SET accounts = '{}' WHERE endpoint_id = 'told-nothing'");
            execute(connection, DUE.formatted(600));
            String whom = text(connection, finish("2001-01-02Z", 1_000), 5);
            assertFalse(whom.contains("told-nothing"), whom);
            for (String id : List.of("told-one", "told-other", "told-filtered")) {
                assertTrue(whom.contains(id), whom);
                assertEquals(
                        "100,250,250",
                        text(
                                connection,
                                "SELECT string_agg(cardinality(ids)::text, ',' ORDER BY cardinality(ids))"
                                        + " FROM deliveries WHERE endpoint_id = '" + id + "'"));
                assertEquals(
                        "600",
                        text(
                                connection,
                                "SELECT count(DISTINCT id) FROM deliveries, unnest(ids) AS id"
                                        + " WHERE endpoint_id = '" + id + "'"));
            }
            assertEquals(
                    "0",
                    text(
                            connection,
                            "SELECT count(*) FROM deliveries WHERE endpoint_id ~ '^told-' AND (replay OR attempts > 0"
                                    + " OR leased_until IS NOT NULL OR failed_at IS NOT NULL OR next_at > clock_timestamp())"));
            execute(connection, "ROLLBACK");
        }
    }

    @Test
    void when_nobody_wants_it_nothing_is_queued_and_nobody_named() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            execute(connection, "BEGIN");
            execute(connection, "DELETE FROM endpoints");
            execute(connection, DUE.formatted(3));
            assertEquals("null", text(connection, finish("2001-01-02Z", 10), 5));
            execute(connection, "ROLLBACK");
        }
    }

    @Test
    void after_many_prepared_executions_it_still_reads_the_due_index() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            execute(connection, "BEGIN");
            execute(connection, ENDPOINT.formatted("one"));
            execute(connection, ENDPOINT.formatted("filtered"));
            execute(connection, "UPDATE endpoints SET amount_min = 1 WHERE endpoint_id = 'told-filtered'");
            execute(connection, """
                    INSERT INTO transactions (
                        transaction_id, source_account, destination_account, amount, currency, status, due_at, processed_at)
                    SELECT 'plan_' || i, 'a', 'b', 1, 'INR',
                           CASE WHEN i % 50 = 0 THEN 'PROCESSING' ELSE 'PROCESSED' END,
                           now() + i * interval '1 second',
                           CASE WHEN i % 50 <> 0 THEN now() + i * interval '1 second' END
                    FROM generate_series(1, 50000) AS i
                    """);
            execute(connection, "ANALYZE transactions");
            String plan = planAfterManyExecutions(connection);
            execute(connection, "ROLLBACK");
            assertNotEquals("", plan);
            assertTrue(plan.contains("transactions_by_due"), plan);
            assertTrue(plan.contains("Tid Scan"), plan);
            assertFalse(plan.contains("Seq Scan on transactions"), plan);
            assertFalse(plan.contains("Index Scan using transactions_pkey"), plan);
        }
    }

    private static String planAfterManyExecutions(Connection connection) throws SQLException {
        String numbered =
                DueTransactions.OF_ALL.told().replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2");
        execute(connection, "PREPARE told (timestamptz, int) AS " + numbered);
        for (int i = 0; i < EXECUTIONS; i++) {
            execute(connection, "EXECUTE told ('-infinity', 1000)");
        }
        var plan = new StringBuilder();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("EXPLAIN EXECUTE told (now() - interval '1 minute', 1000)")) {
            while (rows.next()) {
                plan.append(rows.getString(1)).append('\n');
            }
        }
        execute(connection, "DEALLOCATE told");
        return plan.toString();
    }

    /** Of those that were due before the first of others' tests. */
    private static String finish(String until, int batchSize) {
        return DueTransactions.OF_ALL
                .told()
                .replaceFirst("\\?", "'-infinity' AND due_at < '" + until + "'")
                .replaceFirst("\\?", Integer.toString(batchSize));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        return text(connection, sql, 1);
    }

    private static String text(Connection connection, String sql, int column) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(column));
        }
    }
}
