package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.DatabaseServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Lists of a made-up ledger have exactly what they name, in their order, page by page, however it is cut into stretches, whatever of
 * them is merged, and whatever came late.
 */
class PostedTest {

    private static final int GROUPS = 300;
    private static final int LIMIT = 7;
    private static final Instant FIRST = Instant.parse("2001-01-01T00:00:00Z");

    private static DatabaseServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new DatabaseServer(Map.of("fsync", "off"));
        server.migrateTo("latest");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void lists_have_exactly_what_they_name(long seed) throws SQLException {
        var random = new Random(seed);
        server.execute("TRUNCATE transactions, stretches, postings, late_postings, strays");
        server.execute(ledger(random));
        server.execute("TRUNCATE late_postings, strays");
        server.execute("INSERT INTO strays SELECT transaction_id, 'infinity' FROM transactions WHERE status = 'HELD'");
        cut(random);
        List<TransactionView> all = read();
        try (Connection connection = server.connect()) {
            for (TransactionFilter filter : filters(random)) {
                assertEquals(expected(all, filter), paged(connection, filter), () -> "seed " + seed + ", " + filter);
            }
        }
    }

    private static final String[] STATUSES = {"PROCESSED", "PROCESSED", "PROCESSED", "PROCESSING", "HELD"};

    private static String ledger(Random random) {
        var values = new ArrayList<String>();
        int notDue = GROUPS / 2 + random.nextInt(GROUPS);
        for (int group = 0; group < GROUPS; group++) {
            for (int i = random.nextInt(12); i >= 0; i--) {
                String status = STATUSES[group < notDue ? random.nextInt(STATUSES.length) : 3 + random.nextInt(2)];
                boolean isEvent = random.nextInt(3) == 0;
                values.add("('id_%d', '%s', '%s', 1, 'INR', '%s', %s, %s, %s, %s, %s, %s, %s)"
                        .formatted(
                                values.size(),
                                some(random, "from"),
                                some(random, "to"),
                                status,
                                time(group),
                                group < notDue ? time(GROUPS) : "timestamptz '2100-01-01Z'",
                                status.equals("PROCESSED") ? time(GROUPS) : "NULL",
                                isEvent ? "'" + some(random, "source") + "'" : "NULL",
                                isEvent ? "'" + some(random, "type") + "'" : "NULL",
                                isEvent ? "'" + some(random, "subject") + "'" : "NULL",
                                isEvent && random.nextBoolean() ? time(group - 5 + random.nextInt(10)) : "NULL"));
            }
        }
        return "INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, status, created_at,"
                + " due_at, processed_at, source, type, subject, occurred_at) VALUES " + String.join(", ", values);
    }

    /** The first ones are in most rows, the last ones in few, and the very last in none. */
    private static String some(Random random, String what) {
        return what + (int) (Math.pow(random.nextDouble(), 3) * 20);
    }

    private static String time(int group) {
        return "timestamptz '" + FIRST.plusSeconds(group) + "'";
    }

    /** Some stretches, of which some are merged, then what is in none; a part of all comes late, and half of that is in the stretches as well: the other half
     * has times of its providers' that its stretches may not have. */
    private static void cut(Random random) throws SQLException {
        int late = random.nextInt(10);
        server.execute("""
                DROP TABLE IF EXISTS unseen;
                CREATE TABLE unseen AS SELECT * FROM transactions WHERE hashtext(transaction_id) %% 20 = %d;
                DELETE FROM transactions WHERE transaction_id IN (SELECT transaction_id FROM unseen);
                UPDATE unseen
                SET occurred_at = %s + mod(abs(hashtext(transaction_id || 'at')), %d) * interval '1 s'
                WHERE occurred_at IS NOT NULL""".formatted(late, time(0), GROUPS));
        String begins = "'-infinity'";
        for (int i = 0; i < 6; i++) {
            int end = 20 + i * 40 + random.nextInt(40);
            server.execute("SELECT post_stretch(%s, %s)".formatted(begins, time(end)));
            begins = time(end);
            if (i == 3) {
                server.execute(
                        "SELECT merge_stretches(%d, %b)".formatted(1 + random.nextInt(2_000), random.nextBoolean()));
            }
        }
        for (int i = random.nextInt(6); i > 0; i--) {
            server.execute("SELECT settle_stretch()");
        }
        server.execute("""
                CREATE TEMPORARY TABLE seen AS SELECT * FROM transactions WHERE hashtext(transaction_id) %% 10 = %d;
                DELETE FROM transactions WHERE transaction_id IN (SELECT transaction_id FROM seen);
                INSERT INTO transactions SELECT * FROM seen UNION ALL SELECT * FROM unseen""".formatted(late));
        if (random.nextBoolean()) {
            server.execute("SELECT merge_stretches(%d, %b)".formatted(1 + random.nextInt(2_000), random.nextBoolean()));
        }
    }

