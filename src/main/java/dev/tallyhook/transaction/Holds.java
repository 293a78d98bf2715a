package dev.tallyhook.transaction;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.problem.ProblemException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Holds transactions back and releases them, with a record of who did so. The status decides, in one statement with the record: of a
 * hold and a poller that come for the same row at once one locks it first, and the other then sees what became of it.
 */
class Holds {

    /** A row that changes between the statement and the look at why it changed nothing is tried again so often. */
    private static final int TRIES_MAX = 3;

    /** More than anybody holds a transaction; what is older stays on record in the table. */
    static final int LISTED_MAX = 500;

    private static final String CHANGE = """
            WITH changed AS (
                UPDATE transactions
                SET %s
                WHERE transaction_id = ?
                  AND status = '%s'
                RETURNING %s),
            recorded AS (
                INSERT INTO holds (transaction_id, action, by, reason)
                SELECT transaction_id, '%s', ?, ?
                FROM changed)
            SELECT *
            FROM changed
            WHERE\s""" + DURABLY;

    private static final String LIST = """
            SELECT action, at, by, reason
            FROM holds
            WHERE transaction_id = ?
            ORDER BY hold_id DESC
            LIMIT ?
            """;

    private static final String STATUS =
            "SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE transaction_id = ?";

    private final DataSource dataSource;

    Holds(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** What can be done, from which status, to which. */
    enum Action {
        HOLD("status = 'HELD'", TransactionStatus.PROCESSING, TransactionStatus.HELD),
        /**
         * Due at its own time, or now if that has passed: then it is as late as it was released and not as it was held, and the poller,
         * which does not look at what was due long ago, finds it.
         */
        RELEASE(
                "status = 'PROCESSING', due_at = greatest(due_at, clock_timestamp())",
                TransactionStatus.HELD,
                TransactionStatus.PROCESSING);

        private final String sql;

        private final TransactionStatus to;

        Action(String change, TransactionStatus from, TransactionStatus to) {
            this.sql = CHANGE.formatted(change, from, TransactionView.COLUMNS, name());
            this.to = to;
        }

        /** In a shard, whose tables have no identity columns of their own: the number is of the server's share of the sequence. */
        String inShard() {
            return sql.replace("INSERT INTO holds (transaction_id", "INSERT INTO holds (hold_id, transaction_id")
                    .replace(
                            "SELECT transaction_id, '" + name() + "'",
                            "SELECT next_number('hold'), transaction_id, '" + name() + "'");
        }
    }

    /**
     * What became of it.
     *
     * @param transaction as it is now
     * @param changed false if it was so before
     */
    record Result(TransactionView transaction, boolean changed) {}

    /**
     * On record.
     *
     * @param at by the database's clock
     * @param by a fingerprint of the token that was shown
     */
    record Entry(
            Action action, Instant at, String by, @Nullable String reason) {}

    /**
     * Holds it or releases it, which may be said again without harm.
     *
     * @throws ProblemException 404 if there is none with this id, 409 if it is finished already, 503 if it changes all the time
     */
    Result apply(Action action, String transactionId, String by, @Nullable String reason) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            for (int i = 0; i < TRIES_MAX; i++) {
                List<TransactionView> changed = change(connection, action, transactionId, by, reason);
                if (!changed.isEmpty()) {
                    return result(connection, changed.get(0), true);
                }
                TransactionView now = stored(connection, transactionId);
                if (now.status() == TransactionStatus.PROCESSED) {
                    throw ProblemException.conflict("The transaction is finished already; nothing was changed");
                }
                if (now.status() == action.to) {
                    return result(connection, now, false);
                }
            }
        }
        throw ProblemException.unavailable(
                "Somebody else holds and releases this transaction at the same time; try again");
    }

    private static Result result(Connection connection, TransactionView now, boolean changed) throws SQLException {
        return new Result(EventDetails.of(connection, List.of(now)).get(0), changed);
    }

    /** As it is now, if it was changed. */
    List<TransactionView> change(
            Connection connection, Action action, String transactionId, String by, @Nullable String reason)
            throws SQLException {
        return new Sql()
                .add(action.sql, transactionId, by, reason)
                .query(connection, row -> TransactionView.of(row, 1));
    }

    private static TransactionView stored(Connection connection, String transactionId) throws SQLException {
        List<TransactionView> now =
                new Sql().add(STATUS, transactionId).query(connection, row -> TransactionView.of(row, 1));
        if (now.isEmpty()) {
            Gone.refuse(connection, transactionId);
            throw ProblemException.notFound("Transaction not found");
        }
        return now.get(0);
    }

    /** What was done with it, latest first, {@link #LISTED_MAX} at most. */
    List<Entry> list(String transactionId) throws SQLException {
        return new Sql().add(list(), transactionId, LISTED_MAX).query(dataSource, Holds::entry);
    }

    /** The statement that lists them. */
    String list() {
        return LIST;
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(Action.valueOf(row.getString(1)), Timestamps.of(row, 2), row.getString(3), row.getString(4));
    }
}
