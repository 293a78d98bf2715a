package dev.tallyhook.endpoint;

import dev.tallyhook.transaction.Timestamps;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table.
 *
 * @param sealedSecrets null if its secrets are in the configuration
 * @param isConfigured whether its settings are
 * @param retryAt null if it may be tried
 * @param readAt by the database's clock
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
record EndpointRow(
        String id,
        EndpointSettings settings,
        EndpointState state,
        @Nullable String disabledBecause,
        @Nullable Instant disabledAt,
        SignatureVersion version,
        byte @Nullable [] sealedSecrets,
        boolean isConfigured,
        Instant createdAt,
        Instant changedAt,
        @Nullable Instant failingSince,
        int failures,
        @Nullable Instant retryAt,
        @Nullable Instant deliveredAt,
        Instant readAt) {

    /** Of a statement that reads them, in this order. */
    static final String COLUMNS = """
            endpoint_id, url, description, events, sources, types, currencies, accounts, amount_min,
            state, disabled_because, disabled_at, signature, sealed_secrets, configured_at IS NOT NULL,
            created_at, changed_at, failing_since, failures, CASE WHEN retry_at > now() THEN retry_at END, delivered_at, clock_timestamp()""";

    static EndpointRow of(ResultSet row) throws SQLException {
        var settings = new EndpointSettings(
                row.getString(2),
                row.getString(3),
                Objects.requireNonNull(texts(row, 4)),
                texts(row, 5),
                texts(row, 6),
                texts(row, 7),
                texts(row, 8),
                row.getBigDecimal(9));
        return new EndpointRow(
                row.getString(1),
                settings,
                EndpointState.valueOf(row.getString(10)),
                row.getString(11),
                Timestamps.orNull(row, 12),
                SignatureVersion.of(row.getString(13)).orElseThrow(),
                row.getBytes(14),
                row.getBoolean(15),
                Timestamps.of(row, 16),
                Timestamps.of(row, 17),
                Timestamps.orNull(row, 18),
                row.getInt(19),
                Timestamps.orNull(row, 20),
                Timestamps.orNull(row, 21),
                Timestamps.of(row, 22));
    }

    /** Of an array that may be null. */
    static @Nullable List<String> texts(ResultSet row, int column) throws SQLException {
        Array array = row.getArray(column);
        return array == null ? null : Arrays.asList((String[]) array.getArray());
    }
}
