package dev.tallyhook.database;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.agroal.DataSource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Sessions that take no writes on a server that does would go on so for ever: none of them ends. */
@QuarkusTest
class ReadOnlySessionsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Inject
    javax.sql.DataSource reading;

    @Inject
    @DataSource(Pool.INTAKE)
    javax.sql.DataSource intake;

    @Inject
    @DataSource(Pool.PROCESSING)
    javax.sql.DataSource processing;

    @Test
    void sessions_that_began_while_the_role_was_read_only_are_opened_anew_once_it_is_not() throws Exception {
        try (Connection other = reading.getConnection()) {
            execute(other, "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on");
            try {
                execute(other, """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name IN ('tallyhook-intake', 'tallyhook-processing')""");
                Awaitility.await().atMost(PATIENCE).until(() -> isReadOnly(intake) && isReadOnly(processing));
            } finally {
                execute(other, "ALTER ROLE CURRENT_USER RESET default_transaction_read_only");
            }
        }
        Awaitility.await().atMost(PATIENCE).until(() -> isWritable(intake) && isWritable(processing));
    }

    @Test
    void sessions_that_have_become_read_only_by_themselves_are_opened_anew() throws Exception {
        try (Connection first = borrowed(processing);
                Connection second = borrowed(processing)) {
            for (Connection session : new Connection[] {first, second}) {
                execute(session, "SET default_transaction_read_only = on");
                assertEquals(false, Sighting.by(session).writable());
            }
        }
        Awaitility.await().atMost(PATIENCE).until(() -> isWritable(processing));
    }

    /** The pool has these two alone, and the poller, or a session that is opened anew, may have one of them for longer than a pool waits. */
    private static Connection borrowed(javax.sql.DataSource pool) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(SQLException.class)
                .until(pool::getConnection, Objects::nonNull);
    }

    private static void execute(Connection session, String sql) throws SQLException {
        try (var statement = session.createStatement()) {
            statement.execute(sql);
        }
    }

    private static boolean isWritable(javax.sql.DataSource pool) {
        return says(pool, true);
    }

    private static boolean isReadOnly(javax.sql.DataSource pool) {
        return says(pool, false);
    }

    /** One that was cut says neither. */
    private static boolean says(javax.sql.DataSource pool, boolean writable) {
        try (Connection session = pool.getConnection()) {
            return Sighting.by(session).writable() == writable;
        } catch (SQLException cut) {
            return false;
        }
    }
}
