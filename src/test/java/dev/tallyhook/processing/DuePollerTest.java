package dev.tallyhook.processing;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.LogLines;
import dev.tallyhook.Statements;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    DataSource dataSource;

    @BeforeEach
    void empty() throws SQLException {
        Statements.execute(dataSource, "DELETE FROM transactions");
    }

    @Test
    void what_is_not_due_is_left_alone() throws SQLException {
        Statements.execute(dataSource, INSERT.formatted("1 hour", 10));
        assertEquals(0, due.finish(DueTransactions.FROM_THE_BEGINNING, 100).count());
        assertEquals(
                10, Statements.count(dataSource, "transactions", "status = 'PROCESSING' AND processed_at IS NULL"));
    }

    @Test
    void more_than_a_batch_that_is_due_at_the_same_instant_is_all_finished() throws SQLException {
        Statements.execute(dataSource, INSERT.formatted("-1 second", 2_500));
        await().until(() ->
                Statements.count(dataSource, "transactions", "status = 'PROCESSED' AND processed_at >= due_at")
                        == 2_500);
    }

    @Test
    void the_watermark_passes_what_was_due_long_before_the_batch_that_left_it_and_nothing_else() {
        var looked = OffsetDateTime.parse("2026-01-01T00:00:10Z");
        assertEquals(looked.minusSeconds(60), Poll.passed(null, looked.minusSeconds(60)));
        assertEquals(looked.minusSeconds(1), Poll.passed(looked, looked.minusSeconds(60)));
        assertEquals(looked.minusNanos(1_000), Poll.passed(looked, looked.minusNanos(1_000)));
    }

    @Test
    void what_was_overdue_before_the_poller_looked_is_finished_by_a_sweep() throws SQLException {
        Statements.execute(dataSource, INSERT.formatted("-1 day", 3_500));
        await().until(() ->
                Statements.count(dataSource, "transactions", "status = 'PROCESSED' AND processed_at >= due_at")
                        == 3_500);
    }

    @Test
    void rows_that_another_transaction_holds_are_skipped_and_finished_by_a_sweep() throws Exception {
        try (var other = dataSource.getConnection();
                var statement = other.createStatement()) {
            Statements.execute(dataSource, INSERT.formatted("500 milliseconds", 2));
            // The one that is held is due first, so that the watermark passes it.
            Statements.execute(
                    dataSource,
                    "UPDATE transactions SET due_at = due_at - interval '100 milliseconds' WHERE transaction_id = 'due_1'");
            statement.execute("BEGIN");
            statement.execute("SELECT 1 FROM transactions WHERE transaction_id = 'due_1' FOR UPDATE");
            await().until(() ->
                    Statements.count(dataSource, "transactions", "status = 'PROCESSED' AND transaction_id = 'due_2'")
                            == 1);
            Thread.sleep(200); // Time for the poller to come by again.
            assertEquals(
                    1,
                    Statements.count(dataSource, "transactions", "status = 'PROCESSING' AND transaction_id = 'due_1'"));
            statement.execute("ROLLBACK");
        }
        await().until(() ->
                Statements.count(dataSource, "transactions", "status = 'PROCESSED' AND transaction_id = 'due_1'") == 1);
    }

    /** Somebody's trigger. Several are refused, and each is told of once. */
    @Test
    void rows_that_cannot_be_finished_keep_no_others_and_are_finished_once_they_can_be() throws Exception {
        String refused = "transaction_id IN ('due_7', 'due_8', 'due_40')";
        try (var log = new LogLines("dev.tallyhook.processing")) {
            Statements.execute(dataSource, """
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        RAISE EXCEPTION 'not %', NEW.transaction_id;
                    END $$
                    """);
            Statements.execute(dataSource, """
                    CREATE TRIGGER refuse BEFORE UPDATE ON transactions FOR EACH ROW WHEN (NEW.%s) EXECUTE FUNCTION refuse()
                    """.formatted(refused));
            Statements.execute(dataSource, INSERT.formatted("500 milliseconds", 53));
            await().until(() -> Statements.count(dataSource, "transactions", "status = 'PROCESSED'") == 50);
            assertEquals(
                    50,
                    Statements.count(
                            dataSource,
                            "transactions",
                            "status = 'PROCESSED' AND processed_at < due_at + interval '5 seconds'"));
            await().until(() -> log.with("cannot be finished") == 3);
            // As long as it takes until a poller that fails, or a sweep, makes the probe say so.
            await().during(Duration.ofSeconds(12))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> given().get("/").statusCode() == 200);
            Statements.execute(dataSource, INSERT.formatted("0 seconds", 60) + " ON CONFLICT DO NOTHING");
            await().until(() -> Statements.count(dataSource, "transactions", "status = 'PROCESSED'") == 57);
            assertEquals(3, log.with("cannot be finished"), log::toString);
            assertEquals(0, log.with("SQLSTATE P0001: not"), log::toString);
        } finally {
            Statements.execute(dataSource, "DROP TRIGGER IF EXISTS refuse ON transactions");
            Statements.execute(dataSource, "DROP FUNCTION IF EXISTS refuse");
        }
        await().atMost(Duration.ofMinutes(3))
                .until(() -> Statements.count(dataSource, "transactions", "status = 'PROCESSED'") == 60);
    }

    /** Then it is nobody's row that is to blame, and health says so. Of what was due a day ago only the sweep knows. */
    @ParameterizedTest
    @ValueSource(strings = {"0 seconds", "-1 day"})
    void where_every_row_is_refused_none_is_stepped_over_and_the_probe_says_so(String due) throws Exception {
        try (var log = new LogLines("dev.tallyhook.processing")) {
            Statements.execute(
                    dataSource,
                    "ALTER TABLE transactions ADD CONSTRAINT nothing_is_finished CHECK (status <> 'PROCESSED') NOT VALID");
            Statements.execute(dataSource, INSERT.formatted(due, 20));
            await().atMost(Duration.ofSeconds(40)).until(() -> given().get("/").statusCode() == 503);
            assertEquals(0, log.with("cannot be finished"), log::toString);
        } finally {
            Statements.execute(dataSource, "ALTER TABLE transactions DROP CONSTRAINT IF EXISTS nothing_is_finished");
        }
        await().until(() -> Statements.count(dataSource, "transactions", "status = 'PROCESSED'") == 20);
        await().atMost(Duration.ofSeconds(40)).until(() -> given().get("/").statusCode() == 200);
    }
}
