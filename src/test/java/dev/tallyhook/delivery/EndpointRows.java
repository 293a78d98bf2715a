package dev.tallyhook.delivery;

import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;

/** Rows of endpoints that nobody tells anything, because they are paused, and what stands in the tables about them. */
final class EndpointRows {

    private static final int AT_ONCE = 50_000;

    private final DataSource dataSource;

    EndpointRows(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    static String newId() {
        return "ep_" + UUID.randomUUID().toString().replace("-", "");
    }

    String paused() {
        return paused("");
    }

    /** @param filters such as {@code currencies = '{EUR}'} */
    String paused(String filters) {
        String id = newId();
        execute("INSERT INTO endpoints (endpoint_id, url, state, events, signature, sealed_secrets) VALUES ('" + id
                + "', 'https://127.0.0.1/', 'PAUSED', '{transaction.processed}', 'v1', '\\x00')");
        if (!filters.isEmpty()) {
            execute("UPDATE endpoints SET " + filters + " WHERE endpoint_id = '" + id + "'");
        }
        return id;
    }

    /** Finished transactions, one each second from there on, whose ids are {@code prefix}, an underscore and a number from 1 on. */
    void finished(String prefix, String from, int count) {
        finished(prefix, from, "1 second", count);
    }

    /** In some statements, because what comes with a time that has passed is posted row by row. */
    void finished(String prefix, String from, String apart, int count) {
        for (int first = 1; first <= count; first += AT_ONCE) {
            finished(prefix, from, apart, first, Math.min(count, first + AT_ONCE - 1));
        }
    }

    private void finished(String prefix, String from, String apart, int first, int last) {
        execute(
                "INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, status,"
                        + " created_at, due_at, processed_at) SELECT '" + prefix
                        + "_' || i, 'from_' || i % 2, 'to_' || i % 5, i,"
                        + " CASE WHEN i % 4 = 0 THEN 'EUR' ELSE 'INR' END, 'PROCESSED', at, at, at FROM (SELECT i, timestamptz '"
                        + from + "' + (i - 1) * interval '" + apart + "' AS at FROM generate_series(" + first + ", "
                        + last + ") AS i) AS rows");
    }

    void deadLetters(String endpointId, int count) {
        execute("INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, last_failed_at, outcome,"
                + " status, answer) SELECT '" + endpointId
                + "', 'p', 'letter_' || i, 10, now() - interval '5 days', now() -"
                + " interval '1 hour' + i * interval '1 millisecond', 'REFUSED', 500, 'no' FROM generate_series(1, "
                + count
                + ") AS i");
    }

    void execute(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    long number(String sql) {
        return Long.parseLong(text(sql));
    }

    /** The first column of all rows, a line each. */
    String text(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            var lines = new StringBuilder();
            while (rows.next()) {
                lines.append(lines.isEmpty() ? "" : "\n").append(rows.getString(1));
            }
            return lines.toString();
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
