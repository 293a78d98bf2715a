package dev.tallyhook.delivery;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.Absence;
import dev.tallyhook.transaction.Cursor;
import dev.tallyhook.transaction.Gone;
import dev.tallyhook.transaction.PageRequest;
import dev.tallyhook.transaction.Sql;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What is on record of replays, and how they are asked for and cancelled. {@link ReplayRun} makes them happen. */
@ApplicationScoped
class Replays {

    /** Of one endpoint: they run one after the other, so more of them only wait. */
    static final int RUNNING_MAX = 10;

    /** Queues the one that a query finds. */
    private static final String ONE = """
            WITH again AS (%s),
            queued AS (
                INSERT INTO deliveries (endpoint_id, event, ids, replay)
                SELECT endpoint_id, event, ARRAY [id], true
                FROM again)
            INSERT INTO replays (endpoint_id, what, since, until, reached, state, queued, created_at, done_at, by)
            SELECT endpoint_id, 'ONE', at, at, at, 'DONE', 1, at, at, ?
            FROM again
            WHERE %s
            RETURNING %s
            """;

    private static final String ONE_FINISHED = ONE.formatted("""
            SELECT ?::text AS endpoint_id, 'p'::"char" AS event, transaction_id AS id, clock_timestamp() AS at
            FROM transactions
            WHERE transaction_id = ?
              AND status = 'PROCESSED'""", DURABLY, ReplayView.COLUMNS);

    private static final String ONE_LETTER = ONE.formatted("""
            DELETE FROM dead_letters
            WHERE endpoint_id = ?
              AND dead_letter_id = ?
            RETURNING endpoint_id, event, id, clock_timestamp() AS at""", DURABLY, ReplayView.COLUMNS);

    private static final String IS_STORED = "SELECT true FROM transactions WHERE transaction_id = ?";

    /** Of dead letters the oldest tells where their time begins, so that progress can be told by it. */
    private static final String BEGIN = """
            INSERT INTO replays (endpoint_id, what, since, until, reached, by)
            SELECT asked.endpoint_id, what, since, until, since, by
            FROM (
                SELECT endpoint_id,
                       ?::text AS what,
                       coalesce(
                           ?::timestamptz,
                           (SELECT least(last_failed_at, ?::timestamptz)
                            FROM dead_letters AS d
                            WHERE d.endpoint_id = e.endpoint_id
                            ORDER BY dead_letter_id
                            LIMIT 1),
                           ?::timestamptz) AS since,
                       ?::timestamptz AS until,
                       ?::text AS by
                FROM endpoints AS e
                WHERE endpoint_id = ?) AS asked
            WHERE (SELECT count(*) FROM replays WHERE endpoint_id = asked.endpoint_id AND state = 'RUNNING') < ?
              AND\s""" + DURABLY + " RETURNING " + ReplayView.COLUMNS;

    private static final String CANCEL = """
            UPDATE replays
            SET state = 'CANCELLED',
                done_at = clock_timestamp()
            WHERE endpoint_id = ?
              AND replay_id = ?
              AND state = 'RUNNING'
              AND\s""" + DURABLY + " RETURNING " + ReplayView.COLUMNS;

    private static final String OF_ENDPOINT = "SELECT " + ReplayView.COLUMNS + " FROM replays WHERE endpoint_id = ?";

    private final DataSource dataSource;

    Replays(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Newest first. */
    record Page(List<ReplayView> replays, @Nullable String nextCursor) {}

    /**
     * Queues one transaction.
     *
     * @throws ProblemException 404 if it is not there, 409 if it is not finished
     */
    ReplayView one(String endpointId, String transactionId, String by) throws SQLException {
        Optional<ReplayView> done = first(new Sql().add(ONE_FINISHED, endpointId, transactionId, by));
        return done.isPresent() ? done.get() : refuse(transactionId);
    }

    /**
     * Queues what was given up, which is a dead letter no more.
     *
     * @throws ProblemException 404 if it is not there
     */
    ReplayView letter(String endpointId, long deadLetterId, String by) throws SQLException {
        return first(new Sql().add(ONE_LETTER, endpointId, deadLetterId, by)).orElseThrow(DeadLetters::notFound);
    }

    /**
     * Passes if the transaction can be sent again.
     *
     * @throws ProblemException 404 if it is not there, 409 if it is not finished
     */
    void requireFinished(String transactionId) throws SQLException {
        if (new Sql()
                .add(IS_STORED + " AND status = 'PROCESSED'", transactionId)
                .query(dataSource, row -> true)
                .isEmpty()) {
            refuse(transactionId);
        }
    }

    private ReplayView refuse(String transactionId) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            if (new Sql()
                    .add(IS_STORED, transactionId)
                    .query(connection, row -> true)
                    .isEmpty()) {
                Gone.refuse(connection, transactionId);
                throw Absence.of(connection, null, "Transaction not found");
            }
        }
        throw ProblemException.conflict("The transaction is not finished, so nobody is told of it yet");
    }

    /**
     * Begins one that takes its time.
     *
     * @param since null for what was given up
     * @throws ProblemException 409 if there are enough under way
     */
    ReplayView begin(String endpointId, @Nullable Instant since, Instant until, String by) throws SQLException {
        ReplayView.What what = since == null ? ReplayView.What.FAILED : ReplayView.What.SINCE;
        return first(new Sql().add(BEGIN, what.name(), since, until, until, until, by, endpointId, RUNNING_MAX))
                .orElseThrow(() -> ProblemException.conflict(
                        "The endpoint has " + RUNNING_MAX + " replays that are not done; cancel one, or wait"));
    }

    /**
     * A page of those of an endpoint.
     *
     * @throws ProblemException 400 if the cursor does not belong to this endpoint
     */
    Page read(String endpointId, PageRequest page) throws SQLException {
        String list = "replays of " + endpointId;
        var select = new Sql().add(OF_ENDPOINT, endpointId);
        page.after(list).ifPresent(cursor -> select.add(" AND replay_id < ?", cursor.number()));
        List<ReplayView> found = select.add(" ORDER BY replay_id DESC LIMIT ?", page.rowsToLookFor())
                .query(dataSource, ReplayView::of);
        return new Page(
                page.rows(found),
                page.nextCursor(found, list, last -> new Cursor(last.createdAt(), Long.toString(last.replayId()))));
    }

    /**
     * One of them.
     *
     * @throws ProblemException 404 if it is not there
     */
    ReplayView one(String endpointId, long replayId) throws SQLException {
        return first(new Sql().add(OF_ENDPOINT + " AND replay_id = ?", endpointId, replayId))
                .orElseThrow(Replays::notFound);
    }

    /** Ends it where it is; nothing if it has ended before. What it has queued stays queued. */
    Optional<ReplayView> cancel(String endpointId, long replayId) throws SQLException {
        return first(new Sql().add(CANCEL, endpointId, replayId));
    }

    private Optional<ReplayView> first(Sql sql) throws SQLException {
        return sql.query(dataSource, ReplayView::of).stream().findFirst();
    }

    static ProblemException notFound() {
        return ProblemException.notFound("Replay not found");
    }
}
