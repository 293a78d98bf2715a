package dev.tallyhook.intake;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.transaction.Columns;
import dev.tallyhook.transaction.LedgerConfig;
import dev.tallyhook.transaction.Trial;
import jakarta.inject.Singleton;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;

/**
 * Writes webhooks to the ledger and says of each what became of it. When {@link #write} returns, all that it says is
 * committed: each statement is a transaction of its own, which saves the round trip of a COMMIT, and which is enough,
 * because a webhook is stored by one statement and its conflict recorded by another before it is answered.
 */
@Singleton
class LedgerWriter implements Ledger {

    /**
     * The end of an insert whose new rows are {@code inserted}: the ids that were new; NULL says that all were, which is nearly always
     * so and saves sending them back.
     */
    static final String WHICH_WERE_NEW = """
            SELECT CASE WHEN count(*) < ? THEN coalesce(array_agg(transaction_id), '{}') END %s
            FROM inserted
            WHERE\s""" + DURABLY;

    /** Which of them are gone is looked up by their ids. A join might be planned, while nothing is gone yet, to read all that is. */
    static final String ARE_NOT_GONE = """
            webhook.transaction_id <> ALL (
                ARRAY (SELECT gone.transaction_id FROM gone WHERE gone.transaction_id = ANY (?::text[])))
            """;

    private static final String INSERT_NEW = """
            WITH inserted AS (
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, due_at, traceparent)
                SELECT transaction_id, source_account, destination_account, amount, currency,
                       now() + ? * interval '1 microsecond', traceparent
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[])
                    AS webhook (transaction_id, source_account, destination_account, amount, currency, traceparent)
                WHERE\s""" + ARE_NOT_GONE + """
                ON CONFLICT (transaction_id) DO NOTHING
                RETURNING %s)
            """;

    private static final Insert BUILT_IN = Insert.of(INSERT_NEW);

    static final String SELECT_STORED = """
            SELECT transaction_id, source_account, destination_account, amount, currency, source
            FROM transactions
            WHERE transaction_id = ANY (?::text[])
            """;

    /** Asked after what is stored: what goes meanwhile is here before it is not there. */
    static final String SELECT_GONE = "SELECT transaction_id, content FROM gone WHERE transaction_id = ANY (?::text[])";

    /** Of a webhook, in the order in which {@link #bindColumns} binds them. */
    static final int COLUMNS = 5;

    private final DataSource dataSource;
    private final ConflictWriter conflicts;
    private final Duration delay;
    private final Telling telling;

    LedgerWriter(@io.quarkus.agroal.DataSource("intake") DataSource dataSource, LedgerConfig config, Telling telling) {
        this.dataSource = dataSource;
        this.conflicts = new ConflictWriter(telling);
        this.delay = config.delay();
        this.telling = telling;
    }

    /**
     * An insert, without and with what queues for endpoints that transactions are accepted.
     *
     * @param told its answer has a second column, {@link Telling#WHOM}
     */
    record Insert(String silent, String told) {

        /**
         * Both.
         *
         * @param statement CTEs of which that of the new rows returns what stands in the place of its {@code %s}
         */
        static Insert of(String statement) {
            return new Insert(
                    statement.formatted("transaction_id") + WHICH_WERE_NEW.formatted(""),
                    statement.formatted(Telling.COLUMNS)
                            + Telling.queue(EventKind.ACCEPTED, "inserted", "transaction_id")
                            + WHICH_WERE_NEW.formatted(", " + Telling.WHOM));
        }

        String text(boolean tells) {
            return tells ? told : silent;
        }
    }

    @Override
    public List<Receipt> write(List<Webhook> webhooks) throws SQLException {
        List<Webhook> firsts = firstOfEachId(webhooks);
        try (Connection connection = dataSource.getConnection()) {
            Set<String> inserted = insertNew(connection, firsts);
            if (inserted.size() == webhooks.size()) {
                return Collections.nCopies(webhooks.size(), Receipt.ACCEPTED);
            }
            List<Receipt> receipts = settle(webhooks, inserted, known(connection, firsts));
            return conflicts.record(connection, webhooks, receipts);
        }
    }

