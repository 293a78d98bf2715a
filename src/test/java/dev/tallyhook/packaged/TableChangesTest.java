package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** How a migration gets a table for itself while others are at it, and what it says of those who do not let go. */
class TableChangesTest {

    private static final String FILL = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            SELECT 'old_' || i, 'from', 'to', 1, 'INR', now() + interval '1 hour' FROM generate_series(1, 20000) AS i
            """;

    /** A page each tenth of a second, of hundreds. */
    private static final String VACUUM_SLOWLY = """
            ALTER TABLE transactions SET (
                autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
                autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                autovacuum_vacuum_insert_threshold = 1, autovacuum_vacuum_insert_scale_factor = 0,
                autovacuum_freeze_max_age = 100000);
            UPDATE transactions SET due_at = due_at + interval '1 second'""";

    private static final String AGE = """
            DO $$ BEGIN FOR i IN 1..110000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$""";

    private static final String CHANGE =
            "SELECT pg_temp.change_table('transactions', 'ALTER TABLE transactions ADD COLUMN more text', '%s')";

    private static DatabaseServer server;

    private String functions;

    @BeforeAll
    static void start() throws Exception {
        server = new DatabaseServer(Map.of("autovacuum_naptime", "1s", "max_prepared_transactions", "2"));
        server.execute("CREATE ROLE owner LOGIN PASSWORD 'owner'");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void newLedger(TestInfo test) throws Exception {
        String name = "ledger_" + Integer.toHexString(test.getDisplayName().hashCode());
        server.use("postgres");
        server.execute("CREATE DATABASE \"" + name + '"');
        server.use(name);
        functions = Files.readString(DatabaseServer.MIGRATIONS.resolve("beforeEachMigrate.sql"));
    }

    @Test
    void an_autovacuum_steps_aside_for_a_migration_and_webhooks_go_on() throws Exception {
        server.migrateTo("003");
        server.execute(FILL);
        server.execute(VACUUM_SLOWLY);
        awaitVacuum();
        try (var earlier = new EarlierVersion(server)) {
            server.migrateTo("004");
            earlier.assertWasNeverHeldUp();
        }
        assertEquals(1, server.number("SELECT count(*) FROM pg_attribute WHERE attname = 'traceparent'"));
    }

    @Test
    void a_vacuum_against_wraparound_is_named_also_to_a_role_that_may_not_see_it() throws Exception {
        server.migrateTo("latest");
        server.execute("ALTER TABLE transactions OWNER TO owner");
        server.execute(FILL);
        try (var young = session("postgres")) {
            execute(young, "SET synchronous_commit = off");
            execute(young, AGE);
        }
        server.execute(VACUUM_SLOWLY);
        Eventually.within(
                Duration.ofSeconds(60),
                () -> server.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%(to prevent wraparound)'"
                                + " AND backend_type = 'autovacuum worker' AND query LIKE '%public.transactions %'")
                        > 0,
                () -> "no vacuum against wraparound");
        try (var earlier = new EarlierVersion(server);
                var admin = session("postgres");
                var owner = session("owner")) {
            String seen = refused(admin);
            assertTrue(seen.contains("held by an anti-wraparound autovacuum of transactions (process "), seen);
            assertTrue(seen.contains("running for ") && seen.contains("let it finish"), seen);
            String hidden = refused(owner);
            assertTrue(hidden.contains("held by an anti-wraparound autovacuum of transactions (process "), hidden);
            assertTrue(hidden.contains("a time that this role may not see"), hidden);
            earlier.assertWasNeverHeldUp();
        }
    }

    private static void awaitVacuum() throws Exception {
        Eventually.within(
                Duration.ofSeconds(60),
                () -> server.number(
                                "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'transactions'::regclass"
                                        + " AND datname = current_database()")
                        > 0,
                () -> "no vacuum");
    }

    @Test
    void who_holds_a_table_is_named_without_what_it_is_about() throws Exception {
        server.migrateTo("latest");
        server.execute("ALTER TABLE transactions OWNER TO owner");
        try (var holder = session("postgres");
                var admin = session("postgres");
                var owner = session("owner");
                var earlier = new EarlierVersion(server)) {
            int process = DatabaseServer.process(holder);
            holder.setAutoCommit(false);
            execute(holder, "SET application_name = 'a report'");
            execute(holder, "SELECT 4711.25, transaction_id FROM transactions WHERE source_account = 'somebody'");
            String seen = refused(admin);
            assertTrue(seen.startsWith("ERROR: the table transactions cannot be changed while it is held by "), seen);
            assertTrue(seen.contains("a session of the role postgres (process " + process), seen);
            assertTrue(seen.contains("application \"a report\", from 127.0.0.1), idle in transaction"), seen);
            assertTrue(seen.contains("SELECT ?, transaction_id FROM transactions WHERE source_account = …"), seen);
            assertFalse(seen.contains("4711.25") || seen.contains("somebody"), seen);
            String hidden = refused(owner);
            assertTrue(hidden.contains("process " + process) && hidden.contains("may not see"), hidden);

            execute(holder, "PREPARE TRANSACTION 'forgotten'");
            String prepared = refused(admin);
            assertTrue(
                    prepared.contains("held by the prepared transaction 'forgotten' of the role postgres"), prepared);
            assertTrue(prepared.contains("ROLLBACK PREPARED ends it"), prepared);
            earlier.assertWasNeverHeldUp();
        }
        server.execute("ROLLBACK PREPARED 'forgotten'");
    }

    @Test
    void a_table_that_comes_free_is_changed_and_the_transaction_keeps_its_own_lock_timeout() throws Exception {
        server.migrateTo("latest");
        try (var holder = session("postgres");
                var migration = session("postgres")) {
            holder.setAutoCommit(false);
            execute(holder, "SELECT FROM transactions");
            var later = new Thread(() -> {
                try {
                    Thread.sleep(1500);
                    holder.commit();
                } catch (InterruptedException | SQLException failure) {
                    throw new IllegalStateException(failure);
                }
            });
            later.start();
            migration.setAutoCommit(false);
            execute(migration, "SET LOCAL lock_timeout = '7s'");
            execute(migration, CHANGE.formatted("1 minute"));
            try (var statement = migration.createStatement();
                    var row = statement.executeQuery("SELECT current_setting('lock_timeout'), more FROM transactions"
                            + " RIGHT JOIN (VALUES (1)) AS one ON true")) {
                assertTrue(row.next());
                assertEquals("7s", row.getString(1));
            }
            later.join();
        }
    }

    @Test
    void a_role_that_may_not_make_temporary_functions_is_told_the_command() throws Exception {
        server.execute("REVOKE TEMPORARY ON DATABASE " + name() + " FROM PUBLIC");
        var failure = assertThrows(SQLException.class, () -> session("owner"));
        assertTrue(
                failure.getMessage().contains("GRANT TEMPORARY ON DATABASE " + name() + " TO owner"),
                failure.getMessage());
    }

    private static String name() throws SQLException {
        try (var connection = server.connect()) {
            return connection.getCatalog();
        }
    }

    /** Of a session that knows what the one of a migration knows. */
    private Connection session(String role) throws SQLException {
        var connection = DriverManager.getConnection(server.url(), role, role);
        try {
            execute(connection, functions);
        } catch (SQLException failure) {
            connection.close();
            throw failure;
        }
        return connection;
    }

    private static String refused(Connection migration) {
        return assertThrows(SQLException.class, () -> execute(migration, CHANGE.formatted("1 second")))
                .getMessage();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
