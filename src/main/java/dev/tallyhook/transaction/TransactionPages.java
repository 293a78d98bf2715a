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
        var select = new Select(filter, limit, after, filter.conditions(after));
        return filter.status()
                .map(select::ofOneStatus)
                .orElseGet(() -> filter.transactionId().isPresent() ? select.ofOneId() : select.ofAll());
    }

    /**
     * The statements of lists.
     *
     * @param limit how many rows there are at most
     * @param conditions all but the status
     */
    private record Select(TransactionFilter filter, int limit, Optional<Cursor> after, Sql conditions) {

        /** Found by the primary key, whatever its status. */
        Sql ofOneId() {
            return where("true", conditions);
        }

        /** Few wait, and fewer are held; of what is finished, whatever a transaction can be found by is posted. */
        Sql ofOneStatus(TransactionStatus status) {
            return status == PROCESSED && filter.isPosted()
                    ? new Posted(filter, limit, after, conditions, newestFirst()).select()
                    : ofOneStatus(status, conditions);
        }

        /** The status is a literal, because only so the indexes that are partial by it can serve. */
        private Sql ofOneStatus(TransactionStatus status, Sql conditions) {
            return where("status = '" + status + "'", conditions);
        }

        private Sql where(String condition, Sql conditions) {
            return new Sql()
                    .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE " + condition)
                    .add(conditions)
                    .add(newestFirst());
        }

        /** Those that share a {@code created_at} came in one commit. */
        private Sql newestFirst() {
            return new Sql().add(" ORDER BY " + filter.events().time() + " DESC, transaction_id DESC LIMIT ?", limit);
        }

        /**
         * Merges the lists of all statuses, in one statement, so that a transaction that is finished or held meanwhile stands in exactly
         * one of them.
         */
        Sql ofAll() {
            return new Sql()
                    .add("WITH finished AS MATERIALIZED (")
                    .add(ofOneStatus(PROCESSED))
                    .add("), waiting AS MATERIALIZED (")
                    .add(ofOneStatus(PROCESSING, new Sql().add(conditions).add(asFarBackAsFinished())))
                    .add("), held AS MATERIALIZED (")
                    .add(ofOneStatus(HELD))
                    .add(
                            ") SELECT * FROM (SELECT * FROM finished UNION ALL SELECT * FROM waiting UNION ALL SELECT * FROM held) AS any_status")
                    .add(newestFirst());
        }

        /**
         * Those that wait are looked for no further back than a page of finished ones reaches: beyond it may lie the dead index entries
         * of all that has been finished lately. By a provider's times nobody knows how far back they were stored.
         */
        private Sql asFarBackAsFinished() {
            return filter.events().isInOrderOfStorage() ? new Sql().add(AS_FAR_BACK_AS_FINISHED, limit) : new Sql();
        }
    }
}
