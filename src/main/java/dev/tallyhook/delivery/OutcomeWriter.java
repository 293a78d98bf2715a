package dev.tallyhook.delivery;

import dev.tallyhook.transaction.Columns;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes down what has come of parcels, of many by one statement: their rows go, what was not tried comes back as a row with the rest,
 * and what failed as a row of its own, or as a dead letter. A row that is not this replica's any more, because its lease is over, is left
 * to whoever has it now. To lose some of this in a crash only repeats messages, so nobody waits for the disk.
 */
@Singleton
class OutcomeWriter {

    static final String SETTLE = """
            WITH done AS (
                DELETE FROM deliveries
                USING unnest(?::bigint[], ?::timestamptz[]) AS parcel (id, lease)
                WHERE delivery_id = parcel.id
                  AND leased_until = parcel.lease
                  AND set_config('synchronous_commit', 'off', true) IS NOT NULL
                RETURNING delivery_id, endpoint_id, event, replay, next_at, attempts, failed_at),
            returned AS (
                INSERT INTO deliveries (endpoint_id, event, ids, replay, next_at, attempts, failed_at)
                SELECT endpoint_id, event, array_agg(id), replay, next_at, attempts, failed_at
                FROM unnest(?::bigint[], ?::text[]) AS rest (delivery_id, id) JOIN done USING (delivery_id)
                GROUP BY delivery_id, endpoint_id, event, replay, next_at, attempts, failed_at),
            failed AS (
                SELECT done.*, failure.*
                FROM unnest(?::bigint[], ?::text[], ?::int[], ?::bigint[], ?::text[], ?::int[], ?::text[])
                        AS failure (delivery, id, tries, wait, outcome, status, answer)
                    JOIN done ON delivery_id = delivery),
            again AS (
                INSERT INTO deliveries (endpoint_id, event, ids, replay, next_at, attempts, failed_at)
                SELECT endpoint_id, event, ARRAY[id], replay, clock_timestamp() + wait * interval '1 microsecond', tries,
                       CASE WHEN tries > 0 THEN coalesce(failed_at, clock_timestamp()) END
                FROM failed
                WHERE wait IS NOT NULL)
            INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome, status, answer)
            SELECT endpoint_id, event, id, tries, coalesce(failed_at, clock_timestamp()), outcome, nullif(status, 0), answer
            FROM failed
            WHERE wait IS NULL
            """;

    /** A failure of a parcel. */
    private record Failed(Parcel parcel, Parcel.Failure failure) {}

    /** Something of a parcel that was not tried. */
    private record Rest(Parcel parcel, String id) {}

    /**
     * Writes it down.
     *
     * @return how many are dead letters now
     */
    int settle(Connection connection, List<Parcel> parcels) throws SQLException {
        List<Rest> rest = new ArrayList<>();
        List<Failed> failed = new ArrayList<>();
        for (Parcel parcel : parcels) {
            parcel.returned().forEach(id -> rest.add(new Rest(parcel, id)));
            parcel.failures().forEach(failure -> failed.add(new Failed(parcel, failure)));
        }
        try (PreparedStatement settle = connection.prepareStatement(SETTLE)) {
            var columns = new Binding(settle);
            columns.add("bigint", parcels, Parcel::deliveryId);
            columns.add("timestamptz", parcels, parcel -> parcel.leasedUntil().toString());
            columns.add("bigint", rest, one -> one.parcel().deliveryId());
            columns.add("text", rest, Rest::id);
            columns.add("bigint", failed, one -> one.parcel().deliveryId());
            columns.add("text", failed, one -> one.failure().id());
            columns.add("int", failed, one -> one.failure().attempts());
            columns.add("bigint", failed, one -> micros(one.failure().retryIn()));
            columns.add("text", failed, one -> one.failure().attempt().outcome().name());
            columns.add("int", failed, one -> one.failure().attempt().status());
            columns.add("text", failed, one -> one.failure().attempt().answer());
            return settle.executeUpdate();
        }
    }

    private static @Nullable Long micros(@Nullable Duration wait) {
        return wait == null ? null : Objects.requireNonNull(wait).toNanos() / 1_000;
    }

    /** Binds one array after the other. */
    private static final class Binding {

        private final PreparedStatement statement;
        private int next = 1;

        Binding(PreparedStatement statement) {
            this.statement = statement;
        }

        <T> void add(String type, List<T> rows, Function<T, @Nullable Object> value) throws SQLException {
            statement.setArray(next++, Columns.of(statement.getConnection(), type, rows, value));
        }
    }
}
