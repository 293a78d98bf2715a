package dev.tallyhook.intake;

import dev.tallyhook.transaction.Columns;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
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
    private static final String PATIENTLY =
            "SET statement_timeout = '10min'; SET lock_timeout = '1min'; SET idle_in_transaction_session_timeout = '10min'";

    private static final int PATIENCE_MILLIS = 11 * 60 * 1_000;

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
            FROM changed, unnest(posting_keys(source_account, destination_account, source, type, subject)) AS key
            """;

    private final Connection connection;
    private final @Nullable String only;
    private @Nullable Place place = Place.BEGINNING;

    private KeptEvents(Connection connection, @Nullable String only) {
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

    /** Looks at events, one by one. */
    interface Visitor {
        void visit(KeptEvent event, Raw raw) throws SQLException;
    }

    /**
     * Of one source, or of all.
     *
     * @param connection which it has for itself until {@link #end}
     */
    static KeptEvents unmapped(Connection connection, @Nullable String only) throws SQLException {
        connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
        try (Statement set = connection.createStatement()) {
            set.execute(PATIENTLY);
        }
        connection.setAutoCommit(false);
        return new KeptEvents(connection, only);
    }

    /** How many there are. */
    long count() throws SQLException {
        try (PreparedStatement count = connection.prepareStatement(COUNT)) {
            count.setString(1, only);
            count.setString(2, only);
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Whether there may be more. */
    boolean hasMore() {
        return place != null;
    }

    /** Shows the next ones. */
    void readNext(Visitor visitor) throws SQLException {
        Place after = Objects.requireNonNull(place, "there are no more");
        place = null;
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
                    visitor.visit(event(row), () -> RawRequests.read(row, 15));
                }
            }
        }
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

    /** Writes those that have changed, and commits. */
    void write(List<KeptEvent> changes) throws SQLException {
        if (!changes.isEmpty()) {
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
        connection.commit();
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

    /** Nothing more is read or written. */
    void end() throws SQLException {
        connection.setAutoCommit(true);
    }
}
