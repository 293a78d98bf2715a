package dev.tallyhook.delivery;

import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/**
 * One piece of a replay after the other, each in a transaction with how far the replay is: a replica that dies loses the piece that is
 * under way, and another one takes it.
 */
@ApplicationScoped
class ReplayPieces {

    /**
     * Rows of replays that may be told to an endpoint now; beyond that nothing is queued until it has been told some. What is tried again
     * later holds nothing up.
     */
    static final int WAITING_MAX = 200;

    /** Of dead letters, at once. */
    private static final int LETTERS_MAX = 1_000;

    private static final String LOCK = """
            SELECT r.replay_id, r.endpoint_id, r.what, r.until, r.reached, r.queued,
                   (
                       SELECT count(*)
                       FROM (
                           SELECT
                           FROM deliveries AS d
                           WHERE d.endpoint_id = r.endpoint_id
                             AND d.replay
                             AND d.next_at <= now()
                           LIMIT ?) AS few)
            FROM replays AS r
            JOIN endpoints AS e ON e.endpoint_id = r.endpoint_id
            WHERE r.replay_id = ?
              AND r.state = 'RUNNING'
              AND e.state <> 'DISABLED'
            FOR UPDATE OF r SKIP LOCKED
            """;

    /**
     * All that was finished in a stretch of time, found by {@code transactions_finished_when}, whatever the endpoint wants of it: that
     * it holds too many shows before anything is queued.
     */
    static final String QUEUE_FINISHED = """
            WITH found AS MATERIALIZED (
                SELECT t.transaction_id, t.processed_at, (%s) AS wanted
                FROM endpoints AS e
                CROSS JOIN transactions AS t
                WHERE e.endpoint_id = ?
                  AND t.processed_at >= ?
                  AND t.processed_at < ?
                LIMIT ?),
            size AS (
                SELECT count(*) AS rows
                FROM found),
            wanted AS (
                SELECT transaction_id,
                       (row_number() OVER (ORDER BY processed_at, transaction_id) - 1) / %d AS parcel
                FROM found, size
                WHERE wanted
                  AND rows < ?),
            queued AS (
                INSERT INTO deliveries (endpoint_id, event, ids, replay)
                SELECT ?, 'p', array_agg(transaction_id), true
                FROM wanted
                GROUP BY parcel
                ORDER BY parcel
                RETURNING cardinality(ids) AS messages)
            SELECT (SELECT rows FROM size), (SELECT coalesce(sum(messages), 0) FROM queued)
            """.formatted(WantedBy.SQL, Telling.IDS_MAX);

    /** Somebody else may send one of the next at the same time: then it is not moved here, and there may be more all the same. */
    private static final String QUEUE_FAILED = """
            WITH next AS MATERIALIZED (
                SELECT dead_letter_id, last_failed_at
                FROM dead_letters
                WHERE endpoint_id = ?
                  AND dead_letter_id > ?
                  AND last_failed_at < ?
                ORDER BY dead_letter_id
                LIMIT ?),
            moved AS (
                DELETE FROM dead_letters
                WHERE dead_letter_id = ANY (ARRAY (SELECT dead_letter_id FROM next))
                RETURNING dead_letter_id, endpoint_id, event, id),
            queued AS (
                INSERT INTO deliveries (endpoint_id, event, ids, replay)
                SELECT endpoint_id, event, ARRAY [id], true
                FROM moved
                ORDER BY dead_letter_id)
            SELECT (SELECT count(*) FROM moved), count(*), coalesce(max(dead_letter_id), 0), coalesce(max(last_failed_at), 'epoch')
            FROM next
            """;

    private static final String MOVE_ON = """
            UPDATE replays
            SET reached = greatest(reached, ?),
                queued = queued + ?,
                state = CASE WHEN ? THEN 'DONE' ELSE state END,
                done_at = CASE WHEN ? THEN clock_timestamp() END
            WHERE replay_id = ?
            RETURNING true
            """;

    /**
     * Pages that were filled since the last vacuum are in no range of the index, and each look would read them all. It waits for no
     * vacuum, and breaks none off: it gives up before the server would.
     *
     * @see <a href="https://www.postgresql.org/docs/current/brin.html#BRIN-OPERATION">Index maintenance</a>
     */
    private static final String SUMMARIZE = """
            SELECT brin_summarize_new_values('transactions_finished_when')
            FROM (SELECT set_config('lock_timeout', '100ms', true)) AS patience
            """;

