package dev.tallyhook.bench;

import java.sql.SQLException;
import org.HdrHistogram.Histogram;

/** How late transactions were finished: {@code processed_at - due_at}, by the database's clock, in microseconds. */
record Lateness(Histogram histogram) {

    private static final String LATENESS =
            """
            SELECT (extract(epoch FROM processed_at - due_at) * 1000000)::bigint
            FROM %s
            WHERE status = 'PROCESSED'
            """;

    static Lateness of(Database database) throws SQLException {
        return of(database, "transactions");
    }

    static Lateness of(Database database, String table) throws SQLException {
        var histogram = new Histogram(3_600_000_000L, 3);
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(LATENESS.formatted(table))) {
            while (rows.next()) {
                histogram.recordValue(Math.min(rows.getLong(1), histogram.getHighestTrackableValue()));
            }
        }
        return new Lateness(histogram);
    }

    double millis(double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e3;
    }

    double maxMillis() {
        return histogram.getMaxValue() / 1e3;
    }
}
