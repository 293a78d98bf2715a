package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.endpoint.TellingConfig;
import dev.tallyhook.transaction.Columns;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/** What endpoints are still to be told, and the one statement that claims some of it for this replica. */
@Singleton
class Queue {

    /** A floor below every row; pgjdbc writes it as {@code -infinity}. */
    static final OffsetDateTime FROM_THE_BEGINNING = OffsetDateTime.MIN;

    /** A lease is so much longer than an attempt may take: what is not begun soon is given back, and outcomes have time to be written. */
    private static final Duration MARGIN = Duration.ofSeconds(5);

    /**
     * Each endpoint's rows are looked for apart, so that no number of them stands in the way of another's. The claim need not survive a
     * crash: without it the rows are claimed again, as they are when the lease is over.
     */
    static final String CLAIM = """
            WITH claimed AS MATERIALIZED (
                SELECT delivery_id
                FROM unnest(?::text[], ?::boolean[], ?::int[], ?::timestamptz[]) AS wanted (endpoint_id, replay, room, floor)
                JOIN endpoints AS e ON e.endpoint_id = wanted.endpoint_id AND e.state = 'ENABLED'
                CROSS JOIN LATERAL (
                    SELECT delivery_id
                    FROM deliveries AS d
                    WHERE d.endpoint_id = wanted.endpoint_id
                      AND d.replay = wanted.replay
                      AND d.next_at <= now()
                      AND d.next_at > wanted.floor
                      AND (d.leased_until IS NULL OR d.leased_until < now())
                    ORDER BY d.next_at
                    LIMIT wanted.room
                    FOR UPDATE SKIP LOCKED) AS next)
            UPDATE deliveries
            SET leased_until = clock_timestamp() + ? * interval '1 millisecond'
            WHERE delivery_id = ANY (ARRAY (SELECT delivery_id FROM claimed))
              AND set_config('synchronous_commit', 'off', true) IS NOT NULL
            RETURNING delivery_id, endpoint_id, event, ids, replay, attempts, leased_until, next_at, clock_timestamp()
            """;

    private final long leaseMillis;
    private final LedgerClock clock;

    Queue(TellingConfig config, LedgerClock clock) {
        this.leaseMillis = config.timeout().plus(MARGIN).toMillis();
        this.clock = clock;
    }

    /**
     * What is wanted of one endpoint's rows.
     *
     * @param replay whether those that are sent again are meant, or the others
     * @param room how many rows at most
     * @param floor rows that were to be told until then are not looked at
     */
    record Want(String endpointId, boolean replay, int room, OffsetDateTime floor) {

        boolean isFromTheBeginning() {
            return floor.equals(FROM_THE_BEGINNING);
        }
    }

    /** What time it is by the database's clock, which a claim says only with a row. */
    Instant readClock(Connection connection) throws SQLException {
        Instant now = new Sql()
                .add("SELECT clock_timestamp()")
                .query(connection, row -> Timestamps.of(row, 1))
                .get(0);
        clock.read(now, System.nanoTime());
        return now;
    }

    /** Claims what is wanted and may be told. */
    List<Parcel> claim(Connection connection, List<Want> wants) throws SQLException {
        long nanos = System.nanoTime();
        try (PreparedStatement claim = connection.prepareStatement(CLAIM)) {
            claim.setArray(1, Columns.of(connection, "text", wants, Want::endpointId));
            claim.setArray(2, Columns.of(connection, "boolean", wants, Want::replay));
            claim.setArray(3, Columns.of(connection, "int", wants, Want::room));
            claim.setArray(4, Columns.of(connection, "timestamptz", wants, Queue::text));
            claim.setLong(5, leaseMillis);
            List<Parcel> claimed = new ArrayList<>();
            try (ResultSet rows = claim.executeQuery()) {
                while (rows.next()) {
                    claimed.add(read(rows, nanos));
                }
            }
            return claimed;
        }
    }

    private Parcel read(ResultSet row, long nanos) throws SQLException {
        clock.read(row.getObject(9, OffsetDateTime.class).toInstant(), System.nanoTime());
        return new Parcel(
                row.getLong(1),
                row.getString(2),
                EventKind.ofCode(row.getString(3)),
                List.of((String[]) row.getArray(4).getArray()),
                row.getBoolean(5),
                row.getObject(8, OffsetDateTime.class),
                row.getInt(6),
                row.getObject(7, OffsetDateTime.class),
                nanos);
    }

    private static String text(Want want) {
        return want.isFromTheBeginning() ? "-infinity" : want.floor().toString();
    }
}