    private static List<TransactionView> read() throws SQLException {
        try (Connection connection = server.connect()) {
            return new Sql()
                    .add("SELECT " + TransactionView.COLUMNS + " FROM transactions")
                    .query(connection, row -> TransactionView.of(row, 1));
        }
    }

    private static List<TransactionFilter> filters(Random random) {
        List<TransactionFilter> filters = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            filters.add(new TransactionFilter(
                    Optional.empty(),
                    status(random),
                    sometimes(random, "from"),
                    sometimes(random, "to"),
                    random.nextInt(4) == 0 ? Optional.of(instant(random)) : Optional.empty(),
                    random.nextInt(4) == 0 ? Optional.of(instant(random)) : Optional.empty(),
                    new EventFilter(
                            sometimes(random, "source"),
                            sometimes(random, "type"),
                            sometimes(random, "subject"),
                            random.nextInt(4) == 0 ? Optional.of(instant(random)) : Optional.empty(),
                            random.nextInt(4) == 0 ? Optional.of(instant(random)) : Optional.empty(),
                            false)));
        }
        for (int i = 0; i < 20; i++) { // Of what has no postings.
            filters.add(filter(status(random), occurred(instant(random), instant(random))));
        }
        for (int i = 0; i < 10; i++) {
            filters.add(filter(status(random), EventFilter.ofSource("transactions")));
        }
        return filters;
    }

    private static Instant instant(Random random) {
        return FIRST.plusSeconds(random.nextInt(GROUPS));
    }

    private static EventFilter occurred(Instant from, Instant to) {
        return new EventFilter(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(from), Optional.of(to), false);
    }

    private static TransactionFilter filter(Optional<TransactionStatus> status, EventFilter events) {
        return new TransactionFilter(
                Optional.empty(),
                status,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                events);
    }

    private static Optional<TransactionStatus> status(Random random) {
        int status = random.nextInt(2 * TransactionStatus.values().length);
        return Stream.of(TransactionStatus.values()).skip(status).findFirst();
    }

    private static Optional<String> sometimes(Random random, String what) {
        return random.nextInt(3) == 0 ? Optional.of(some(random, what)) : Optional.empty();
    }

    private static List<String> expected(List<TransactionView> all, TransactionFilter filter) {
        EventFilter events = filter.events();
        boolean isBuiltIn = events.equals(EventFilter.ofSource("transactions"));
        Predicate<TransactionView> named = Stream.<Predicate<TransactionView>>of(
                        row -> filter.status().isEmpty() || filter.status().get() == row.status(),
                        row -> isOf(filter.sourceAccount(), row.sourceAccount()),
                        row -> isOf(filter.destinationAccount(), row.destinationAccount()),
                        row -> filter.createdFrom().isEmpty()
                                || !row.createdAt()
                                        .isBefore(filter.createdFrom().get()),
                        row -> filter.createdTo().isEmpty()
                                || row.createdAt().isBefore(filter.createdTo().get()),
                        row -> isBuiltIn
                                ? row.event() == null
                                : isOf(
                                        events.source(),
                                        row.event() == null ? null : row.event().source()),
                        row -> isIn(
                                events, row.event() == null ? null : row.event().occurredAt()),
                        row -> isOf(
                                events.type(),
                                row.event() == null ? null : row.event().type()),
                        row -> isOf(
                                events.subject(),
                                row.event() == null ? null : row.event().subject()))
                .reduce(Predicate::and)
                .orElseThrow();
        return all.stream()
                .filter(named)
                .sorted(Comparator.<TransactionView, Instant>comparing(events::time)
                        .thenComparing(TransactionView::transactionId)
                        .reversed())
                .map(TransactionView::transactionId)
                .toList();
    }

    private static boolean isIn(EventFilter events, Instant occurred) {
        if (occurred == null) {
            return events.occurredFrom().isEmpty() && events.occurredTo().isEmpty();
        }
        return !occurred.isBefore(events.occurredFrom().orElse(Instant.MIN))
                && occurred.isBefore(events.occurredTo().orElse(Instant.MAX));
    }

    private static boolean isOf(Optional<String> wanted, String value) {
        return wanted.isEmpty() || wanted.get().equals(value);
    }

    private static List<String> paged(Connection connection, TransactionFilter filter) throws SQLException {
        List<String> ids = new ArrayList<>();
        Optional<Cursor> after = Optional.empty();
        do {
            List<TransactionView> page =
                    TransactionPages.select(filter, LIMIT, after).query(connection, row -> TransactionView.of(row, 1));
            page.forEach(row -> ids.add(row.transactionId()));
            after = page.size() < LIMIT
                    ? Optional.empty()
                    : Optional.of(page.get(LIMIT - 1))
                            .map(last -> new Cursor(filter.events().time(last), last.transactionId()));
        } while (after.isPresent());
        return ids;
    }
}
