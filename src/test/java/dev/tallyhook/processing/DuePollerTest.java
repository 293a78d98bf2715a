package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DuePollerTest {

    private static final String INSERT = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            SELECT 'due_' || i, 'a', 'b', 1, 'INR', now() + interval '%s'
            FROM generate_series(1, %d) AS i
            """;

    @Inject
    DueTransactions due;

    @Inject
    DuePoller poller;

    @Inject
    DataSource dataSource;

    @BeforeEach
    void empty() throws SQLException {
        execute("DELETE FROM transactions");
    }

    @Test
    void what_is_not_due_is_left_alone() throws SQLException {
        execute(INSERT.formatted("1 hour", 10));
        assertEquals(0, due.finish(100));
        poller.tick();
        assertEquals(10, count("status = 'PROCESSING' AND processed_at IS NULL"));
    }

    @Test
    void a_tick_drains_what_is_due_over_several_batches() throws SQLException {
        execute(INSERT.formatted("-1 second", 2_500));
        poller.tick();
        assertEquals(2_500, count("status = 'PROCESSED' AND processed_at >= due_at"));
    }

    @Test
    void rows_that_another_transaction_holds_are_skipped_and_finished_later() throws SQLException {
        execute(INSERT.formatted("1 hour", 10));
        execute(
                "UPDATE transactions SET due_at = now() - interval '1 second' WHERE transaction_id IN ('due_1', 'due_2')");
        try (var other = dataSource.getConnection();
                var statement = other.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("SELECT 1 FROM transactions WHERE transaction_id = 'due_1' FOR UPDATE");
            poller.tick();
            assertEquals(1, count("status = 'PROCESSED' AND transaction_id = 'due_2'"));
            assertEquals(1, count("status = 'PROCESSING' AND transaction_id = 'due_1'"));
            statement.execute("ROLLBACK");
        }
        poller.tick();
        assertEquals(1, count("status = 'PROCESSED' AND transaction_id = 'due_1'"));
    }

    private void execute(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private int count(String where) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM transactions WHERE " + where)) {
            row.next();
            return row.getInt(1);
        }
    }
}
