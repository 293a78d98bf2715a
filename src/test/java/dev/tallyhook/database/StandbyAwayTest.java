package dev.tallyhook.database;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A synchronous standby is named that is not there, so that no commit ends. */
@QuarkusTest
class StandbyAwayTest {

    /** Several times as long as a commit is waited for. */
    private static final Duration AWAY = Duration.ofSeconds(20);

    @Inject
    DataSource reading;

    private void reset() throws SQLException {
        Statements.execute(reading, "ALTER SYSTEM RESET synchronous_standby_names");
        Statements.execute(reading, "SELECT pg_reload_conf()");
    }

    @AfterEach
    void resetAndEmpty() throws SQLException {
        reset();
        Statements.execute(reading, "DELETE FROM transactions WHERE transaction_id = 'due_while_away'");
    }

    @Test
    void sessions_do_not_pile_up_while_a_standby_is_away_and_webhooks_are_taken_once_it_is_waited_for_no_more()
            throws Exception {
        Statements.execute(reading, """
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('due_while_away', 'a', 'b', 1, 'INR', now() + interval '3 seconds')
                """);
        Statements.execute(reading, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        Statements.execute(reading, "SELECT pg_reload_conf()");
        await().until(() -> post() == 503);
        long end = System.nanoTime() + AWAY.toNanos();
        int most = 0;
        int mostOfPoller = 0;
        while (System.nanoTime() - end < 0) {
            post();
            Thread.sleep(100);
            most = Math.max(most, sessions("application_name = 'tallyhook-intake'"));
            mostOfPoller = Math.max(mostOfPoller, sessions("application_name = 'tallyhook-processing'"));
        }
        assertTrue(most <= 2, most + " sessions of the intake: one that waits, and one that asks for it");
        assertTrue(mostOfPoller <= 4, mostOfPoller + " sessions of the poller: two, and those that ask for them");
        assertEquals(1, sessions("application_name = 'tallyhook-intake' AND wait_event = 'SyncRep'"));
        assertTrue(
                sessions("application_name LIKE 'tallyhook-%' AND wait_event = 'SyncRep'") <= 15,
                "one at most for each connection of the pools");
        assertEquals(200, given().get("/v1/transactions").statusCode(), "lists are read");
        reset();
        await().atMost(Duration.ofSeconds(30)).until(() -> post() == 202);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Statements.count(
                                reading, "transactions", "transaction_id = 'due_while_away' AND status = 'PROCESSED'")
                        == 1);
        await().atMost(Duration.ofSeconds(30)).until(() -> given().get("/").statusCode() == 200);
    }

    private static int post() {
        return given().contentType("application/json")
                .body(Webhooks.body(Webhooks.newId()))
                .post(Webhooks.PATH)
                .statusCode();
    }

    private int sessions(String where) throws SQLException {
        return Statements.count(reading, "pg_stat_activity", where);
    }
}
