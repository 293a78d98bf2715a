package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import javax.sql.DataSource;

/** What is done to find out whether the database takes it, and not kept. */
public final class Trial {

    private Trial() {}

    /** Does it, undoes it, and commits what is left, which is nothing: so a commit is tried as well. */
    public static void of(DataSource dataSource, Patiently.Work<?> work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            // Whatever happens in between, what is open then is undone, and never committed by switching back.
            try {
                Savepoint before = connection.setSavepoint();
                work.on(connection);
                connection.rollback(before);
                connection.commit();
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }
}
