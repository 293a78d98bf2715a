package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;

/** Transactions of sessions of readers that may take longer than a reader waits: nobody waits for them. */
public final class Patiently {

    /** Compiling these statements would take as long as they do. */
    private static final String PATIENTLY =
            "SELECT set_config('statement_timeout', '60s', true), set_config('jit', 'off', true)";

    private static final int PATIENCE_MILLIS = 61_000;

    private Patiently() {}

    /** What is done in one transaction. */
    public interface Work<T> {
        /** Does it; what it throws undoes all of it. */
        T on(Connection connection) throws SQLException;
    }

    /** Does it in a transaction of its own, each statement of which may take a minute, and commits. */
    public static <T> T commit(Connection connection, Work<T> work) throws SQLException {
        int patienceMillis = connection.getNetworkTimeout();
        connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
        connection.setAutoCommit(false);
        try {
            new Sql().add(PATIENTLY).query(connection, row -> true);
            T done = work.on(connection);
            connection.commit();
            return done;
        } catch (SQLException | RuntimeException failure) {
            connection.rollback();
            throw failure;
        } finally {
            connection.setAutoCommit(true);
            connection.setNetworkTimeout(Runnable::run, patienceMillis);
        }
    }
}
