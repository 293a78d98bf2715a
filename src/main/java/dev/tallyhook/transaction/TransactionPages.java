package dev.tallyhook.transaction;

import static dev.tallyhook.transaction.TransactionStatus.HELD;
import static dev.tallyhook.transaction.TransactionStatus.PROCESSED;
import static dev.tallyhook.transaction.TransactionStatus.PROCESSING;

import dev.tallyhook.citus.Distribution;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the ledger page by page, newest first. */
@ApplicationScoped
class TransactionPages {

    /** Found by their ids, however many there are. */
    private static final String STRAYS =
            "transaction_id = ANY (ARRAY (SELECT DISTINCT transaction_id FROM strays WHERE look_at <> 'infinity'))";

    /** A hold puts it there, and a release beside it again, with its time. */
    private static final String HELD_STRAYS =
            "transaction_id = ANY (ARRAY (SELECT DISTINCT transaction_id FROM strays))";

    private final DataSource dataSource;
    private final Distribution distribution;
    private final EventDetails events;

    TransactionPages(DataSource dataSource, Distribution distribution, EventDetails events) {
        this.dataSource = dataSource;
        this.distribution = distribution;
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
        List<TransactionView> found = distribution.map().isPresent()
                ? ShardPages.read(dataSource, filter, page.rowsToLookFor(), page.after(list))
                : select(filter, page.rowsToLookFor(), page.after(list))
                        .query(dataSource, row -> TransactionView.of(row, 1));
        List<TransactionView> detailed = events.of(found);
        return new Page(
                page.rows(detailed),
                page.nextCursor(
                        detailed, list, last -> new Cursor(filter.events().time(last), last.transactionId())));
    }

    static Sql select(TransactionFilter filter, int limit, Optional<Cursor> after) {
        var select = new Select(filter, limit, after, filter.conditions(after));
        if (filter.transactionId().isPresent()) {
            return select.ofOneId();
        }
        return filter.status().map(select::ofOneStatus).orElseGet(select::ofAll);
    }

    /**
     * The statements of lists.
     *
     * @param limit how many rows there are at most
     * @param conditions all but the status
     */
    private record Select(TransactionFilter filter, int limit, Optional<Cursor> after, Sql conditions) {

        /** Found by the primary key. */
        Sql ofOneId() {
            return where(filter.status().map(Select::is).orElse("true"));
        }

        Sql ofAll() {
            if (filter.isPosted()) {
                return posted("true", filter.keys()).select();
            }
            return filter.isRuledOutSomewhere() ? anyOf("true", whereItMayBe("true", "true")) : where("true");
        }

        Sql ofOneStatus(TransactionStatus status) {
            return switch (status) {
                case PROCESSED ->
                    filter.isPosted() ? posted(is(PROCESSED), filter.keys()).select() : finished();
                case PROCESSING -> waiting();
                case HELD -> where(is(HELD) + " AND " + HELD_STRAYS);
            };
        }

        private Posted posted(String status, List<PostingKey> keys) {
            return new Posted(filter, keys, limit, after, status, conditions, newestFirst());
        }

        /** What is not due yet is passed over, but for the latest of it. */
        private Sql finished() {
            List<Sql> older = whereItMayBe(is(PROCESSED), "is_due_in(open_due, due_from)");
            older.add(where(is(PROCESSED) + " AND " + STRAYS));
            return anyOf(is(PROCESSED), older);
        }

        /** What is settled is passed over, and there is little else. */
        private Sql waiting() {
            return anyOf(
                    is(PROCESSING),
                    List.of(
                            inStretches(is(PROCESSING), "open_since", new Sql().add("open_due IS NOT NULL")),
                            where(is(PROCESSING) + " AND " + STRAYS)));
        }

        /** In the stretches that may have it, and in what came late where a stretch is passed over. */
        private List<Sql> whereItMayBe(String status, String which) {
            List<Sql> places = new ArrayList<>();
            places.add(inStretches(
                    status, "since", new Sql().add(which).add(filter.events().stretches())));
            filter.events()
                    .ruledOut()
                    .ifPresent(key -> places.add(posted(status, List.of(key)).late()));
            return places;
        }

        /** One after the other, the latest first, until the page is full. A subquery with a limit is joined by a nested loop, in that order. */
        private Sql inStretches(String status, String begin, Sql which) {
            var sql = new Sql()
                    .add("SELECT found.* FROM (SELECT " + begin + " AS since, until FROM stretches WHERE ")
                    .add(which)
                    .add(filter.stretches(after))
                    .add(" ORDER BY until DESC) AS stretch CROSS JOIN LATERAL (")
                    .add(where(status + " AND created_at >= stretch.since AND created_at < stretch.until"))
                    .add(") AS found");
            return filter.events().isInOrderOfStorage() ? sql.add(" LIMIT ?", limit) : sql;
        }

        private static String is(TransactionStatus status) {
            return "status = '" + status + "'";
        }

        /** What is in no stretch yet, and what else there is: that is older, and not looked for if the page is full without it. */
        private Sql anyOf(String status, List<Sql> older) {
            var sql = new Sql()
                    .add("SELECT * FROM (WITH recent AS MATERIALIZED (")
                    .add(where(status + " AND created_at >= " + Stretches.CLOSED_UNTIL))
                    .add(") SELECT * FROM recent");
            for (Sql place : older) {
                sql.add(" UNION SELECT * FROM (").add(place).add(") AS older");
                if (filter.events().isInOrderOfStorage()) {
                    sql.add(" WHERE (SELECT count(*) FROM recent) < ?", limit);
                }
            }
            return sql.add(") AS any_of_them").add(newestFirst());
        }

        private Sql where(String condition) {
            return new Sql()
                    .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE " + condition)
                    .add(conditions)
                    .add(newestFirst());
        }

        /** Those that share a {@code created_at} came in one commit. */
        private Sql newestFirst() {
            return new Sql().add(" ORDER BY " + filter.events().time() + " DESC, transaction_id DESC LIMIT ?", limit);
        }
    }
}
