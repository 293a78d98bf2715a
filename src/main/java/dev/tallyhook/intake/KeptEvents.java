package dev.tallyhook.intake;

import dev.tallyhook.transaction.Columns;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The events that are marked as not mapped in full, the first stored first, read piece by piece and written together. */
final class KeptEvents {

    /** What is read, and written in one transaction. */
    private static final int PIECE = 200;

    /** Requests are as large as 1 MiB or more, so only a few are in memory at a time. */
    private static final int FETCH = 8;

    /** No reader waits for this session, which reads all of a ledger; so it has more time than readers have, for its statements and its locks. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** For one transaction alone, as {@link Patiently} says the rest: behind a pooler the session goes on as somebody else's. */
    private static final String PATIENTLY =
            "SELECT set_config('lock_timeout', '1min', true), set_config('idle_in_transaction_session_timeout', '10min', true)";

    private static final String COUNT =
            "SELECT count(*) FROM transactions WHERE unmapped IS NOT NULL AND (source = ? OR ?::text IS NULL)";

    private static final String SELECT = """
            SELECT created_at, transactions.transaction_id, source, source_account, destination_account, amount, currency, type, subject,
                   occurred_at, unmapped, coalesce(transactions.amount_sent, event.amount_sent),
                   coalesce(transactions.amount_unit, event.amount_unit),
                   coalesce(request::text || '/' || request_place, keeper.transaction_id),\s""" + RawRequests.COLUMNS + " FROM transactions " + RawRequests.JOINED + """
            WHERE unmapped IS NOT NULL
              AND (source = ? OR ?::text IS NULL)
              AND (created_at, transactions.transaction_id) > (?, ?)
            ORDER BY created_at, transactions.transaction_id
            LIMIT ?
            """;

    private static final String IS_STORED = "SELECT FROM transactions WHERE transaction_id = ?";

    /** Whose request brought nobody else. Of one commit, all have the same time. */
    private static final String IS_ALONE = """
            SELECT NOT EXISTS (
                    SELECT FROM transactions AS one JOIN transactions AS other USING (created_at, request, request_place)
                    WHERE one.transaction_id = ?
                      AND other.transaction_id <> one.transaction_id)
                AND NOT EXISTS (SELECT FROM events WHERE transaction_id = ? AND raw_of IS NOT NULL)
            """;

    /** As whoever changes stretches does, so that nobody merges them meanwhile by what they were. */
    private static final String LOCK_STRETCHES = "SELECT pg_advisory_xact_lock('stretches'::regclass::oid::bigint)";

    /** So that lists by the provider's clock look into the stretches of those that have a time now. */
    private static final String WIDEN_STRETCHES = """
            UPDATE stretches
            SET first_occurred = least(first_occurred, first), last_occurred = greatest(last_occurred, last)
            FROM (
                SELECT stretch.until, min(now.occurred_at) AS first, max(now.occurred_at) AS last
                FROM unnest(?::text[], ?::timestamptz[]) AS now (transaction_id, occurred_at)
                JOIN transactions ON transactions.transaction_id = now.transaction_id
                CROSS JOIN LATERAL (
                    SELECT until FROM stretches WHERE until > created_at ORDER BY until LIMIT 1) AS stretch
                GROUP BY stretch.until) AS changed
            WHERE stretches.until = changed.until
              AND (first_occurred > first OR last_occurred < last)
            """;

    /** What it can be found by may be another now. */
    private static final String UPDATE = """
            WITH changed AS (
                UPDATE transactions
                SET source_account = now.source_account, destination_account = now.destination_account, amount = now.amount,
                    currency = now.currency, type = now.type, subject = now.subject, occurred_at = now.occurred_at,
                    unmapped = now.unmapped, amount_sent = now.amount_sent, amount_unit = now.amount_unit::"char"
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[], ?::text[], ?::timestamptz[],
                        ?::text[], ?::text[], ?::text[])
                    AS now (transaction_id, source_account, destination_account, amount, currency, type, subject, occurred_at,
                        unmapped, amount_sent, amount_unit)
                WHERE transactions.transaction_id = now.transaction_id
                  AND transactions.unmapped IS NOT NULL
                RETURNING transactions.*)
            INSERT INTO late_postings (key, at, hash)
            SELECT key, created_at, hashtext(transaction_id)
            FROM changed, unnest(
                late_keys(source_account, destination_account, source, type, subject, created_at, occurred_at)) AS key
            """;

    private final Connection connection;
    private final @Nullable String only;
    private @Nullable Place place = Place.BEGINNING;

