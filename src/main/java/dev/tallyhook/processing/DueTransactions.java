package dev.tallyhook.processing;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

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

    DueTransactions(
            @DataSource("processing") javax.sql.DataSource dataSource,
            Lateness lateness,
            FinishSpans spans,
            Telling telling) {
        this.dataSource = dataSource;
        this.lateness = lateness;
        this.spans = spans;
        this.telling = telling;
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
        return finish(OF_ALL, watermark, batchSize);
    }

    /** The same of strays. */
    Batch finishStrays(OffsetDateTime watermark, int batchSize) throws SQLException {
        return finish(OF_STRAYS, watermark, batchSize);
    }

    boolean tells() {
        return telling.isWanted(EventKind.PROCESSED);
    }

    private Batch finish(Statements statements, OffsetDateTime watermark, int batchSize) throws SQLException {
        boolean tells = tells();
        String statement = statements.wanted(spans.areWanted(), tells);
        try (Connection connection = dataSource.getConnection();
                PreparedStatement finish = connection.prepareStatement(statement)) {
            finish.setObject(1, watermark);
            finish.setInt(2, batchSize);
            try (ResultSet rows = finish.executeQuery()) {
                Batch batch = count(rows, watermark, batchSize, tells);
                if (batch.isFull()) {
                    telling.moreIsDue();
                }
                return batch;
            }
        }
    }

    private Batch count(ResultSet buckets, OffsetDateTime watermark, int batchSize, boolean tells) throws SQLException {
        int count = 0;
        OffsetDateTime above = watermark;
        while (buckets.next()) {
            count += record(buckets);
            above = above(buckets, above);
            if (tells) { // Each row says the same, of all of them.
                telling.queued(buckets, spans.areWanted() ? FIRST_ANSWER + TRACE_COLUMNS : FIRST_ANSWER);
            }
        }
        return new Batch(count, count == batchSize, above);
    }

    /** Takes note of a row of the answer, and says how many it tells of. */
    int record(ResultSet bucket) throws SQLException {
        lateness.add(bucket.getInt(1), bucket.getInt(2), bucket.getDouble(3));
        if (spans.areWanted()) {
            spans.record(bucket, FIRST_ANSWER);
        }
        return bucket.getInt(2);
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