    @Override
    public void ask() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            insertNew(connection, List.of());
        }
    }

    @Override
    public void tryOut(int rows) throws SQLException {
        List<Webhook> trials = Stream.generate(LedgerWriter::trial).limit(rows).toList();
        Trial.of(dataSource, connection -> insertNew(connection, trials));
    }

    /** One that nobody has sent, and that is not kept. */
    static Webhook trial() {
        return new Webhook("trial-" + UUID.randomUUID(), "trial", "trial", BigDecimal.ONE, "XXX");
    }

    /** Sorted by id, so that two writers that share ids lock them in the same order and cannot deadlock. */
    static List<Webhook> firstOfEachId(List<Webhook> webhooks) {
        Map<String, Webhook> firsts = new HashMap<>();
        webhooks.forEach(webhook -> firsts.putIfAbsent(webhook.transactionId(), webhook));
        return firsts.values().stream()
                .sorted(Comparator.comparing(Webhook::transactionId))
                .toList();
    }

    private Set<String> insertNew(Connection connection, List<Webhook> webhooks) throws SQLException {
        boolean hasEvents = webhooks.stream().anyMatch(webhook -> webhook.event() != null);
        boolean tells = telling.isWanted(EventKind.ACCEPTED);
        try (PreparedStatement insert = hasEvents
                ? EventInsert.prepare(connection, tells, delay, webhooks)
                : prepare(connection, tells, webhooks)) {
            return inserted(insert, tells, webhooks);
        }
    }

    private PreparedStatement prepare(Connection connection, boolean tells, List<Webhook> webhooks)
            throws SQLException {
        PreparedStatement insert = connection.prepareStatement(BUILT_IN.text(tells));
        insert.setLong(1, delay.toNanos() / 1_000);
        bindColumns(insert, 2, webhooks);
        insert.setArray(2 + COLUMNS, Columns.of(connection, "text", webhooks, Webhook::traceparent));
        insert.setArray(3 + COLUMNS, Columns.of(connection, "text", webhooks, Webhook::transactionId));
        insert.setInt(4 + COLUMNS, webhooks.size());
        return insert;
    }

    private Set<String> inserted(PreparedStatement insert, boolean tells, List<Webhook> webhooks) throws SQLException {
        try (ResultSet row = insert.executeQuery()) {
            row.next();
            if (tells) {
                telling.queued(row, 2);
            }
            return whichWereNew(row, webhooks);
        }
    }

    /** Of the answer of {@link #WHICH_WERE_NEW}. */
    static Set<String> whichWereNew(ResultSet row, List<Webhook> webhooks) throws SQLException {
        Array someNew = row.getArray(1);
        return someNew == null
                ? webhooks.stream().map(Webhook::transactionId).collect(Collectors.toSet())
                : Set.of((String[]) someNew.getArray());
    }

    /** What there is with these ids: it is stored, or gone. */
    private static Map<String, Predicate<Webhook>> known(Connection connection, List<Webhook> webhooks)
            throws SQLException {
        Map<String, Predicate<Webhook>> known = new HashMap<>();
        Array ids = Columns.of(connection, "text", webhooks, Webhook::transactionId);
        try (PreparedStatement select = connection.prepareStatement(SELECT_STORED)) {
            select.setArray(1, ids);
            try (ResultSet rows = select.executeQuery()) {
                readStored(rows, known);
            }
        }
        if (known.size() < webhooks.size()) {
            try (PreparedStatement select = connection.prepareStatement(SELECT_GONE)) {
                select.setArray(1, ids);
                try (ResultSet rows = select.executeQuery()) {
                    readGone(rows, known);
                }
            }
        }
        return known;
    }

    /** Of the answer of {@link #SELECT_STORED}. */
    static void readStored(ResultSet rows, Map<String, Predicate<Webhook>> known) throws SQLException {
        while (rows.next()) {
            var stored = new Webhook.Stored(
                    rows.getString(6), rows.getString(2), rows.getString(3), rows.getBigDecimal(4), rows.getString(5));
            known.put(rows.getString(1), webhook -> webhook.sameContentAs(stored));
        }
    }

    /** Of the answer of {@link #SELECT_GONE}. */
    static void readGone(ResultSet rows, Map<String, Predicate<Webhook>> known) throws SQLException {
        while (rows.next()) {
            byte[] content = rows.getBytes(2);
            known.putIfAbsent(rows.getString(1), webhook -> webhook.agreesWithWhatIsGone(content));
        }
    }

    /** @param known whether a webhook has the content of what there is with its id */
    static List<Receipt> settle(List<Webhook> webhooks, Set<String> inserted, Map<String, Predicate<Webhook>> known)
            throws SQLException {
        Set<String> stillNew = new HashSet<>(inserted);
        List<Receipt> receipts = new ArrayList<>(webhooks.size());
        for (Webhook webhook : webhooks) {
            Predicate<Webhook> first = known.get(webhook.transactionId());
            if (first == null) {
                throw new SQLException("A transaction vanished between its insert and its select", "40001");
            }
            if (!first.test(webhook)) {
                receipts.add(Receipt.CONFLICTING);
            } else {
                receipts.add(stillNew.remove(webhook.transactionId()) ? Receipt.ACCEPTED : Receipt.REPLAYED);
            }
        }
        return receipts;
    }

    /** Binds the id, the accounts, the amount and the currency, each as an array. */
    static void bindColumns(PreparedStatement statement, int first, List<Webhook> webhooks) throws SQLException {
        Connection connection = statement.getConnection();
        statement.setArray(first, Columns.of(connection, "text", webhooks, Webhook::transactionId));
        statement.setArray(first + 1, Columns.of(connection, "text", webhooks, Webhook::sourceAccount));
        statement.setArray(first + 2, Columns.of(connection, "text", webhooks, Webhook::destinationAccount));
        statement.setArray(first + 3, Columns.of(connection, "numeric", webhooks, Webhook::amount));
        statement.setArray(first + 4, Columns.of(connection, "text", webhooks, Webhook::currency));
    }
}
