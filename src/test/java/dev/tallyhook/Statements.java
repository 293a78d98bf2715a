package dev.tallyhook;

import java.sql.SQLException;
import javax.sql.DataSource;

/** SQL that a test runs beside the service, each statement in a transaction of its own. */
public final class Statements {

    private Statements() {}

    public static void execute(DataSource database, String sql) throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static int count(DataSource database, String table, String where) throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM " + table + " WHERE " + where)) {
            row.next();
            return row.getInt(1);
        }
    }
}
