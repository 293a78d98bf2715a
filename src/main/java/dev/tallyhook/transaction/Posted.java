package dev.tallyhook.transaction;

import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * How what is finished is found by what it is posted under, in one statement: what came since the last stretch by its time, then one
 * stretch after the other, the newest first, until the page is full, and what was posted late.
 */
final class Posted {

    private final TransactionFilter filter;
    private final int limit;
    private final Sql conditions;
    private final Sql newestFirst;

    /** Whether a page is full as soon as enough is found, newest first. */
    private final boolean isInOrderOfStorage;

    private final Optional<Instant> from;
    private final Optional<Instant> to;

    /**
     * Of a filter that has keys.
     *
     * @param limit how many rows there are at most
     * @param conditions all but the status, as the filter has them
     * @param newestFirst the order and the limit of the list
     */
    Posted(TransactionFilter filter, int limit, Optional<Cursor> after, Sql conditions, Sql newestFirst) {
        this.filter = filter;
        this.limit = limit;
        this.conditions = conditions;
        this.newestFirst = newestFirst;
        this.isInOrderOfStorage = filter.events().isInOrderOfStorage();
        this.from = filter.createdFrom();
        this.to = isInOrderOfStorage && after.isPresent() ? after.map(Cursor::at) : filter.createdTo();
    }

    Sql select() {
        return new Sql()
                .add("SELECT * FROM (WITH recent AS MATERIALIZED (")
                .add(finished("created_at >= coalesce((SELECT max(until) FROM stretches), '-infinity')"))
                .add(newestFirst)
                .add("), older AS MATERIALIZED (")
                .add(older())
                .add("), late AS MATERIALIZED (")
                .add(rows(ofAllKeys(Posted::late)))
                .add(") SELECT * FROM recent UNION SELECT * FROM older UNION SELECT * FROM late) AS finished")
                .add(newestFirst);
    }

    private Sql finished(String when) {
        return new Sql()
                .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE status = 'PROCESSED' AND " + when)
                .add(conditions);
    }

    /** The order of the stretches is that of the list, so none is read after the page is full. */
    private Sql older() {
        var sql = new Sql()
                .add("SELECT found.* FROM stretches AS stretch CROSS JOIN LATERAL (")
                .add(rows(ofAllKeys(Posted::inStretch)))
                .add(") AS found WHERE true");
        from.ifPresent(time -> sql.add(" AND stretch.until > ?", time));
        to.ifPresent(time -> sql.add(" AND stretch.since <= ?", time));
        if (isInOrderOfStorage) {
            sql.add(" AND (SELECT count(*) FROM recent) < ?", limit)
                    .add(" ORDER BY stretch.until DESC, created_at DESC, transaction_id DESC LIMIT ?", limit);
        }
        return sql;
    }

    /** The rows that are posted. */
    private Sql rows(Sql posted) {
        var sql = new Sql()
                .add("SELECT stored.* FROM (SELECT DISTINCT at, hash FROM (")
                .add(posted)
                .add(") AS posted WHERE true");
        from.ifPresent(time -> sql.add(" AND at >= ?", time));
        to.ifPresent(time -> sql.add(" AND at <= ?", time));
        sql.add(" ORDER BY at DESC) AS posted CROSS JOIN LATERAL (")
                .add(finished("created_at = posted.at AND hashtext(transaction_id) = posted.hash"))
                .add(") AS stored");
        if (isInOrderOfStorage) {
            sql.add(" ORDER BY posted.at DESC, transaction_id DESC LIMIT ?", limit);
        }
        return sql;
    }

    /** What is posted under each of them. */
    private Sql ofAllKeys(Function<PostingKey, Sql> select) {
        var sql = new Sql();
        String and = "";
        for (PostingKey key : filter.keys()) {
            sql.add(and).add(select.apply(key));
            and = " INTERSECT ";
        }
        return sql;
    }

    /** A key is in the rows that begin with it, and at the end of the one before them. */
    private static Sql inStretch(PostingKey key) {
        return new Sql()
                .add("SELECT at, hash FROM (")
                .add("SELECT keys, times, hashes FROM postings WHERE until = stretch.until AND first_key = ")
                .add(key.number())
                .add(" UNION ALL (")
                .add("SELECT keys, times, hashes FROM postings WHERE until = stretch.until AND first_key < ")
                .add(key.number())
                .add(" ORDER BY first_key DESC, part DESC LIMIT 1)")
                .add(") AS rows, unnest(keys, times, hashes) AS posting (key, at, hash) WHERE key = ")
                .add(key.number());
    }

    private static Sql late(PostingKey key) {
        return new Sql().add("SELECT at, hash FROM late_postings WHERE key = ").add(key.number());
    }
}
