package dev.tallyhook.transaction;

import static dev.tallyhook.transaction.TransactionStatus.HELD;
import static dev.tallyhook.transaction.TransactionStatus.PROCESSED;
import static dev.tallyhook.transaction.TransactionStatus.PROCESSING;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the ledger page by page, newest first. */
@ApplicationScoped
class TransactionPages {

    /** Those that share a time came in one commit. */
    private static final String NEWEST_FIRST = " ORDER BY created_at DESC, transaction_id DESC LIMIT ?";

    private static final String AS_FAR_BACK_AS_FINISHED =
            " AND created_at >= coalesce((SELECT min(created_at) FROM finished HAVING count(*) = ?), '-infinity')";

    private final DataSource dataSource;
    private final EventDetails events;

    TransactionPages(DataSource dataSource, EventDetails events) {
        this.dataSource = dataSource;
        this.events = events;
    }

    /**
     * A page of a list.
     *
     * @param transactions newest first
     * @param nextCursor where the next page begins, or null if this is the last one
     */
    record Page(
            List<TransactionView> transactions, @Nullable String nextCursor) {}

    /**
     * Reads a page.
     *
     * @throws dev.tallyhook.problem.ProblemException 400 if the cursor does not belong to this filter
     */
    Page read(TransactionFilter filter, PageRequest page) throws SQLException {
        String list = "transactions " + filter;
        List<TransactionView> found = select(filter, page.rowsToLookFor(), page.after(list))
                .query(dataSource, row -> TransactionView.of(row, 1));
        List<TransactionView> detailed = events.of(found);
        return new Page(
                page.rows(detailed),
                page.nextCursor(
                        detailed, list, last -> new Cursor(filter.events().time(last), last.transactionId())));
    }

    static Sql select(TransactionFilter filter, int limit, Optional<Cursor> after) {
        if (filter.events().isOfEvents()) {
            return ofEvents(filter, limit, after);
        }
        Sql conditions = filter.conditions(after);
        return filter.status()
                .map(status -> ofOneStatus(status, conditions, limit))
                .orElseGet(() ->
                        filter.transactionId().isPresent() ? ofOneId(conditions, limit) : ofAll(conditions, limit));
    }

    private static Sql ofEvents(TransactionFilter filter, int limit, Optional<Cursor> after) {
        return new Sql()
                .add(
                        "SELECT " + TransactionView.COLUMNS.replaceAll("(\\w+)", "transactions.$1")
                                + " FROM events JOIN transactions ON transactions.transaction_id = events.transaction_id WHERE true")
                .add(filter.conditionsOnEvents(after))
                .add(" ORDER BY " + filter.events().time() + " DESC, events.transaction_id DESC LIMIT ?", limit);
    }

    /** Found by the primary key, whatever its status. */
    private static Sql ofOneId(Sql conditions, int limit) {
        return where("true", conditions, limit);
    }

    /** The status is a literal, because only so the indexes that are partial by it can serve. */
    private static Sql ofOneStatus(TransactionStatus status, Sql conditions, int limit) {
        return where("status = '" + status + "'", conditions, limit);
    }

    private static Sql where(String condition, Sql conditions, int limit) {
        return new Sql()
                .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE " + condition)
                .add(conditions)
                .add(NEWEST_FIRST, limit);
    }

    /**
     * Merges the lists of all statuses, in one statement, so that a transaction that is finished or held meanwhile stands in exactly
     * one of them. Those that wait are looked for no further back than a page of finished ones reaches: beyond it may lie the
     * dead index entries of all that has been finished lately.
     */
    private static Sql ofAll(Sql conditions, int limit) {
        return new Sql()
                .add("WITH finished AS MATERIALIZED (")
                .add(ofOneStatus(PROCESSED, conditions, limit))
                .add("), waiting AS MATERIALIZED (")
                .add(ofOneStatus(PROCESSING, new Sql().add(conditions).add(AS_FAR_BACK_AS_FINISHED, limit), limit))
                .add("), held AS MATERIALIZED (")
                .add(ofOneStatus(HELD, conditions, limit))
                .add(
                        ") SELECT * FROM (SELECT * FROM finished UNION ALL SELECT * FROM waiting UNION ALL SELECT * FROM held) AS any_status")
                .add(NEWEST_FIRST, limit);
    }
}
