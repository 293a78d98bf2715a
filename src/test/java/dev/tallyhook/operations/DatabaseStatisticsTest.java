package dev.tallyhook.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DatabaseStatisticsTest {

    @Inject
    DataSource dataSource;

    @Test
    void a_user_without_rights_sees_the_snapshot_that_another_user_keeps() throws SQLException {
        try (var holder = dataSource.getConnection();
                var asker = dataSource.getConnection()) {
            execute(asker, "CREATE ROLE plain; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain");
            try {
                execute(holder, "BEGIN ISOLATION LEVEL REPEATABLE READ");
                execute(holder, "SELECT count(*) FROM conflicts");
                for (int i = 0; i < 50; i++) {
                    execute(
                            asker,
                            "SELECT pg_current_xact_id()"); // Each a transaction that vacuum cannot see the end of.
                }
                execute(asker, "SET ROLE plain");
                assertTrue(ask(asker).get("xmin age") >= 50, ask(asker)::toString);
            } finally {
                execute(holder, "ROLLBACK");
                execute(asker, "RESET ROLE; DROP OWNED BY plain; DROP ROLE plain");
            }
        }
    }

    @Test
    void conflicts_and_both_tables_are_told_of() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            assertEquals(
                    java.util.Set.of(
                            "held",
                            "live transactions",
                            "dead transactions",
                            "live conflicts",
                            "dead conflicts",
                            "shards transactions",
                            "shards conflicts",
                            "conflicts",
                            "oldest transaction",
                            "xmin age",
                            "xid age",
                            "mxid age"),
                    ask(connection).keySet());
        }
    }

    /** Any database may bring the whole server to a stop, one without connections as well. */
    @Test
    void the_oldest_ids_are_those_of_all_databases() throws SQLException {
        try (var connection = dataSource.getConnection()) {
            execute(connection, "CREATE DATABASE forgotten");
            try {
                double before = ask(connection).get("xid age");
                execute(connection, "VACUUM (FREEZE)");
                for (int i = 0; i < 50; i++) {
                    execute(connection, "SELECT pg_current_xact_id()");
                }
                assertTrue(ask(connection).get("xid age") >= before + 50, () -> before + " before");
                assertTrue(ask(connection).get("mxid age") >= 0);
            } finally {
                execute(connection, "DROP DATABASE forgotten");
            }
        }
    }

    private static Map<String, Double> ask(Connection connection) throws SQLException {
        Map<String, Double> figures = new HashMap<>();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(DatabaseStatistics.SELECT)) {
            while (rows.next()) {
                figures.put(rows.getString(1), rows.getDouble(2));
            }
        }
        return figures;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