    private final javax.sql.DataSource dataSource;

    ReplayPieces(@DataSource("delivery") javax.sql.DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** What came of a piece. */
    enum Step {
        /** There is more. */
        GOES_ON,
        /** Nothing can be queued now: enough waits, another replica does it, or it must not go on. */
        RESTS,
        /** It is done. */
        ENDS
    }

    private record Locked(
            long replayId, String endpointId, String what, Instant until, Instant reached, long queued, int waiting) {

        static Locked of(ResultSet row) throws SQLException {
            return new Locked(
                    row.getLong(1),
                    row.getString(2),
                    row.getString(3),
                    Timestamps.of(row, 4),
                    Timestamps.of(row, 5),
                    row.getLong(6),
                    row.getInt(7));
        }
    }

    /**
     * Queues the next piece.
     *
     * @param settled until when everything is finished that ever will be
     */
    Step queueNext(long replayId, ReplayPosition position, Instant settled) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Step step = queueNext(connection, replayId, position, settled);
                connection.commit();
                return step;
            } catch (SQLException | RuntimeException failure) {
                position.isUncertain(failure);
                connection.rollback();
                throw failure;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private static Step queueNext(Connection connection, long replayId, ReplayPosition position, Instant settled)
            throws SQLException {
        List<Locked> locked = new Sql().add(LOCK, WAITING_MAX + 1, replayId).query(connection, Locked::of);
        if (locked.isEmpty() || locked.get(0).waiting() > WAITING_MAX) {
            return Step.RESTS;
        }
        Locked replay = locked.get(0);
        return replay.what().equals(ReplayView.What.FAILED.name())
                ? queueFailed(connection, replay, position)
                : queueFinished(connection, replay, position, settled);
    }

    private record Moved(int count, int found, long lastId, Instant lastFailedAt) {}

    private static Step queueFailed(Connection connection, Locked replay, ReplayPosition position) throws SQLException {
        Moved moved = new Sql()
                .add(QUEUE_FAILED, replay.endpointId(), position.letter(), replay.until(), LETTERS_MAX)
                .query(
                        connection,
                        row -> new Moved(row.getInt(1), row.getInt(2), row.getLong(3), Timestamps.of(row, 4)))
                .get(0);
        position.passedLetter(moved.lastId());
        boolean done = moved.found() < LETTERS_MAX;
        return moveOn(connection, replay, position, done ? replay.until() : moved.lastFailedAt(), moved.count(), done);
    }

    private record Found(long rows, long queued) {}

    private static Step queueFinished(Connection connection, Locked replay, ReplayPosition position, Instant settled)
            throws SQLException {
        Instant limit = earlier(replay.until(), settled);
        if (!limit.isAfter(replay.reached()) && limit.isBefore(replay.until())) {
            return Step.RESTS;
        }
        Instant end = earlier(limit, position.window().end(replay.reached()));
        int rowsMax = position.window().rowsMax();
        Found found = new Sql()
                .add(
                        QUEUE_FINISHED,
                        replay.endpointId(),
                        replay.reached(),
                        end,
                        rowsMax + 1,
                        rowsMax + 1,
                        replay.endpointId())
                .query(connection, row -> new Found(row.getLong(1), row.getLong(2)))
                .get(0);
        position.window().held(found.rows());
        return found.rows() > rowsMax
                ? Step.GOES_ON
                : moveOn(connection, replay, position, end, found.queued(), !end.isBefore(replay.until()));
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static Step moveOn(
            Connection connection, Locked replay, ReplayPosition position, Instant reached, long queued, boolean done)
            throws SQLException {
        new Sql().add(MOVE_ON, reached, queued, done, done, replay.replayId()).query(connection, row -> true);
        position.hasQueued(replay.queued() + queued);
        return done ? Step.ENDS : Step.GOES_ON;
    }

    /** Makes the index ready, as far as it can be. Only the table's owner may, which the service need not be. */
    void prepare() throws SQLException {
        new Sql().add(SUMMARIZE).query(dataSource, row -> row.getInt(1));
    }
}
