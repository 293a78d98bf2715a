package dev.tallyhook.delivery;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.StringJoiner;

/** The tables of telling beside those of the service, in a schema of their own: its courier does not come to them. */
final class QueueBeside implements AutoCloseable {

    private static final String TABLES = """
            DROP SCHEMA IF EXISTS beside CASCADE;
            CREATE SCHEMA beside;
            CREATE TABLE beside.endpoints (LIKE public.endpoints INCLUDING ALL);
            CREATE TABLE beside.deliveries (LIKE public.deliveries INCLUDING ALL);
            CREATE TABLE beside.dead_letters (LIKE public.dead_letters INCLUDING ALL)
            """;

    private final String url;
    private final String options;
    private final Connection connection;

    /** @param options of the sessions of the pool, because plans depend on them */
    QueueBeside(String url, String options) throws SQLException {
        this.url = url;
        this.options = options + " -c search_path=beside,public";
        this.connection = connect();
        execute(TABLES);
    }

    /** To be closed by whoever asks for it. */
    Connection connect() throws SQLException {
        var properties = new Properties();
        properties.put("user", "postgres");
        properties.put("options", options);
        return DriverManager.getConnection(url, properties);
    }

    /** The one that this has itself. */
    Connection connection() {
        return connection;
    }

    void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows of the answer, with bars between columns. */
    List<String> rows(String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            List<String> read = new ArrayList<>();
            while (rows.next()) {
                var columns = new StringJoiner("|");
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    columns.add(String.valueOf(rows.getString(i)));
                }
                read.add(columns.toString());
            }
            return read;
        }
    }

    /** An endpoint in this state. */
    void endpoint(String id, String state) throws SQLException {
        execute("""
                INSERT INTO endpoints (
                    endpoint_id, url, state, disabled_because, disabled_at, events, signature, sealed_secrets)
                SELECT '%s', 'https://shop.example', state, because, CASE WHEN because IS NOT NULL THEN now() END,
                       ARRAY['transaction.processed'], 'v1', '\\x00'
                FROM (SELECT '%s' AS state, CASE WHEN '%2$s' = 'DISABLED' THEN 'GONE' END AS because) AS state
                """.formatted(id, state));
    }

    /**
     * A row that waits.
     *
     * @param columns further ones, with commas before them
     * @param values the same, of them
     */
    void row(String endpointId, String ids, String columns, String values) throws SQLException {
        execute("INSERT INTO deliveries (endpoint_id, event, ids%s) VALUES ('%s', 'p', '%s'%s)"
                .formatted(columns, endpointId, ids, values));
    }

    /** Numbers its placeholders, as PREPARE wants them. */
    static String numbered(String sql) {
        String numbered = sql;
        for (int i = 1; numbered.contains("?"); i++) {
            numbered = numbered.replaceFirst("\\?", "\\$" + i);
        }
        return numbered;
    }

    @Override
    public void close() throws SQLException {
        execute("DROP SCHEMA beside CASCADE");
        connection.close();
    }
}
