package dev.tallyhook.database;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Hostile;
import dev.tallyhook.packaged.MuteDoor;
import dev.tallyhook.packaged.TcpTimers;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What sessions have and find, on a server whose every setting is somebody else's. */
class SessionsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static DatabaseServer server;
    private static int databases;

    private String database;

    @BeforeAll
    static void start() throws IOException {
        // A database for each test is many files; whether they are on disk is the matter of other tests.
        server = new DatabaseServer(Map.of("fsync", "off"));
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    /** A database and a role of its own for each test. */
    @BeforeEach
    void create() throws SQLException {
        database = "ledger" + ++databases;
        server.use("postgres");
        server.execute("CREATE ROLE %s LOGIN PASSWORD 'secret'".formatted(database));
        server.execute("CREATE DATABASE %s OWNER %s".formatted(database, database));
    }

    @AfterEach
    void forget() {
        LedgerDriver.lookIn(null);
    }

    @Test
    void every_session_has_its_own_settings_whatever_role_database_and_server_say() throws SQLException, IOException {
        migrate();
        server.execute(Hostile.to(database, database));
        LedgerDriver.lookIn("public");
        for (String pool : List.of("reading", "intake", "processing", "sweep", "delivery")) {
            String options = PgBouncerSettingsTest.options(pool);
            try (var connection = connect(options)) {
                assertDoesNotThrow(() -> SessionCheck.check(pool, options, connection), pool);
                assertEquals("on", setting(connection, "synchronous_commit"));
                assertEquals("on", setting(connection, "enable_nestloop"));
                assertEquals(
                        "public, pg_temp", setting(connection, "search_path").replace("\"", ""));
            }
        }
        try (var connection = migration().getConnection()) {
            for (var setting : SessionSettings.MIGRATION) {
                assertEquals(setting.value(), setting(connection, setting.name()), setting.name());
            }
            assertEquals("read committed", setting(connection, "transaction_isolation"));
            assertEquals("nowhere, public", setting(connection, "search_path"));
        }
    }

    @Test
    void what_is_stronger_than_on_stays() throws SQLException {
        server.execute("ALTER DATABASE %s SET synchronous_commit = remote_apply".formatted(database));
        try (var connection = connect("")) {
            assertEquals("remote_apply", setting(connection, "synchronous_commit"));
        }
    }

    @Test
    void a_statement_makes_its_own_commit_durable_in_whichever_session() throws SQLException {
        for (var mode : Map.of("off", "on", "local", "on", "remote_write", "on", "remote_apply", "remote_apply")
                .entrySet()) {
            try (var connection = connect("");
                    var statement = connection.createStatement()) {
                statement.execute("SET synchronous_commit = " + mode.getKey());
                connection.setAutoCommit(false);
                statement.execute("SELECT count(*) FROM generate_series(1, 0) WHERE " + Durability.DURABLY);
                assertEquals(mode.getValue(), setting(connection, "synchronous_commit"));
                connection.rollback();
                assertEquals(mode.getKey(), setting(connection, "synchronous_commit"));
            }
        }
    }

    @Test
    void options_of_the_url_are_added_and_drop_nothing() throws SQLException {
        Properties info = info("-c lock_timeout=2s");
        info.setProperty("socketTimeout", "7");
        try (var connection = new LedgerDriver().connect(url() + "?options=-c%20work_mem=5MB&socketTimeout=9", info)) {
            assertEquals("5MB", setting(connection, "work_mem"));
            assertEquals("2s", setting(connection, "lock_timeout"));
            assertEquals("off", setting(connection, "jit"));
            assertEquals("0", setting(connection, "max_parallel_workers_per_gather"));
            assertEquals(9_000, connection.getNetworkTimeout());
        }
    }

    @Test
    void a_role_that_is_led_to_another_schema_later_still_finds_the_ledger() throws SQLException {
        migrate();
        try (var connection = migration().getConnection()) {
            assertTrue(connection.isValid(1));
        }
        server.execute("ALTER ROLE %s SET search_path = elsewhere".formatted(database));
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            statement.execute("CREATE TEMP TABLE transactions ()");
            assertTrue(
                    statement.execute("SELECT transaction_id FROM transactions"),
                    "the ledger's, not the temporary one");
        }
    }

    @Test
    void both_ends_of_a_connection_hear_of_each_other_every_minute() throws Exception {
        try (var pooled = connect("");
                var migrating = migration().getConnection()) {
            assertTrue(pooled.isValid(5) && migrating.isValid(5));
            Eventually.within(
                    PATIENCE,
                    () -> TcpTimers.at(server.port()).stream()
                                    .filter(TcpTimers.Timer::keepsAliveWithinAMinute)
                                    .count()
                            == 4,
                    () -> TcpTimers.at(server.port()).toString());
            for (Connection connection : List.of(pooled, migrating)) {
                assertEquals("60", setting(connection, "tcp_keepalives_idle"));
                assertEquals("10", setting(connection, "tcp_keepalives_interval"));
                assertEquals("3", setting(connection, "tcp_keepalives_count"));
                assertEquals("90000", setting(connection, "tcp_user_timeout"), "also while an answer is unconfirmed");
            }
        }
    }

    @Test
    void a_door_that_takes_connections_and_says_nothing_is_given_up_on_soon_however_long_answers_may_take()
            throws Exception {
        try (var door = new MuteDoor(server.port())) {
            Properties info = info("");
            info.setProperty("socketTimeout", "61");
            long start = System.nanoTime();
            assertThrows(SQLException.class, () -> new LedgerDriver().connect(throughDoor(door), info));
            assertThrows(SQLException.class, () -> migration(throughDoor(door)).getConnection());
            assertTrue(
                    System.nanoTime() - start < PATIENCE.toNanos(), "2 s each, on a machine with nothing else to do");
            Eventually.within(
                    PATIENCE, () -> door.heldOpen() == 0, () -> door.heldOpen() + " connections are left open");
            door.forward();
            try (var connection = new LedgerDriver().connect(throughDoor(door), info);
                    var migrating = migration(throughDoor(door)).getConnection()) {
                assertEquals(61_000, connection.getNetworkTimeout());
                assertEquals(0, migrating.getNetworkTimeout(), "an index takes as long as it takes");
            }
        }
    }

    @Test
    void a_database_that_cannot_keep_every_id_is_told_of_with_the_command_that_makes_one_that_can()
            throws SQLException {
        server.execute("CREATE DATABASE ascii_%s OWNER %s ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
                .formatted(database, database));
        String line =
                refusal(() -> migration("jdbc:postgresql://localhost:%d/ascii_%s".formatted(server.port(), database))
                        .getConnection());
        assertTrue(line.contains("encoding SQL_ASCII"), line);
        String command = line.substring(line.indexOf("CREATE DATABASE"), line.indexOf(", and name it"));
        server.execute(command.replace("DATABASE tallyhook ", "DATABASE made_" + database + " "));
        assertDoesNotThrow(() -> migration("jdbc:postgresql://localhost:%d/made_%s".formatted(server.port(), database))
                .getConnection()
                .close());
    }

    @Test
    void a_search_path_that_leads_away_from_the_ledger_makes_no_second_one() throws SQLException {
        migrate();
        inDatabase("CREATE SCHEMA empty AUTHORIZATION " + database);
        server.execute("ALTER ROLE %s SET search_path = empty".formatted(database));
        String line = refusal(() -> migration().getConnection());
        assertTrue(line.contains("schema public") && line.contains("SET search_path = \"public\""), line);
        assertDoesNotThrow(
                () -> migration(url() + "?currentSchema=empty").getConnection().close(), "said so");
        server.execute("ALTER ROLE %s SET search_path = nowhere".formatted(database));
        line = refusal(() -> migration().getConnection());
        assertTrue(line.contains("No schema of the search_path nowhere"), line);
    }

    @Test
    void rights_that_are_missing_and_rows_that_are_hidden_are_told_of_with_the_commands() throws SQLException {
        migrate();
        server.use("postgres");
        server.execute("CREATE ROLE other_%s LOGIN PASSWORD 'secret'".formatted(database));
        Properties info = info("");
        info.setProperty("user", "other_" + database);
        try (var connection = new LedgerDriver().connect(url(), info)) {
            String line = refusal(() -> SessionCheck.check("intake", "", connection));
            assertTrue(line.contains("GRANT INSERT ON public.transactions TO other_" + database), line);
            assertTrue(line.contains("GRANT UPDATE ON public.deliveries TO other_" + database), line);
            for (String grant : line.substring(line.indexOf("GRANT")).split("; ", -1)) {
                inDatabase(grant);
            }
            assertDoesNotThrow(() -> SessionCheck.check("intake", "", connection));
            inDatabase("ALTER TABLE transactions ENABLE ROW LEVEL SECURITY");
            line = refusal(() -> SessionCheck.check("intake", "", connection));
            assertTrue(line.contains("hides rows of public.transactions"), line);
        }
    }

    @Test
    void a_role_that_may_only_read_and_one_that_may_make_no_tables_are_told_of() throws SQLException {
        server.execute("ALTER ROLE %s SET default_transaction_read_only = on".formatted(database));
        String line = refusal(() -> migration().getConnection());
        assertTrue(line.contains("default_transaction_read_only is on by ALTER ROLE"), line);
        server.execute("ALTER ROLE %s RESET default_transaction_read_only".formatted(database));
        inDatabase("REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner");
        line = refusal(() -> migration().getConnection());
        assertTrue(line.contains("GRANT USAGE, CREATE ON SCHEMA \"public\""), line);
    }

    @Test
    void a_session_that_is_not_what_its_pool_needs_is_told_of_with_every_difference() throws SQLException {
        migrate();
        try (var connection = connect("-c lock_timeout=3s")) {
            String line = refusal(() -> SessionCheck.check(
                    "intake", "-c lock_timeout=100ms -c statement_timeout=60s -c enable_seqscan=off", connection));
            assertTrue(line.contains("lock_timeout = '3s' instead of '100ms' (by client)"), line);
            assertTrue(line.contains("statement_timeout = '0' instead of '60s'"), line);
            assertTrue(line.contains("enable_seqscan = 'on' instead of 'off'"), line);
            assertEquals(1, line.lines().count());
        }
    }

    /** Such as one behind a PgBouncer whose connect_query is of an earlier version. */
    @Test
    void a_session_that_waits_for_an_answer_to_be_confirmed_as_long_as_tcp_does_is_none_to_refuse()
            throws SQLException {
        migrate();
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            statement.execute("SET tcp_user_timeout = 0");
            assertDoesNotThrow(() -> SessionCheck.check("intake", "", connection));
            statement.execute("SET tcp_user_timeout = 1");
            String line = refusal(() -> SessionCheck.check("intake", "", connection));
            assertTrue(line.contains("tcp_user_timeout = '1' instead of '90000'"), line);
        }
    }

    private void migrate() throws SQLException {
        server.use(database);
        server.migrateTo("latest");
        for (String table : List.of(
                "transactions",
                "events",
                "requests",
                "conflicts",
                "holds",
                "stretches",
                "postings",
                "late_postings",
                "strays",
                "gone",
                "archives",
                "keeping",
                "activity",
                "source_activity",
                "endpoints",
                "deliveries",
                "dead_letters",
                "attempts",
                "replays",
                "flyway_schema_history")) {
            server.execute("ALTER TABLE %s OWNER TO %s".formatted(table, database));
        }
        server.use("postgres");
    }

    private void inDatabase(String sql) throws SQLException {
        server.use(database);
        server.execute(sql);
        server.use("postgres");
    }

    private String url() {
        return "jdbc:postgresql://localhost:%d/%s".formatted(server.port(), database);
    }

    private String throughDoor(MuteDoor door) {
        return "jdbc:postgresql://localhost:%d/%s?sslmode=disable".formatted(door.port(), database);
    }

    private Properties info(String options) {
        var info = new Properties();
        info.setProperty("user", database);
        info.setProperty("password", "secret");
        info.setProperty("connectTimeout", "5");
        info.setProperty("options", options);
        return info;
    }

    private Connection connect(String options) throws SQLException {
        return new LedgerDriver().connect(url(), info(options));
    }

    private DataSource migration() {
        return migration(url());
    }

    private DataSource migration(String url) {
        FluentConfiguration flyway = Flyway.configure().dataSource(url, database, "secret");
        MigrationSessions.giveTo(flyway);
        return flyway.getDataSource();
    }

    private static String setting(Connection connection, String name) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT current_setting('%s')".formatted(name))) {
            row.next();
            return row.getString(1);
        }
    }

    private static String refusal(org.junit.jupiter.api.function.Executable refused) {
        return assertThrows(ConfigurationException.class, refused).getMessage();
    }
}
