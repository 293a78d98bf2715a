package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.Directory;
import dev.tallyhook.endpoint.EventKind;
import jakarta.inject.Singleton;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * How what changes the ledger queues what endpoints are to be told of it: by a part of the very statement that changes it, so that
 * there is no change without its messages, and no message without its change.
 */
@Singleton
public class Telling {

    /**
     * So many ids stand in one row of the queue at most: few enough to be told before a lease is over, and many enough that a row
     * costs little for each.
     */
    static final int IDS_MAX = 250;

    /** What has to be known of a transaction {@code t} to say who wants it. */
    public static final String COLUMNS =
            "transaction_id, source, type, currency, source_account, destination_account, amount";

    /** The endpoints that a statement queued something for; NULL if none. */
    public static final String WHOM = "(SELECT array_agg(DISTINCT endpoint_id) FROM told)";

    /**
     * Endpoints without filters, which most are, get the same pieces, so those are cut once and not for each of them; for the others each
     * row is looked at.
     */
    private static final String QUEUE = """
            ,
            pieces AS MATERIALIZED (
                SELECT changed.ids[first : first + %3$d - 1] AS ids
                FROM (SELECT array_agg(t.%2$s) AS ids FROM %4$s AS t) AS changed
                CROSS JOIN generate_series(1, cardinality(changed.ids), %3$d) AS first),
            told AS (
                INSERT INTO deliveries (endpoint_id, event, ids)
                SELECT e.endpoint_id, '%1$s'::"char", pieces.ids
                FROM endpoints AS e CROSS JOIN pieces
                WHERE e.state <> 'DISABLED' AND '%5$s' = ANY (e.events) AND %6$s
                UNION ALL
                SELECT endpoint_id, '%1$s'::"char", array_agg(id)
                FROM (SELECT e.endpoint_id, t.%2$s AS id,
                             (row_number() OVER (PARTITION BY e.endpoint_id) - 1) / %3$d AS piece
                      FROM %4$s AS t JOIN endpoints AS e ON
                          e.state <> 'DISABLED' AND '%5$s' = ANY (e.events) AND NOT %6$s AND
                          %7$s) AS wanted
                GROUP BY endpoint_id, piece
                RETURNING endpoint_id)
            """;

    /** The answer of {@link #keep}, where {@link #WHOM} would stand: who wants it is found out later. */
    public static final String KEPT = "(SELECT count(*) FROM told)";

    private static final String KEEP = """
            ,
            %s AS (
                INSERT INTO tellings (transaction_id, event, ids, of_transactions)
                SELECT min(of_transaction), '%s', array_agg(id), array_agg(of_transaction)
                FROM (SELECT t.%s AS id, t.transaction_id AS of_transaction, (row_number() OVER () - 1) / %d AS piece
                      FROM %s AS t) AS numbered
                GROUP BY piece
                RETURNING 1)
            """;

    private final Directory directory;
    private final Nudge nudge = new Nudge();
    private final Semaphore toCarry = new Semaphore(0);
    private final LedgerFirst ledgerFirst = new LedgerFirst(System::nanoTime);

    Telling(Directory directory) {
        this.directory = directory;
    }

    /**
     * The part, to stand among a statement's CTEs.
     *
     * @param of the CTE, or the table with its condition, that has the {@link #COLUMNS} of what changed; it is read twice
     * @param id which of its columns names what a message is about, as text
     */
    public static String queue(EventKind kind, String of, String id) {
        return QUEUE.formatted(kind.code(), id, IDS_MAX, of, kind.type(), WantedBy.NO_FILTERS, WantedBy.SQL);
    }

    /**
     * The same part of a statement in a shard: the queue and the endpoints are on another server, so what is to be told is kept in the
     * shard, until it is {@linkplain Relay carried} there.
     */
    public static String keep(EventKind kind, String of, String id) {
        return keep("told", kind, of, id);
    }

    /** Under a name of its own, where there are several. */
    public static String keep(String name, EventKind kind, String of, String id) {
        return KEEP.formatted(name, kind.code(), id, IDS_MAX, of);
    }

    /** Whether anybody may want to hear of that; if not, the part can be left out. */
    public boolean isWanted(EventKind kind) {
        return directory.wants(kind);
    }

    /** A statement has queued something for {@link #WHOM}, which is in this column, and has committed. */
    public void queued(ResultSet row, int whom) throws SQLException {
        Array endpoints = row.getArray(whom);
        if (endpoints != null) {
            nudge.give(List.of((String[]) endpoints.getArray()));
        }
    }

    /** A statement in a shard has kept something, and has committed. */
    public void kept() {
        toCarry.release();
    }

    /** Where the relay waits for something to carry. */
    Semaphore toCarry() {
        return toCarry;
    }

    /** A statement has finished as many as it may, so there may be more, and that comes first. */
    public void moreIsDue() {
        ledgerFirst.moreIsDue();
    }

    LedgerFirst ledgerFirst() {
        return ledgerFirst;
    }

    /** Where the courier waits for news. */
    Nudge nudge() {
        return nudge;
    }
}
