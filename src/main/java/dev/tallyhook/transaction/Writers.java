package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

/**
 * Transactions that have written to the ledger, or are about to, and are not over, prepared ones too. Everybody may see locks.
 *
 * @see <a href="https://www.postgresql.org/docs/current/view-pg-locks.html">pg_locks</a>
 */
public final class Writers {

    private static final String UNDER_WAY = """
            SELECT DISTINCT virtualtransaction
            FROM pg_locks
            WHERE locktype = 'relation'
              AND relation = 'transactions'::regclass
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND mode = 'RowExclusiveLock'
              AND pid IS DISTINCT FROM pg_backend_pid()
            """;

    private Writers() {}

    /** Those of now. */
    public static Set<String> underWay(Connection connection) throws SQLException {
        return new HashSet<>(new Sql().add(UNDER_WAY).query(connection, row -> row.getString(1)));
    }

    /** Whether none of those of earlier is under way any more. */
    public static boolean areOver(Connection connection, Set<String> earlier) throws SQLException {
        if (earlier.isEmpty()) {
            return true;
        }
        Set<String> writers = underWay(connection);
        writers.retainAll(earlier);
        return writers.isEmpty();
    }
}
