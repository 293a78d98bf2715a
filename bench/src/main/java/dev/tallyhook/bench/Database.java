package dev.tallyhook.bench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The PostgreSQL that everything is measured on: an embedded one, or the one that was named. */
final class Database implements AutoCloseable {

    private final String url;
    private final String user;
    private final String password;
    private final EmbeddedPostgres embedded;

    private Database(String url, String user, String password, EmbeddedPostgres embedded) {
        this.url = url;
        this.user = user;
        this.password = password;
        this.embedded = embedded;
    }

    /** An embedded server, with room for the WAL of a run, as a server in use would have. */
    static Database embedded() throws IOException {
        return embedded(EmbeddedPostgres.builder(), "1GB");
    }

    /** One whose data stay in that directory when it is closed, so that it may be started again with more memory of its own, or less. */
    static Database embedded(Path directory, String sharedBuffers) throws IOException {
        return embedded(EmbeddedPostgres.builder().setDataDirectory(directory).setCleanDataDirectory(false), sharedBuffers);
    }

    private static Database embedded(EmbeddedPostgres.Builder builder, String sharedBuffers) throws IOException {
        var server = builder
                // The library switches these off; what is measured here is durable.
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_wal_size", "8GB")
                .setServerConfig("checkpoint_timeout", "15min")
                .setServerConfig("shared_buffers", sharedBuffers)
                .setServerConfig("max_connections", "200")
                .setPGStartupWait(Duration.ofSeconds(60))
                .start();
        return new Database(server.getJdbcUrl("postgres", "postgres"), "postgres", "postgres", server);
    }

    /** A database of the user's own, which the benchmark empties. */
    static Database at(String url, String user, String password) {
        return new Database(url, user, password, null);
    }

    /** Another database on the same server, new and empty; it goes with that server, or is made anew by the next run. */
    Database beside(String name) throws SQLException {
        execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        execute("CREATE DATABASE " + name);
        return new Database(url.replaceFirst("/[^/?]+(?=\\?|$)", "/" + name), user, password, null);
    }

    Map<String, String> environment() {
        return Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", url,
                "QUARKUS_DATASOURCE_USERNAME", user,
                "QUARKUS_DATASOURCE_PASSWORD", password);
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    String url() {
        return url;
    }

    String user() {
        return user;
    }

    String password() {
        return password;
    }

    void execute(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    double number(String sql) throws SQLException {
        return Double.parseDouble(text(sql));
    }

    String text(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Sets a parameter for the sessions to come. */
    void setting(String name, String value) throws SQLException {
        execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET " + name + " TO " + value + "', current_database()); END $$");
    }

    /** Where the next byte of WAL goes, written or not. */
    double walBytes() throws SQLException {
        return number("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
    }

    /** Leaves the tables as they are when new, and the server at rest. */
    void empty() throws SQLException {
        for (String table : List.of("transactions", "conflicts", "events", "requests", "deliveries", "dead_letters", "attempts", "replays", "strays")) {
            if (text("SELECT to_regclass('" + table + "')") != null) { // An earlier version's ledger lacks some.
                execute("TRUNCATE " + table);
            }
        }
        execute("CHECKPOINT");
    }

    /** Transactions that come now, each a little after the one before it, and are due so long after. */
    void seed(int count, String delay) throws SQLException {
        execute(
                """
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, created_at, due_at)
                SELECT 'txn_' || md5(i::text), 'acc_user_' || hashint4(i) %% 500000, 'acc_merchant_' || hashint4(-i) %% 5000, 1500.50, 'INR',
                       clock_timestamp(), clock_timestamp() + interval '%s'
                FROM generate_series(1, %d) AS i
                """
                        .formatted(delay, count));
        execute("VACUUM ANALYZE transactions");
        execute("CHECKPOINT");
    }

    /** Whether some of so many that were seeded wait: the last one, or any. */
    boolean waits(int count) throws SQLException {
        String waiting = "SELECT EXISTS (SELECT FROM transactions WHERE status = 'PROCESSING'%s)::int";
        return number(waiting.formatted(" AND transaction_id = 'txn_' || md5('" + count + "')")) > 0 || number(waiting.formatted("")) > 0;
    }

    @Override
    public void close() throws IOException {
        if (embedded != null) {
            embedded.close();
        }
    }
}
