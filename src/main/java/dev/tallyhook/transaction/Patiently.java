package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Transactions of sessions of readers that may take longer than a reader waits: nobody waits for them. */
public final class Patiently {

    /** Compiling these statements would take as long as they do. */
    private static final String PATIENTLY =
            "SELECT set_config('statement_timeout', ?, true), set_config('jit', 'off', true)";

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private Patiently() {}

    /** What is done in one transaction. */
    public interface Work<T> {
        /** Does it; what it throws undoes all of it. */
        T on(Connection connection) throws SQLException;
    }

    /** Does it in a transaction of its own, each statement of which may take a minute, and commits. */
    public static <T> T commit(Connection connection, Work<T> work) throws SQLException {
        return commit(connection, PATIENCE, work);
    }

    /** The same with as long, or as short, as that for each statement; so that the session is left as it was found, it holds for the transaction alone. */
    public static <T> T commit(Connection connection, Duration patience, Work<T> work) throws SQLException {
        int patienceMillis = connection.getNetworkTimeout();
        connection.setNetworkTimeout(
                Runnable::run, Math.toIntExact(patience.plusSeconds(1).toMillis()));
        connection.setAutoCommit(false);
        boolean done = false;
        try {
            new Sql().add(PATIENTLY, patience.toMillis() + "ms").query(connection, row -> true);
            T result = work.on(connection);
            connection.commit();
            done = true;
            return result;
        } finally {
            // Whatever was thrown, an Error too: to switch back would commit what is open.
            if (!done) {
                rollBack(connection);
            }
            connection.setAutoCommit(true);
            connection.setNetworkTimeout(Runnable::run, patienceMillis);
        }
    }

    /** On a connection that is broken, the server does. */
    private static void rollBack(Connection connection) throws SQLException {
        if (!connection.isClosed()) {
            connection.rollback();
        }
    }
}
