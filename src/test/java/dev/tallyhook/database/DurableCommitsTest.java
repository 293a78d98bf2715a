package dev.tallyhook.database;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import io.agroal.api.AgroalDataSource;
import io.quarkus.agroal.DataSource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is told is on disk, in whatever session a pooler gives a statement: asked at each commit, by triggers that fire then. */
@QuarkusTest
class DurableCommitsTest {

    private static final String RECORD = """
            CREATE TABLE commits (kind text, id text, mode text);
            CREATE FUNCTION record_commit() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO commits VALUES (TG_OP || '' '' || TG_TABLE_NAME, NEW.transaction_id, current_setting(''synchronous_commit'')); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER record_commit AFTER INSERT OR UPDATE ON transactions
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_commit();
            CREATE CONSTRAINT TRIGGER record_commit AFTER INSERT ON conflicts
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_commit()
            """;

    private static final String FORGET = """
            DROP TRIGGER record_commit ON transactions;
            DROP TRIGGER record_commit ON conflicts;
            DROP FUNCTION record_commit();
            DROP TABLE commits
            """;

    @Inject
    AgroalDataSource reading;

    @Inject
    @DataSource("intake")
    AgroalDataSource intake;

    @Inject
    @DataSource("processing")
    AgroalDataSource processing;

    @Inject
    @DataSource("sweep")
    AgroalDataSource sweep;

    @BeforeEach
    void record() throws SQLException {
        Statements.execute(reading, RECORD);
        setEverywhere("off");
    }

    @AfterEach
    void forget() throws SQLException {
        setEverywhere("on");
        Statements.execute(reading, FORGET);
    }

    @Test
    void a_webhook_a_conflict_and_a_finish_are_committed_durably_in_a_session_that_is_not() throws SQLException {
        String id = Webhooks.newId();
        assertEquals(202, post(Webhooks.body(id)));
        assertEquals(409, post(Webhooks.body(id, "7", "INR")));
        Awaitility.await().until(() -> count("id = '%s' AND kind = 'UPDATE transactions'".formatted(id)) > 0);
        for (String kind : List.of("INSERT transactions", "INSERT conflicts", "UPDATE transactions")) {
            assertEquals(1, count("id = '%s' AND kind = '%s' AND mode = 'on'".formatted(id, kind)), kind);
        }
        assertEquals(0, count("mode <> 'on'"));
    }

    private int count(String where) throws SQLException {
        return Statements.count(reading, "commits", where);
    }

    private static int post(String body) {
        return given().contentType("application/json")
                .body(body)
                .post(Webhooks.PATH)
                .statusCode();
    }

    /** In every session of the pools that write. */
    private void setEverywhere(String mode) throws SQLException {
        for (AgroalDataSource pool : List.of(intake, processing, sweep)) {
            int size = pool.getConfiguration().connectionPoolConfiguration().maxSize();
            List<Connection> taken = new ArrayList<>();
            try {
                while (taken.size() < size) {
                    taken.add(take(pool));
                }
                for (Connection connection : taken) {
                    try (var statement = connection.createStatement()) {
                        statement.execute("SET synchronous_commit = " + mode);
                    }
                }
            } finally {
                for (Connection connection : taken) {
                    connection.close();
                }
            }
        }
    }

    /** The poller has one now and then. */
    private static Connection take(AgroalDataSource pool) {
        return Awaitility.await().ignoreExceptions().until(pool::getConnection, connection -> connection != null);
    }
}
