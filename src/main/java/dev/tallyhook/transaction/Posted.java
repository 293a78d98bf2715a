package dev.tallyhook.transaction;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How transactions are found by what they are posted under, in one statement: what came since the last stretch by its time, then one
 * stretch after the other, the newest first, until the page is full, and what was posted late.
 */
final class Posted {

    private final List<PostingKey> keys;
    private final int limit;
    private final String status;
    private final Sql conditions;
    private final Sql newestFirst;

    /** Whether a page is full as soon as enough is found, newest first. */
    private final boolean isInOrderOfStorage;

    private final Optional<Instant> from;
    private final Optional<Instant> to;
    private final Sql stretches;

    /**
     * Of a filter, by what all that it names is posted under.
     *
     * @param keys one at least
     * @param limit how many rows there are at most
     * @param status a condition
     * @param conditions all but the status, as the filter has them
     * @param newestFirst the order and the limit of the list
     */
    Posted(
            TransactionFilter filter,
            List<PostingKey> keys,
            int limit,
            Optional<Cursor> after,
            String status,
            Sql conditions,
            Sql newestFirst) {
        this.keys = keys;
        this.limit = limit;
        this.status = status;
        this.conditions = conditions;
        this.newestFirst = newestFirst;
        this.isInOrderOfStorage = filter.events().isInOrderOfStorage();
        this.from = filter.createdFrom();
        this.to = filter.latest(after);
        this.stretches = filter.stretches(after).add(filter.events().stretches());
    }

    Sql select() {
        return new Sql()
                .add("SELECT * FROM (WITH recent AS MATERIALIZED (")
                .add(stored("created_at >= " + Stretches.CLOSED_UNTIL))
                .add(newestFirst)
                .add("), older AS MATERIALIZED (")
                .add(older())
                .add("), late AS MATERIALIZED (")
                .add(late())
                .add(") SELECT * FROM recent UNION SELECT * FROM older UNION SELECT * FROM late) AS stored")
                .add(newestFirst);
    }

    private Sql stored(String when) {
        return new Sql()
                .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE " + status + " AND " + when)
                .add(conditions);
    }

    /**
     * One stretch after the other, the latest first, so none is read after the page is full. That needs no sort, which the planner would
     * make of all of them, because it expects few: a subquery with a limit that depends on what is before it is joined by a nested loop, in the
     * order of that.
     */
    private Sql older() {
        var sql = new Sql()
                .add("SELECT found.* FROM (SELECT until FROM stretches WHERE true")
                .add(stretches);
        if (isInOrderOfStorage) {
            sql.add(" AND (SELECT count(*) FROM recent) < ?", limit);
        }
        sql.add(" ORDER BY until DESC) AS stretch CROSS JOIN LATERAL (")
                .add(fewest("postings WHERE until = stretch.until AND first_key", inIt()))
                .add(") AS chosen CROSS JOIN LATERAL (")
                .add(inStretch())
                .add(") AS found");
        return first(sql);
    }

    /**
     * Whether a stretch has all keys, since only then there may be a row with all of them: most have none of what is rare, and that takes one
     * probe. The last row that begins with a key or with one before it has that key, if any has.
     */
    private Sql inIt() {
        var sql = new Sql();
        String and = "";
        for (PostingKey key : keys) {
            sql.add(and + "(SELECT ")
                    .add(key.number())
                    .add(" = ANY (keys) FROM postings WHERE until = stretch.until AND first_key <= ")
                    .add(key.number())
                    .add(" ORDER BY first_key DESC, part DESC LIMIT 1)");
            and = " AND ";
        }
        return sql;
    }

    /** Of the keys that with the fewest rows, counted as far as that matters: what else is asked for is compared in the rows found by it. */
    private Sql fewest(String rowsOfKey, Sql condition) {
        if (keys.size() == 1) {
            return new Sql()
                    .add("SELECT ")
                    .add(keys.get(0).number())
                    .add(" AS key WHERE ")
                    .add(condition)
                    .add(" LIMIT 1");
        }
        var sql = new Sql().add("SELECT key FROM (VALUES ");
        String and = "";
        int place = 0;
        for (PostingKey key : keys) {
            sql.add(and + "(" + place++ + ", ").add(key.number()).add(")");
            and = ", ";
        }
        return sql.add(") AS choice (place, key) WHERE ")
                .add(condition)
                .add(" ORDER BY (SELECT count(*) FROM (SELECT FROM " + rowsOfKey
                        + " = choice.key LIMIT 1000) AS few), place LIMIT 1");
    }

    /**
     * A key is in the rows that begin with it, and at the end of the one before them, if at all; the last of them has the latest times. Its
     * places are looked up, because to unnest all that a row has takes thirty times as long.
     */
    private Sql inStretch() {
        var sql = new Sql()
                .add("SELECT page.* FROM (")
                .add("SELECT first_key, part FROM postings WHERE until = stretch.until AND first_key = chosen.key");
        to.ifPresent(time -> sql.add(" AND first_at <= ?", time));
        sql.add(
                        " UNION ALL (SELECT first_key, part FROM postings WHERE until = stretch.until AND first_key < chosen.key"
                                + " ORDER BY first_key DESC, part DESC LIMIT 1) ORDER BY part DESC) AS place CROSS JOIN LATERAL ("
                                + "SELECT keys, times, hashes FROM postings"
                                + " WHERE until = stretch.until AND first_key = place.first_key AND part = place.part LIMIT 1"
                                + ") AS posting CROSS JOIN LATERAL (SELECT stored.* FROM (SELECT DISTINCT at, hash FROM (SELECT"
                                + " posting.times[i] AS at, posting.hashes[i] AS hash"
                                + " FROM unnest(array_positions(posting.keys, chosen.key)) AS i OFFSET 0) AS one WHERE true")
                .add(inTime());
        if (isInOrderOfStorage) {
            sql.add(" ORDER BY at DESC"); // So that no more rows are looked up than a page has.
        }
        return page(sql);
    }

    /** What was posted late. */
    Sql late() {
        return page(new Sql()
                .add("SELECT page.* FROM (")
                .add(fewest("late_postings WHERE key", new Sql().add("true")))
                .add(") AS chosen CROSS JOIN LATERAL (SELECT DISTINCT at FROM late_postings WHERE key = chosen.key")
                .add(inTime())
                .add(" ORDER BY at DESC) AS moment CROSS JOIN LATERAL (SELECT stored.* FROM (SELECT DISTINCT at, hash"
                        + " FROM late_postings WHERE key = chosen.key AND at = moment.at"));
    }

    /** Ends what selects a page after the other, each of the rows whose times and hashes have been selected last, in their order. */
    private Sql page(Sql sql) {
        sql.add(") AS posted CROSS JOIN LATERAL (")
                .add(stored("created_at = posted.at AND hashtext(transaction_id) = posted.hash"))
                .add(") AS stored");
        if (isInOrderOfStorage) {
            sql.add(" ORDER BY created_at DESC, transaction_id DESC LIMIT ?", limit);
        }
        return first(sql.add(") AS page"));
    }

    private Sql inTime() {
        var sql = new Sql();
        from.ifPresent(time -> sql.add(" AND at >= ?", time));
        to.ifPresent(time -> sql.add(" AND at <= ?", time));
        return sql;
    }

    /** Where a page is full as soon as enough is found, no more is looked for. */
    private Sql first(Sql sql) {
        return isInOrderOfStorage ? sql.add(" LIMIT ?", limit) : sql;
    }
}
