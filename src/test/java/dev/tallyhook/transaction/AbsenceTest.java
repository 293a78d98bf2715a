package dev.tallyhook.transaction;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What a server that was left by others does not find may be stored all the same. */
@QuarkusTest
class AbsenceTest {

    @Inject
    DataSource dataSource;

    private static int statusOf(Connection session, String id) throws SQLException {
        return Absence.of(session, id, "Transaction not found").status();
    }

    @Test
    void only_a_server_that_takes_writes_knows_that_there_is_none() throws Exception {
        try (Connection session = dataSource.getConnection()) {
            String id = Webhooks.newId();
            assertEquals(404, statusOf(session, id));
            // As a demotion does: for the transactions of the session from now on.
            execute(session, "SET default_transaction_read_only = on");
            try {
                assertEquals(503, statusOf(session, id));
            } finally {
                execute(session, "RESET default_transaction_read_only");
            }
            assertEquals(404, statusOf(session, id));
        }
    }

    @Test
    void what_has_come_since_it_was_looked_for_is_to_be_asked_for_again() throws Exception {
        String id = Webhooks.newId();
        given().contentType("application/json")
                .body(Webhooks.body(id))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
        try (Connection session = dataSource.getConnection()) {
            assertEquals(503, statusOf(session, id));
        }
    }

    private static void execute(Connection session, String sql) throws SQLException {
        try (var statement = session.createStatement()) {
            statement.execute(sql);
        }
    }
}