    /**
     * Of one source, or of all.
     *
     * @param connection which nobody else uses meanwhile
     * @param only null for all
     */
    KeptEvents(Connection connection, @Nullable String only) {
        this.connection = connection;
        this.only = only;
    }

    /** How far it has come. */
    private record Place(OffsetDateTime at, String id) {

        static final Place BEGINNING = new Place(OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), "");
    }

    /** The request that brought an event, if it is still kept; to be read before the next event is. */
    interface Raw {
        Optional<RawRequest> read() throws SQLException;
    }

    /** Says of events, one by one, what they are now. */
    interface Mapper {
        /** The event with what is known of it now; itself if that is no more. */
        KeptEvent map(KeptEvent event, Raw raw) throws SQLException;
    }

    /** How many there are. */
    long count() throws SQLException {
        return Patiently.commit(connection, PATIENCE, patient -> new Sql()
                .add(COUNT, only, only)
                .query(patient, row -> row.getLong(1))
                .get(0));
    }

    /** Whether there may be more. */
    boolean hasMore() {
        return place != null;
    }

    /** Shows the next ones, and writes those that have changed. */
    void mapNext(Mapper mapper) throws SQLException {
        Patiently.commit(connection, PATIENCE, patient -> {
            new Sql().add(PATIENTLY).query(patient, row -> true);
            List<KeptEvent> changes = changes(mapper);
            if (!changes.isEmpty()) {
                write(changes);
            }
            return true;
        });
    }

    private List<KeptEvent> changes(Mapper mapper) throws SQLException {
        Place after = Objects.requireNonNull(place, "there are no more");
        place = null;
        List<KeptEvent> changes = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setFetchSize(FETCH);
            select.setString(1, only);
            select.setString(2, only);
            select.setObject(3, after.at());
            select.setString(4, after.id());
            select.setInt(5, PIECE);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    place = new Place(row.getObject(1, OffsetDateTime.class), row.getString(2));
                    KeptEvent kept = event(row);
                    KeptEvent now = mapper.map(kept, () -> RawRequests.read(row, 15));
                    if (!now.equals(kept)) {
                        changes.add(now);
                    }
                }
            }
        }
        return changes;
    }

    private static KeptEvent event(ResultSet row) throws SQLException {
        return new KeptEvent(
                row.getString(2),
                row.getString(3),
                row.getString(14),
                row.getString(4),
                row.getString(5),
                row.getBigDecimal(6),
                row.getString(7),
                row.getString(8),
                row.getString(9),
                Timestamps.orNull(row, 10),
                row.getString(11),
                row.getString(12),
                row.getString(13));
    }

    /** Whether any row has that id. */
    boolean isStored(String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(IS_STORED)) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    /** Whether the request that brought an event brought no other. */
    boolean isAlone(KeptEvent event) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(IS_ALONE)) {
            select.setString(1, event.transactionId());
            select.setString(2, event.transactionId());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private void write(List<KeptEvent> changes) throws SQLException {
        List<KeptEvent> dated =
                changes.stream().filter(event -> event.occurredAt() != null).toList();
        if (!dated.isEmpty()) {
            new Sql().add(LOCK_STRETCHES).query(connection, row -> true);
            try (PreparedStatement widen = connection.prepareStatement(WIDEN_STRETCHES)) {
                bind(widen, 1, "text", dated, KeptEvent::transactionId);
                bind(widen, 2, "timestamptz", dated, KeptEvent::occurredAt);
                widen.executeUpdate();
            }
        }
        try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
            bind(update, 1, "text", changes, KeptEvent::transactionId);
            bind(update, 2, "text", changes, KeptEvent::sourceAccount);
            bind(update, 3, "text", changes, KeptEvent::destinationAccount);
            bind(update, 4, "numeric", changes, KeptEvent::amount);
            bind(update, 5, "text", changes, KeptEvent::currency);
            bind(update, 6, "text", changes, KeptEvent::type);
            bind(update, 7, "text", changes, KeptEvent::subject);
            bind(update, 8, "timestamptz", changes, KeptEvent::occurredAt);
            bind(update, 9, "text", changes, KeptEvent::unmapped);
            bind(update, 10, "text", changes, KeptEvent::amountSent);
            bind(update, 11, "text", changes, KeptEvent::amountUnit);
            update.executeUpdate();
        }
    }

    private static void bind(
            PreparedStatement update,
            int place,
            String type,
            List<KeptEvent> changes,
            Function<KeptEvent, @Nullable Object> value)
            throws SQLException {
        update.setArray(place, Columns.of(update.getConnection(), type, changes, value));
    }
}
