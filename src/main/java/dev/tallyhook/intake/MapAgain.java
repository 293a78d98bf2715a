package dev.tallyhook.intake;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import io.quarkus.runtime.QuarkusApplication;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * {@code map-again [source]}: maps once more what could not be mapped when it came in, by the settings and the version of now, from
 * the bytes that were kept. It takes no webhooks and finishes nothing, and may run beside replicas that do. What it is broken off
 * in stays as it was, and it may run again.
 */
public final class MapAgain implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "map-again";

    private static final int BATCH = 200;
    private static final Duration TELL_PERIOD = Duration.ofSeconds(1);

    private static final String COUNT =
            "SELECT count(*) FROM transactions WHERE unmapped IS NOT NULL AND (source = ? OR ?::text IS NULL)";

    private static final String SELECT = """
            SELECT transactions.transaction_id, created_at, source, unmapped, keeper.raw
            FROM transactions
            JOIN events AS event ON event.transaction_id = transactions.transaction_id
            JOIN events AS keeper ON keeper.transaction_id = coalesce(event.raw_of, event.transaction_id)
            WHERE unmapped IS NOT NULL
              AND (source = ? OR ?::text IS NULL)
              AND (created_at, transactions.transaction_id) > (?, ?)
            ORDER BY created_at, transactions.transaction_id
            LIMIT ?
            """;

    /** Both rows, by one statement. */
    private static final String UPDATE = """
            WITH event AS (
                UPDATE events SET amount_sent = ?, amount_unit = ?::"char" WHERE transaction_id = ?)
            UPDATE transactions
            SET source_account = ?, destination_account = ?, amount = ?, currency = ?, type = ?, subject = ?, occurred_at = ?,
                unmapped = ?
            WHERE transaction_id = ?
              AND source IS NOT NULL
            """;

    private final DataSource dataSource;
    private final Sources sources;
    private final Map<String, Integer> reasons = new TreeMap<>();
    private int seen;
    private int mapped;
    private int changed;

    MapAgain(DataSource dataSource, Sources sources) {
        this.dataSource = dataSource;
        this.sources = sources;
    }

    /** An event as it is stored. */
    private record Kept(
            String transactionId, OffsetDateTime createdAt, String source, String unmapped, Delivery delivery) {}

    @Override
    public int run(String... arguments) throws SQLException {
        String only = arguments.length > 1 ? arguments[1] : null;
        if (arguments.length > 2 || (only != null && sources.find(only).isEmpty())) {
            System.err.println("Usage: " + NAME + " [source], where source is one of "
                    + String.join(", ", sources.all().stream().map(Source::name).toList()));
            return 2;
        }
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                mapAll(connection, only);
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
        return 0;
    }

    private void mapAll(Connection connection, @Nullable String only) throws SQLException {
        long total = count(connection, only);
        OffsetDateTime at = OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
        String id = "";
        long told = System.nanoTime();
        while (true) {
            List<Kept> batch = select(connection, only, at, id);
            if (batch.isEmpty()) {
                break;
            }
            for (Kept kept : batch) {
                mapOne(connection, kept);
            }
            connection.commit();
            at = batch.get(batch.size() - 1).createdAt();
            id = batch.get(batch.size() - 1).transactionId();
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

    private void mapOne(Connection connection, Kept kept) throws SQLException {
        seen++;
        Optional<Webhook> now = sources.find(kept.source()).flatMap(source -> map(source, kept));
        EventRow event = now.map(Webhook::event).orElse(null);
        if (now.isEmpty() || event == null) {
            reasons.merge("source_not_configured_or_other_identity", 1, Integer::sum);
            return;
        }
        if (event.unmapped() == null) {
            mapped++;
        } else {
            reasons.merge(event.unmapped(), 1, Integer::sum);
            if (event.unmapped().equals(kept.unmapped())) {
                return;
            }
        }
        changed++;
        update(connection, kept.transactionId(), now.get(), event);
    }

    /** By its id among what its delivery tells now; one that brought a single event keeps its id, though another is made of it now. */
    private static Optional<Webhook> map(Source source, Kept kept) {
        List<Webhook> now = SourceWebhooks.of(source, kept.delivery(), null);
        return now.size() == 1
                ? Optional.of(now.get(0))
                : now.stream()
                        .filter(webhook -> webhook.transactionId().equals(kept.transactionId()))
                        .findFirst();
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

    private static List<Kept> select(Connection connection, @Nullable String only, OffsetDateTime at, String id)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setString(1, only);
            select.setString(2, only);
            select.setObject(3, at);
            select.setString(4, id);
            select.setInt(5, BATCH);
            List<Kept> batch = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    batch.add(new Kept(
                            rows.getString(1),
                            rows.getObject(2, OffsetDateTime.class),
                            rows.getString(3),
                            rows.getString(4),
                            RawDelivery.restore(rows.getBytes(5))));
                }
            }
            return batch;
        }
    }

    private static void update(Connection connection, String id, Webhook now, EventRow event) throws SQLException {
        Money sent = event.sent();
        try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
            update.setString(1, sent == null ? null : sent.sent());
            update.setString(2, sent == null ? null : sent.unit().code());
            update.setString(3, id);
            update.setString(4, now.sourceAccount());
            update.setString(5, now.destinationAccount());
            update.setBigDecimal(6, now.amount());
            update.setString(7, now.currency());
            update.setString(8, event.type());
            update.setString(9, event.subject());
            update.setObject(
                    10, event.occurredAt() == null ? null : event.occurredAt().atOffset(ZoneOffset.UTC));
            update.setString(11, event.unmapped());
            update.setString(12, id);
            update.executeUpdate();
        }
    }
}
