package dev.tallyhook.intake;

import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.source.Unmapped;
import io.quarkus.runtime.QuarkusApplication;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * {@code map-again [source]}: maps once more what could not be mapped when it came in, by the settings and the version of now, from
 * the bytes that were kept. It takes no webhooks and finishes nothing, and may run beside replicas that do. It fills in what is missing
 * and changes nothing that is there. What it is broken off in stays as it was, and it may run again.
 */
public final class MapAgain implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "map-again";

    /** Why a row stays as it is, beside the reasons of {@link Unmapped}. */
    private static final String NOT_CONFIGURED = "source_not_configured";

    private static final String OTHER_IDENTITY = "other_identity";
    private static final String STORED_AGAIN = "stored_again";
    private static final String CONTRADICTS = "contradicts_what_is_stored";

    private static final int BATCH = 200;

    /** Requests are as large as 1 MiB or more, so only a few are in memory at a time. */
    private static final int FETCH = 8;

    /** Of the requests that were read last: those of one delivery stand near each other. */
    private static final int READ_MAX = 16;

    private static final Duration TELL_PERIOD = Duration.ofSeconds(1);

    /** No reader waits for this session, which reads all of a ledger; so it has more time than readers have, for its statements and its locks. */
    private static final String PATIENTLY =
            "SET statement_timeout = '10min'; SET lock_timeout = '1min'; SET idle_in_transaction_session_timeout = '10min'";

    private static final int PATIENCE_MILLIS = 11 * 60 * 1_000;

    private static final String COUNT =
            "SELECT count(*) FROM transactions WHERE unmapped IS NOT NULL AND (source = ? OR ?::text IS NULL)";

    private static final String SELECT = """
            SELECT created_at, transactions.transaction_id, source, keeper.transaction_id, source_account, destination_account, amount,
                   currency, type, subject, occurred_at, unmapped, event.amount_sent, event.amount_unit, keeper.raw
            FROM transactions
            JOIN events AS event ON event.transaction_id = transactions.transaction_id
            JOIN events AS keeper ON keeper.transaction_id = coalesce(event.raw_of, event.transaction_id)
            WHERE unmapped IS NOT NULL
              AND (source = ? OR ?::text IS NULL)
              AND (created_at, transactions.transaction_id) > (?, ?)
            ORDER BY created_at, transactions.transaction_id
            LIMIT ?
            """;

    private static final String IS_STORED = "SELECT FROM transactions WHERE transaction_id = ?";

    /** Both rows of each, by one statement. */
    private static final String UPDATE = """
            WITH now AS MATERIALIZED (
                SELECT *
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[], ?::text[], ?::timestamptz[],
                        ?::text[], ?::text[], ?::text[])
                    AS now (transaction_id, source_account, destination_account, amount, currency, type, subject, occurred_at,
                        unmapped, amount_sent, amount_unit)),
            event AS (
                UPDATE events
                SET amount_sent = now.amount_sent, amount_unit = now.amount_unit::"char"
                FROM now
                WHERE events.transaction_id = now.transaction_id)
            UPDATE transactions
            SET source_account = now.source_account, destination_account = now.destination_account, amount = now.amount,
                currency = now.currency, type = now.type, subject = now.subject, occurred_at = now.occurred_at,
                unmapped = now.unmapped
            FROM now
            WHERE transactions.transaction_id = now.transaction_id
              AND transactions.unmapped IS NOT NULL
            """;

    private final DataSource dataSource;
    private final Sources sources;
    private final Map<String, Integer> reasons = new TreeMap<>();
    private final Map<String, List<Webhook>> read = new LinkedHashMap<>();
    private int seen;
    private int mapped;
    private int changed;

    MapAgain(DataSource dataSource, Sources sources) {
        this.dataSource = dataSource;
        this.sources = sources;
    }

    /** How far it has come. */
    private record Place(OffsetDateTime at, String id) {

        static final Place BEGINNING = new Place(OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), "");
    }

    @Override
    public int run(String... arguments) throws SQLException {
        String only = arguments.length > 1 ? arguments[1] : null;
        if (arguments.length > 2 || (only != null && sources.find(only).isEmpty())) {
            System.err.println("Usage: " + NAME + " [source], where source is one that is configured: "
                    + String.join(", ", sources.all().stream().map(Source::name).toList()));
            return 2;
        }
        try (Connection connection = dataSource.getConnection()) {
            beginPatiently(connection);
            mapAll(connection, only);
            connection.setAutoCommit(true);
        }
        return 0;
    }

    private static void beginPatiently(Connection connection) throws SQLException {
        connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
        try (Statement set = connection.createStatement()) {
            set.execute(PATIENTLY);
        }
        connection.setAutoCommit(false);
    }

    private void mapAll(Connection connection, @Nullable String only) throws SQLException {
        long total = count(connection, only);
        Place place = Place.BEGINNING;
        long told = System.nanoTime();
        while (place != null) {
            List<KeptEvent> changes = new ArrayList<>();
            place = look(connection, only, place, changes);
            write(connection, changes);
            connection.commit();
            if (System.nanoTime() - told > TELL_PERIOD.toNanos()) {
                told = System.nanoTime();
                tell(total);
            }
        }
        tell(total);
    }

    private void tell(long total) {
        System.out.printf(
                "%d of %d looked at: %d mapped in full, %d changed, not mapped: %s%n",
                seen, total, mapped, changed, reasons.isEmpty() ? "none" : reasons);
    }

    private static long count(Connection connection, @Nullable String only) throws SQLException {
        try (PreparedStatement count = connection.prepareStatement(COUNT)) {
            count.setString(1, only);
            count.setString(2, only);
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Looks at the rows behind that place. The place of the last of them; null if there are no more. */
    private @Nullable Place look(Connection connection, @Nullable String only, Place after, List<KeptEvent> changes)
            throws SQLException {
        Place last = null;
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setFetchSize(FETCH);
            select.setString(1, only);
            select.setString(2, only);
            select.setObject(3, after.at());
            select.setString(4, after.id());
            select.setInt(5, BATCH);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    last = new Place(row.getObject(1, OffsetDateTime.class), row.getString(2));
                    KeptEvent kept = kept(row);
                    KeptEvent now = map(connection, kept, row);
                    if (!now.equals(kept)) {
                        changes.add(now);
                    }
                }
            }
        }
        return last;
    }

    private static KeptEvent kept(ResultSet row) throws SQLException {
        OffsetDateTime occurredAt = row.getObject(11, OffsetDateTime.class);
        return new KeptEvent(
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getBigDecimal(7),
                row.getString(8),
                row.getString(9),
                row.getString(10),
                occurredAt == null ? null : occurredAt.toInstant(),
                row.getString(12),
                row.getString(13),
                row.getString(14));
    }

    /** The event with what is known of it now; itself if that is no more. */
    private KeptEvent map(Connection connection, KeptEvent kept, ResultSet row) throws SQLException {
        seen++;
        Optional<Source> source = sources.find(kept.source());
        if (source.isEmpty()) {
            return stays(kept, NOT_CONFIGURED);
        }
        List<Webhook> told = read.get(kept.keeper());
        if (told == null) {
            told = SourceWebhooks.of(source.get(), RawDelivery.restore(row.getBytes(15)), null);
            remember(kept.keeper(), told);
        }
        Optional<Webhook> itself = told.stream()
                .filter(webhook -> webhook.transactionId().equals(kept.transactionId()))
                .findFirst();
        boolean isAlone = told.size() == 1 && kept.keeper().equals(kept.transactionId());
        Webhook now = itself.orElse(isAlone ? told.get(0) : null);
        EventRow event = now == null ? null : now.event();
        if (now == null || event == null) {
            return stays(kept, OTHER_IDENTITY);
        }
        if (kept.isContradictedBy(now, event)) {
            return stays(kept, CONTRADICTS);
        }
        if (itself.isEmpty() && isStored(connection, now.transactionId())) {
            return stays(kept, STORED_AGAIN);
        }
        // Its id tells nobody which event it is, and stays: a retry may come to be stored beside it, so it is marked
        // for that.
        String reason = itself.isEmpty() ? Unmapped.NO_IDENTITY.code() : event.unmapped();
        return becomes(kept, kept.filledFrom(now, event, reason));
    }

    private void remember(String keeper, List<Webhook> told) {
        if (read.size() >= READ_MAX) {
            read.clear();
        }
        read.put(keeper, told);
    }

    private KeptEvent stays(KeptEvent kept, String why) {
        reasons.merge(why, 1, Integer::sum);
        return kept;
    }

    private KeptEvent becomes(KeptEvent kept, KeptEvent now) {
        if (now.unmapped() == null) {
            mapped++;
        } else {
            reasons.merge(now.unmapped(), 1, Integer::sum);
        }
        changed += now.equals(kept) ? 0 : 1;
        return now;
    }

    private static boolean isStored(Connection connection, String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(IS_STORED)) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private static void write(Connection connection, List<KeptEvent> changes) throws SQLException {
        if (changes.isEmpty()) {
            return;
        }
        try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
            bind(update, 1, "text", changes, KeptEvent::transactionId);
            bind(update, 2, "text", changes, KeptEvent::sourceAccount);
            bind(update, 3, "text", changes, KeptEvent::destinationAccount);
            bind(update, 4, "numeric", changes, KeptEvent::amount);
            bind(update, 5, "text", changes, KeptEvent::currency);
            bind(update, 6, "text", changes, KeptEvent::type);
            bind(update, 7, "text", changes, KeptEvent::subject);
            bind(update, 8, "timestamptz", changes, event -> utc(event.occurredAt()));
            bind(update, 9, "text", changes, KeptEvent::unmapped);
            bind(update, 10, "text", changes, KeptEvent::amountSent);
            bind(update, 11, "text", changes, KeptEvent::amountUnit);
            update.executeUpdate();
        }
    }

    private static @Nullable OffsetDateTime utc(@Nullable Instant time) {
        return time == null ? null : time.atOffset(ZoneOffset.UTC);
    }

    private static void bind(
            PreparedStatement update,
            int place,
            String type,
            List<KeptEvent> changes,
            Function<KeptEvent, @Nullable Object> value)
            throws SQLException {
        Object[] values = changes.stream().map(value).toArray();
        update.setArray(place, update.getConnection().createArrayOf(type, values));
    }
}
