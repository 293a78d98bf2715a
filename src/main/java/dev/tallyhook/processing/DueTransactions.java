package dev.tallyhook.processing;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.transaction.Trial;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What is due in the ledger, and the one statement that claims and finishes it. */
@ApplicationScoped
class DueTransactions implements Due {

    /** A watermark below every row; pgjdbc writes it as {@code -infinity}. */
    static final OffsetDateTime FROM_THE_BEGINNING = OffsetDateTime.MIN;

    /** What is due, the longest overdue first. */
    static final String DUE = """
            SELECT ctid
            FROM transactions
            WHERE status = 'PROCESSING'
              AND due_at <= now()
              AND due_at > ?
            ORDER BY due_at
            LIMIT ?
            FOR UPDATE SKIP LOCKED""";

    /** The same, but for those that are stepped over. */
    private static final String DUE_BUT =
            DUE.replace("ORDER BY due_at", "  AND transaction_id <> ALL (?::text[])\nORDER BY due_at");

    /** What of these is due. */
    static final String DUE_OF_THESE = """
            SELECT ctid
            FROM transactions
            WHERE transaction_id = ANY (?::text[])
              AND status = 'PROCESSING'
              AND (due_at <= now()) IS TRUE
            FOR UPDATE SKIP LOCKED""";

    static final String WAITING = """
            SELECT transaction_id
            FROM transactions
            WHERE transaction_id = ANY (?::text[])
              AND status = 'PROCESSING'
              AND (due_at <= now()) IS TRUE""";

    /**
     * What of it is a stray, and found by its id. When it was to be looked at is when it is due, or a little later. A subquery that locks is
     * joined by a nested loop, as far as the limit. IS TRUE keeps the planner from reading all that is due for each of them.
     */
    private static final String DUE_STRAYS = """
            SELECT ctid
            FROM (
                SELECT transaction_id
                FROM strays
                WHERE look_at <= now()
                  AND look_at > ?
                ORDER BY look_at) AS strays
            CROSS JOIN LATERAL (
                SELECT ctid
                FROM transactions
                WHERE transaction_id = strays.transaction_id
                  AND status = 'PROCESSING'
                  AND (due_at <= now()) IS TRUE
                FOR UPDATE SKIP LOCKED) AS due_stray
            LIMIT ?""";

    private static final String DUE_STRAYS_BUT = DUE_STRAYS.replace(
            "WHERE transaction_id = strays.transaction_id",
            "WHERE transaction_id = strays.transaction_id\n  AND transaction_id <> ALL (?::text[])");

    /**
     * Claim and finish are one statement in one transaction: a crash releases the row locks, and the next poll takes the
     * rows. The CTE is MATERIALIZED, because a LIMIT in a subquery may be evaluated more than once. Rows are found again by their
     * ctid, which stays valid because they are locked, and saves a descent of the primary key for each. {@code greatest}
     * holds the rule that nothing is finished early even if the server's clock is set back between the two readings. What a reader has
     * seen finished stays so, also after a crash: the commit is durable. What endpoints are to be told of it is queued by it too.
     *
     * @see <a href="https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE">SKIP LOCKED</a>
     */
    private static final String FINISH = """
            WITH due AS MATERIALIZED (%s),
            finished AS (
                UPDATE transactions
                SET status = 'PROCESSED',
                    processed_at = greatest(clock_timestamp(), due_at)
                WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))
                RETURNING due_at, processed_at %s)%s
            SELECT width_bucket(processed_at - due_at, %s) AS lateness,
                   count(*),
                   extract(epoch FROM sum(processed_at - due_at)),
                   max(due_at)
                   %s
            FROM finished
            WHERE %s
            GROUP BY lateness
            """;

    static final String TRACED_COLUMNS = ", transaction_id, traceparent";

