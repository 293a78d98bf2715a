package dev.tallyhook.intake;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.transaction.Columns;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Records webhooks that contradict what is stored: one row for one content, with how often it came. A sender that repeats itself
 * for days adds no row. Both statements lock rows in one order and are transactions of their own, so writers cannot deadlock.
 */
class ConflictWriter {

    /** What tells contents apart under one id. 1500.5 and 1500.50 are the same, and no identifier has U+001F, a control character. */
    private static final String DIGEST = """
            sha256(convert_to(concat_ws(chr(31),
                coalesce(source_account, ''), coalesce(destination_account, ''), coalesce(trim_scale(amount)::text, ''),
                coalesce(currency, '')), 'UTF8'))""";

    private static final String WEBHOOK = """
            WITH webhook AS MATERIALIZED (
                SELECT *, %s AS content
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::bigint[]) WITH ORDINALITY
                    AS webhook (transaction_id, source_account, destination_account, amount, currency, attempts, place))
            """.formatted(DIGEST);

    /**
     * Which of them were on record, by their places. These are counted by an update first, because an insert that finds them takes a
     * conflict_id each time, and the greatest of those tells how many there are. Nothing that changes is in an index.
     */
    static final String COUNT_AGAIN = WEBHOOK.stripTrailing() + """
            ,
            known AS MATERIALIZED (
                SELECT conflict_id, place, webhook.attempts
                FROM webhook JOIN conflicts USING (transaction_id, content)
                ORDER BY transaction_id, content
                FOR NO KEY UPDATE OF conflicts)
            UPDATE conflicts
            SET attempts = conflicts.attempts + known.attempts, last_received_at = now()
            FROM known
            WHERE conflicts.conflict_id = known.conflict_id
              AND\s""" + DURABLY + """

            RETURNING place
            """;

    /** Another writer may have been first since: then it is counted as well. */
    static final String RECORD_NEW = WEBHOOK + """
            INSERT INTO conflicts (
                transaction_id, source_account, destination_account, amount, currency, content, attempts, last_received_at)
            SELECT transaction_id, source_account, destination_account, amount, currency, content, attempts, now()
            FROM webhook
            WHERE\s""" + DURABLY + """

            ORDER BY transaction_id, content
            ON CONFLICT (transaction_id, content) DO UPDATE
            SET attempts = conflicts.attempts + excluded.attempts, last_received_at = now()
            """;

    private static final String NEWLY_RECORDED = "(SELECT conflict_id::text, transactions.*"
            + " FROM recorded JOIN transactions ON transaction_id = of_transaction WHERE is_new)";

    private static final String RECORD_NEW_TOLD =
            told(RECORD_NEW, Telling.queue(EventKind.CONFLICTING, NEWLY_RECORDED, "conflict_id"), Telling.WHOM);

    /** In a shard, whose tables have no identity columns of their own: the number comes from the server's share of the sequence. */
    static final String RECORD_NEW_IN_SHARD = RECORD_NEW
            .replace(
                    "INSERT INTO conflicts (\n    transaction_id",
                    "INSERT INTO conflicts (\n    conflict_id, transaction_id")
            .replace("\nSELECT transaction_id", "\nSELECT next_number('conflict'), transaction_id");

    static final String RECORD_NEW_IN_SHARD_TOLD =
            told(RECORD_NEW_IN_SHARD, Telling.keep(EventKind.CONFLICTING, NEWLY_RECORDED, "conflict_id"), Telling.KEPT);

    /** What another writer has counted first has been told by it: of a row that is new, nobody has been the last. */
    private static String told(String record, String tell, String whom) {
        return record.replace(WEBHOOK, WEBHOOK.stripTrailing() + ", recorded AS (")
                + "RETURNING conflict_id, conflicts.transaction_id AS of_transaction, xmax = 0 AS is_new)"
                + tell
                + "SELECT " + whom;
    }

    private final Telling telling;

    ConflictWriter(Telling telling) {
        this.telling = telling;
    }

    /** A content, and how often it came in this group. */
    record Repeated(Webhook webhook, long attempts) {}

    /** Equal for what the digest is equal for. */
    private record Content(
            String id,
            @Nullable String source,
            @Nullable String destination,
            @Nullable BigDecimal amount,
            @Nullable String currency) {

        static Content of(Webhook webhook) {
            return new Content(
                    webhook.transactionId(),
                    webhook.sourceAccount(),
                    webhook.destinationAccount(),
                    webhook.amount() == null ? null : webhook.amount().stripTrailingZeros(),
                    webhook.currency());
        }
    }

    /**
     * Records those whose receipt is {@link Receipt#CONFLICTING}.
     *
     * @return the receipts, with {@link Receipt#CONFLICTING_AGAIN} for what was on record before
     */
    List<Receipt> record(Connection connection, List<Webhook> webhooks, List<Receipt> receipts) throws SQLException {
        Map<Content, List<Integer>> places = new LinkedHashMap<>();
        for (int i = 0; i < webhooks.size(); i++) {
            if (receipts.get(i) == Receipt.CONFLICTING) {
                places.computeIfAbsent(Content.of(webhooks.get(i)), content -> new ArrayList<>())
                        .add(i);
            }
        }
        if (places.isEmpty()) {
            return receipts;
        }
        List<List<Integer>> contents = List.copyOf(places.values());
        List<Repeated> all = contents.stream()
                .map(of -> new Repeated(webhooks.get(of.get(0)), of.size()))
                .toList();
        boolean[] known = countAgain(connection, all);
        List<Repeated> unknown = new ArrayList<>();
        List<Receipt> told = new ArrayList<>(receipts);
        for (int i = 0; i < known.length; i++) {
            contents.get(i).stream()
                    .skip(known[i] ? 0 : 1)
                    .forEach(place -> told.set(place, Receipt.CONFLICTING_AGAIN));
            if (!known[i]) {
                unknown.add(all.get(i));
            }
        }
        recordNew(connection, unknown);
        return told;
    }

    /** Which of them were on record, and are counted now. */
    boolean[] countAgain(Connection connection, List<Repeated> conflicts) throws SQLException {
        boolean[] known = new boolean[conflicts.size()];
        try (PreparedStatement update = connection.prepareStatement(COUNT_AGAIN)) {
            bind(update, conflicts);
            try (ResultSet places = update.executeQuery()) {
                while (places.next()) {
                    known[places.getInt(1) - 1] = true; // SQL counts from 1.
                }
            }
        }
        return known;
    }

    /** Those that were not. */
    void recordNew(Connection connection, List<Repeated> conflicts) throws SQLException {
        if (conflicts.isEmpty()) {
            return;
        }
        boolean tells = tells();
        try (PreparedStatement insert = connection.prepareStatement(tells ? RECORD_NEW_TOLD : RECORD_NEW)) {
            bind(insert, conflicts);
            if (!tells) {
                insert.executeUpdate();
                return;
            }
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                telling.queued(row, 1);
            }
        }
    }

    boolean tells() {
        return telling.isWanted(EventKind.CONFLICTING);
    }

    private static void bind(PreparedStatement statement, List<Repeated> conflicts) throws SQLException {
        bind(statement, 1, conflicts);
    }

    /** Gives the place behind the last one. */
    static int bind(PreparedStatement statement, int first, List<Repeated> conflicts) throws SQLException {
        LedgerWriter.bindColumns(
                statement, first, conflicts.stream().map(Repeated::webhook).toList());
        int last = first + LedgerWriter.COLUMNS;
        statement.setArray(last, Columns.of(statement.getConnection(), "bigint", conflicts, Repeated::attempts));
        return last + 1;
    }
}