    static final String TRACES = """
            , array_agg(transaction_id) FILTER (WHERE traceparent IS NOT NULL)
            , array_agg(traceparent) FILTER (WHERE traceparent IS NOT NULL)
            , array_agg(extract(epoch FROM due_at)) FILTER (WHERE traceparent IS NOT NULL)
            , array_agg(extract(epoch FROM processed_at)) FILTER (WHERE traceparent IS NOT NULL)
            """;

    /** The column behind those that every answer has. */
    static final int FIRST_ANSWER = 5;

    static final int TRACE_COLUMNS = 4;

    private static final String TELL = Telling.queue(EventKind.PROCESSED, "finished", "transaction_id");

    static final Statements OF_ALL = Statements.finishing(DUE);

    static final Statements OF_STRAYS = Statements.finishing(DUE_STRAYS);

    private static final Claim CLAIM_ALL = new Claim(OF_ALL, DUE_BUT);

    private static final Claim CLAIM_STRAYS = new Claim(OF_STRAYS, DUE_STRAYS_BUT);

    private static final Statements OF_THESE = Statements.finishing(DUE_OF_THESE);

    static final String INSERT_TRIAL = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            VALUES (?, 'trial', 'trial', 1, 'XXX', now())
            """;

    /** Of what a claim would take. */
    static final String IDS = "SELECT transaction_id FROM transactions WHERE ctid = ANY (ARRAY (%s))";

    private static final String NOW = "SELECT clock_timestamp()";

    private static final String BELOW_ALL = "SELECT open_due() - interval '1 microsecond'";

    /**
     * Always one row. A row that is due in a second or later is none that is waited for: the poller sleeps half as long at most, and what was
     * finished before the clock was set back may lie between. Neither is one that another session holds, or it would be asked for again and
     * again: it has been overdue for a while. The clock is read once, before the index, so that whatever is found later was not due before
     * it.
     */
    static final String NEXT_DUE = """
            SELECT now, ceil(extract(epoch FROM due_at - now) * 1000)
            FROM (SELECT clock_timestamp() AS now) AS clock
            LEFT JOIN LATERAL (
                SELECT due_at
                FROM transactions
                WHERE status = 'PROCESSING'
                  AND due_at > greatest(?, now - interval '0.5 seconds')
                  AND due_at < now + interval '1 second'
                ORDER BY due_at
                LIMIT 1) AS next ON true
            """;

    private final javax.sql.DataSource dataSource;
    private final Lateness lateness;
    private final FinishSpans spans;
    private final Telling telling;
    private final SteppedOver steppedOver;
    private final Refusals refusals;

    DueTransactions(
            @DataSource("processing") javax.sql.DataSource dataSource,
            Lateness lateness,
            FinishSpans spans,
            Telling telling,
            SteppedOver steppedOver,
            Refusals refusals) {
        this.dataSource = dataSource;
        this.lateness = lateness;
        this.spans = spans;
        this.telling = telling;
        this.steppedOver = steppedOver;
        this.refusals = refusals;
    }

    /**
     * What a batch is taken from.
     *
     * @param ofAll bind the watermark and the size
     * @param ofOthers bind, between these, the ids that are stepped over
     * @param due selects the ctid of what {@code ofOthers} finish
     */
    record Claim(Statements ofAll, Statements ofOthers, String due) {

        Claim(Statements ofAll, String due) {
            this(ofAll, Statements.finishing(due), due);
        }
    }

    /** The statements that finish the same rows, and tell more or less of them. */
    record Statements(String plain, String traced, String told, String tracedAndTold) {

        static Statements finishing(String due) {
            return new Statements(
                    finish(due, "", "", ""),
                    finish(due, TRACED_COLUMNS, "", TRACES),
                    finish(due, ", " + Telling.COLUMNS, TELL, ", " + Telling.WHOM),
                    finish(due, ", traceparent, " + Telling.COLUMNS, TELL, TRACES + ", " + Telling.WHOM));
        }

        private static String finish(String due, String columns, String tell, String answers) {
            return FINISH.formatted(due, columns, tell, Lateness.BOUNDS_SQL, answers, DURABLY);
        }

        String wanted(boolean traces, boolean tells) {
            if (traces) {
                return tells ? tracedAndTold : traced;
            }
            return tells ? told : plain;
        }
    }

    @Override
    public Batch finish(OffsetDateTime watermark, int batchSize) throws SQLException {
        return finish(CLAIM_ALL, watermark, batchSize);
    }

    /** The same of strays. */
    Batch finishStrays(OffsetDateTime watermark, int batchSize) throws SQLException {
        return finish(CLAIM_STRAYS, watermark, batchSize);
    }

    boolean tells() {
        return telling.isWanted(EventKind.PROCESSED);
    }

    /** Tries those again that have been stepped over for a while, and says how many are finished. */
    int tryAgain() throws SQLException {
        return narrowing(CLAIM_ALL).tryAgain(steppedOver.whoseTurnItIs(), Narrowing.again());
    }

    private Batch finish(Claim claim, OffsetDateTime watermark, int batchSize) throws SQLException {
        try {
            return finishAllOf(claim, watermark, batchSize);
        } catch (SQLException failure) {
            return narrowing(claim).finish(watermark, batchSize, failure);
        }
    }

    private Narrowing narrowing(Claim claim) {
        return new Narrowing(new ById(claim), steppedOver, refusals);
    }

    private Batch finishAllOf(Claim claim, OffsetDateTime watermark, int batchSize) throws SQLException {
        List<String> left = steppedOver.ids();
        boolean tells = tells();
        String statement = (left.isEmpty() ? claim.ofAll() : claim.ofOthers()).wanted(spans.areWanted(), tells);
        try (Connection connection = dataSource.getConnection();
                PreparedStatement finish = connection.prepareStatement(statement)) {
            bind(finish, 1, watermark, left, batchSize);
            Batch batch = execute(finish, watermark, batchSize, tells);
            if (batch.isFull()) {
                telling.moreIsDue();
            }
            return batch;
        }
    }

    /**
     * Binds what a claim asks for.
     *
     * @param first the place of its first placeholder
     * @param left what is stepped over; if that is nothing, the claim is one that does not ask
     * @return the place behind its last placeholder
     */
    static int bind(PreparedStatement claim, int first, OffsetDateTime watermark, List<String> left, int batchSize)
            throws SQLException {
        int place = first;
        claim.setObject(place++, watermark);
        if (!left.isEmpty()) {
            claim.setArray(place++, ids(claim, left));
        }
        claim.setInt(place++, batchSize);
        return place;
    }

    /** What is due, but for those that are stepped over. */
    static String due(List<String> left) {
        return left.isEmpty() ? DUE : DUE_BUT;
    }

    static String trialId() {
        return "trial-" + UUID.randomUUID();
    }

    static Array ids(PreparedStatement statement, List<String> ids) throws SQLException {
        return statement.getConnection().createArrayOf("text", ids.toArray());
    }

    private Batch execute(PreparedStatement finish, OffsetDateTime watermark, int batchSize, boolean tells)
            throws SQLException {
        try (ResultSet rows = finish.executeQuery()) {
            return count(rows, watermark, batchSize, tells);
        }
    }

    /** What a claim would take, one by one. */
    private final class ById implements Narrowing.Rows {

        private final Claim claim;

        ById(Claim claim) {
            this.claim = claim;
        }

        @Override
        public void tryOut() throws SQLException {
            String id = trialId();
            Trial.of(dataSource, connection -> {
                try (PreparedStatement insert = connection.prepareStatement(INSERT_TRIAL);
                        PreparedStatement finish = connection.prepareStatement(OF_THESE.wanted(false, tells()))) {
                    insert.setString(1, id);
                    insert.executeUpdate();
                    finish.setArray(1, ids(finish, List.of(id)));
                    finish.executeQuery().close();
                }
                return true;
            });
        }

        @Override
        public OffsetDateTime now() throws SQLException {
            return DueTransactions.this.now();
        }

        @Override
        public List<String> due(OffsetDateTime watermark, int batchSize) throws SQLException {
            List<String> ids = new ArrayList<>();
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement select = connection.prepareStatement(IDS.formatted(claim.due()))) {
                select.setObject(1, watermark);
                select.setArray(2, ids(select, steppedOver.ids()));
                select.setInt(3, batchSize);
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        ids.add(rows.getString(1));
                    }
                }
            }
            return ids;
        }

        @Override
        public List<String> waiting(List<String> ids) throws SQLException {
            List<String> waiting = new ArrayList<>();
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement select = connection.prepareStatement(WAITING)) {
                select.setArray(1, ids(select, ids));
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        waiting.add(rows.getString(1));
                    }
                }
            }
            return waiting;
        }

        @Override
        public Batch finish(List<String> ids, OffsetDateTime watermark) throws SQLException {
            boolean tells = tells();
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement finish = connection.prepareStatement(OF_THESE.wanted(spans.areWanted(), tells))) {
                finish.setArray(1, ids(finish, ids));
                return execute(finish, watermark, Integer.MAX_VALUE, tells);
            }
        }
    }

    private Batch count(ResultSet buckets, OffsetDateTime watermark, int batchSize, boolean tells) throws SQLException {
        int count = 0;
        OffsetDateTime above = watermark;
        while (buckets.next()) {
            Finished finished = read(buckets);
            finished.record().run();
            count += finished.count();
            above = above(buckets, above);
            if (tells) { // Each row says the same, of all of them.
                telling.queued(buckets, spans.areWanted() ? FIRST_ANSWER + TRACE_COLUMNS : FIRST_ANSWER);
            }
        }
        if (count > 0) {
            refusals.over();
        }
        return new Batch(count, count == batchSize, above);
    }

    /**
     * What a row of the answer tells of.
     *
     * @param count how many
     * @param record takes note of them, which is to be done once they are committed
     */
    record Finished(int count, Runnable record) {}

    Finished read(ResultSet bucket) throws SQLException {
        int number = bucket.getInt(1);
        int count = bucket.getInt(2);
        double sum = bucket.getDouble(3);
        Runnable traced = spans.areWanted() ? spans.read(bucket, FIRST_ANSWER) : () -> {};
        return new Finished(count, () -> {
            lateness.add(number, count, sum);
            traced.run();
        });
    }

    /** A watermark, moved by a row of the answer: others may be due at the very same microsecond as the last one. */
    static OffsetDateTime above(ResultSet bucket, OffsetDateTime watermark) throws SQLException {
        OffsetDateTime justBelow = bucket.getObject(4, OffsetDateTime.class).minus(1, ChronoUnit.MICROS);
        return justBelow.isAfter(watermark) ? justBelow : watermark;
    }

    boolean traces() {
        return spans.areWanted();
    }

    @Override
    public OffsetDateTime now() throws SQLException {
        return now(dataSource);
    }

    static OffsetDateTime now(javax.sql.DataSource dataSource) throws SQLException {
        return time(dataSource, NOW);
    }

    /** A watermark below all that waits, strays apart. */
    OffsetDateTime belowAll() throws SQLException {
        return time(dataSource, BELOW_ALL);
    }

    private static OffsetDateTime time(javax.sql.DataSource dataSource, String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(sql);
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getObject(1, OffsetDateTime.class);
        }
    }

    @Override
    public Outlook outlook(OffsetDateTime watermark) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement next = connection.prepareStatement(NEXT_DUE)) {
            next.setObject(1, watermark);
            try (ResultSet row = next.executeQuery()) {
                return outlook(row);
            }
        }
    }

    /** Of the answer of {@link #NEXT_DUE}. */
    static Outlook outlook(ResultSet row) throws SQLException {
        row.next();
        long millis = row.getLong(2);
        Optional<Duration> untilNextDue = row.wasNull() ? Optional.empty() : Optional.of(Duration.ofMillis(millis));
        return new Outlook(row.getObject(1, OffsetDateTime.class), untilNextDue);
    }
}
