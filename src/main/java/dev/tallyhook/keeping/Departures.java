package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Writers;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Finds transactions that were kept long enough, and deletes them. They are found in the order in which they were due, because what is due
 * later was finished later; where it has come to is remembered, so that what is deleted is not read again.
 *
 * <p>The id is remembered first, in a transaction of its own. What is being stored meanwhile and does not see that yet meets the row itself,
 * which is deleted only when everybody is over who might not have seen it. So an id is at no moment unknown.
 */
class Departures {

    /** Of what is stored; a hint to the planner apart: it must read what is due in its order, and not sort all that there is. */
    private static final String IN_ORDER = "SELECT set_config('enable_bitmapscan', 'off', true)";

    /** Whatever somebody has loaded from the archive stays until its time is over; what stands in a file from which is still deleted goes by that. */
    private static final String NEXT = """
            WITH piece AS MATERIALIZED (
                SELECT transaction_id, xmin::text AS version, due_at, created_at
                FROM transactions
                WHERE due_at >= ?
                  AND due_at < now() - ?::interval
                  AND status = 'PROCESSED'
                  AND processed_at < now() - ?::interval
                  AND created_at < now() - ?::interval
                ORDER BY due_at
                LIMIT ?),
            owed AS MATERIALIZED (
                SELECT DISTINCT id
                FROM deliveries, unnest(ids) AS id
                WHERE event IN ('p', 'a')
                  AND id IN (SELECT transaction_id FROM piece)),
            files AS MATERIALIZED (
                SELECT due_from, due_to
                FROM archives
                WHERE state IN ('LOADED', 'WRITTEN'))
            SELECT transaction_id, version, due_at, (created_at AT TIME ZONE 'UTC')::date,
                   owed.id IS NULL
                       AND NOT EXISTS (SELECT FROM files WHERE piece.due_at BETWEEN due_from AND due_to),
                   now() - ?::interval - due_at > least(interval '1 day', ?::interval / 24),
                   extract(epoch FROM now() - ?::interval - due_at)
            FROM piece
            LEFT JOIN owed ON owed.id = transaction_id
            ORDER BY due_at
            """;

    /**
     * What was found was finished and owed to nobody, by one snapshot, and what finishes also queues: from then on it is only queued again to be told
     * once more, which is marked, and of which little waits for an endpoint. The other part of the queue may be long, if one is away for days.
     */
    static final String NOT_OWED_AGAIN = """
            SELECT unnest(?::text[])
            EXCEPT
            SELECT unnest(ids)
            FROM endpoints
            CROSS JOIN LATERAL (
                SELECT ids, event
                FROM deliveries
                WHERE deliveries.endpoint_id = endpoints.endpoint_id
                  AND replay
                OFFSET 0) AS again
            WHERE event IN ('p', 'a')
            """;

    /** Another one after each start, and on each server. */
    private static final String SERVER = "extract(epoch FROM pg_postmaster_start_time())::text";

    private static final String WHICH_SERVER = "SELECT " + SERVER;

    /**
     * To be done in the session that has looked. What it saw as told may not be on disk yet, nor on a standby: with this it is, on this server; and what
     * is found elsewhere later may not be the same.
     */
    private static final String SETTLE_WHAT_WAS_SEEN = "UPDATE keeping SET until = until RETURNING " + SERVER;

    /** What is still to be told must be there to be told. */
    private static final String NOT_OWED = """
            WITH wanted AS MATERIALIZED (
                SELECT unnest(?::text[]) AS id)
            SELECT id
            FROM wanted
            EXCEPT
            SELECT id
            FROM deliveries, unnest(ids) AS id
            WHERE event IN ('p', 'a')
              AND id IN (SELECT id FROM wanted)
            """;

    /** Again, if a piece was broken off, or its rows were loaded from the archive. */
    private static final String REMEMBER = """
            INSERT INTO gone (transaction_id, content, gone_at)
            SELECT transaction_id, %s, now()
            FROM transactions
            WHERE transaction_id = ANY (?)
            ORDER BY transaction_id
            ON CONFLICT (transaction_id) DO UPDATE
            SET content = excluded.content, gone_at = excluded.gone_at
            RETURNING 1
            """;

    private static final String WITH_CONTENT =
            REMEMBER.formatted("content_digest(transaction_id, source_account, destination_account, amount, currency)");

    private static final String WITHOUT_CONTENT = REMEMBER.formatted("NULL::bytea");

    /** What is as it was read. Where ids are remembered, one that is not any more has been loaded back meanwhile. */
    private static final String AS_READ = """
            FROM unnest(?::text[], ?::text[]) AS read (transaction_id, version)
            JOIN transactions ON transactions.transaction_id = read.transaction_id AND transactions.xmin = read.version::xid
            WHERE (NOT ? OR read.transaction_id = ANY (
                    ARRAY (SELECT gone.transaction_id FROM gone WHERE gone.transaction_id = ANY (?::text[]))))
            """;

    /**
     * What was changed since it was read stays, and so does what somebody has locked. Its traces go with it. Where they are in a file, it must be
     * written by what this very database knows: after a failover to a server that was behind, it may be one of which that knows less.
     */
    private static final String DELETE = """
            WITH old AS MATERIALIZED (
                SELECT transactions.transaction_id
            """ + AS_READ + """
                  AND (?::text IS NULL OR EXISTS (SELECT FROM archives WHERE name = ? AND state = 'WRITTEN'))
                FOR UPDATE OF transactions SKIP LOCKED),
            deleted AS (
                DELETE FROM transactions
                WHERE transaction_id = ANY (ARRAY (SELECT transaction_id FROM old))
                RETURNING transaction_id, created_at, source_account, destination_account, source, type, subject),
            traces AS (
                DELETE FROM events
                WHERE transaction_id = ANY (ARRAY (SELECT transaction_id FROM deleted))),
            late AS (
                DELETE FROM late_postings
                USING deleted,
                    unnest(posting_keys(source_account, destination_account, source, type, subject)
                        || ARRAY [posting_key(6, ''), posting_key(7, '')]) AS posted (of_key)
                WHERE key = of_key AND at = created_at AND hash = hashtext(transaction_id))
            SELECT count(*) FROM deleted
            """;

    /** After that: what it has passed over, and nobody has changed so far. */
    private static final String LOCKED = "SELECT count(*)" + AS_READ;

    private static final OffsetDateTime BEGINNING = OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    /** Of the session that stores: it stores nothing by what it saw longer ago. A foreign one that is open for longer is not waited for. */
    private static final Duration WRITER_MAX = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofMillis(5);

    private final DataSource dataSource;
    private final boolean remembers;
    private OffsetDateTime position = BEGINNING;

    /** Where it was looked last; none, if it was not. */
    private @Nullable String server;

    /** When writers that are still under way were seen first, by the monotonic clock. */
    private final Map<String, Long> writers = new HashMap<>();

    Departures(DataSource dataSource, boolean remembers) {
        this.dataSource = dataSource;
        this.remembers = remembers;
    }

    /**
     * Where a transaction stands.
     *
     * @param version another one when anything of the row has changed
     */
    record Row(String transactionId, String version) {}

    /**
     * A transaction that was finished long ago.
     *
     * @param day on which it was created, in UTC
     * @param mayGo false if it is owed to an endpoint, was loaded from the archive, or goes by a file of it
     * @param mustGo whether it is late, also for a file that is not full: by a day, or by a 24th of its time where that is less
     * @param overstayed since it should have gone
     */
    record Old(Row row, OffsetDateTime dueAt, LocalDate day, boolean mayGo, boolean mustGo, Duration overstayed) {}

    /**
     * What has become of some.
     *
     * @param gone deleted
     * @param locked that somebody else has locked, who may be deleting them
     */
    record Piece(long gone, long locked) {}

    /** Looks at all of them once more: what stayed behind may go now. */
    void beginAnew() {
        position = BEGINNING;
    }

    /** The next ones, in the order in which they were due. Those are passed by which {@link #isPast} is told of. */
    List<Old> next(String age, int most) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Patiently.commit(connection, patient -> {
                new Sql().add(IN_ORDER).query(patient, row -> true);
                List<Old> found = new Sql()
                        .add(NEXT, position, age, age, age, most, age, age, age)
                        .query(
                                patient,
                                row -> new Old(
                                        new Row(row.getString(1), row.getString(2)),
                                        row.getObject(3, OffsetDateTime.class),
                                        row.getObject(4, LocalDate.class),
                                        row.getBoolean(5),
                                        row.getBoolean(6),
                                        Duration.ofSeconds(row.getLong(7))));
                server = found.isEmpty() ? null : one(patient, SETTLE_WHAT_WAS_SEEN);
                return found;
            });
        }
    }

    /** Nothing that was due before then is looked for, until it is begun anew. */
    void isPast(OffsetDateTime time) {
        position = time;
    }

    /**
     * Remembers their ids, waits until nobody is under way who does not know it, and deletes them.
     *
     * @param rows that were {@linkplain #next found} last
     * @return how many are gone; the others were changed since they were read, are locked, or owed to an endpoint
     * @throws InterruptedException if it is told to stop while it waits; their ids are remembered then, and they are there
     */
    long letGo(List<Row> rows) throws SQLException, InterruptedException {
        return letGo(rows, WITH_CONTENT, null, server).gone();
    }

    /**
     * As {@link #letGo(List)}, and none is gone if this file of the archive does not count as written.
     *
     * @param areFound whether they were found last; else it is looked for them in all that is to be told
     */
    Piece letGo(List<Row> rows, String file, boolean areFound) throws SQLException, InterruptedException {
        return letGo(rows, WITH_CONTENT, file, areFound ? server : null);
    }

    /** As {@link #letGo(List)}, of any, and whatever is sent with one of their ids later is taken for a repetition. */
    long erase(List<Row> rows) throws SQLException, InterruptedException {
        return letGo(rows, WITHOUT_CONTENT, null, null).gone();
    }

    private Piece letGo(List<Row> all, String remember, @Nullable String file, @Nullable String foundOn)
            throws SQLException, InterruptedException {
        try (Connection connection = dataSource.getConnection()) {
            List<Row> rows = mayGo(connection, all, foundOn != null);
            if (rows.isEmpty()) {
                return new Piece(0, 0);
            }
            String[] ids = column(rows, Row::transactionId);
            if (remembers) {
                Patiently.commit(
                        connection,
                        patient -> new Sql().add(remember, (Object) ids).query(patient, row -> true));
                awaitWriters(connection);
            }
            return Patiently.commit(connection, patient -> {
                if (foundOn != null && !foundOn.equals(one(patient, WHICH_SERVER))) {
                    throw new SQLException(
                            "The database is another one, or was started again: what may go is looked for anew");
                }
                String[] versions = column(rows, Row::version);
                long gone = number(patient, DELETE, ids, versions, remembers, ids, file, file);
                return new Piece(gone, gone == ids.length ? 0 : number(patient, LOCKED, ids, versions, remembers, ids));
            });
        }
    }

    private static String one(Connection connection, String statement) throws SQLException {
        return new Sql()
                .add(statement)
                .query(connection, row -> row.getString(1))
                .get(0);
    }

    private static long number(Connection connection, String statement, @Nullable Object... values)
            throws SQLException {
        return new Sql()
                .add(statement, values)
                .query(connection, row -> row.getLong(1))
                .get(0);
    }

    private static List<Row> mayGo(Connection connection, List<Row> rows, boolean areFound) throws SQLException {
        List<String> ids = rows.stream().map(Row::transactionId).toList();
        Set<String> may = Set.copyOf(notOwed(connection, ids, areFound ? NOT_OWED_AGAIN : NOT_OWED));
        return rows.stream().filter(row -> may.contains(row.transactionId())).toList();
    }

    /** Those of which no endpoint is still to be told. */
    static List<String> notOwed(Connection connection, List<String> ids) throws SQLException {
        return notOwed(connection, ids, NOT_OWED);
    }

    private static List<String> notOwed(Connection connection, List<String> ids, String statement) throws SQLException {
        return Patiently.commit(connection, patient -> new Sql()
                .add(statement, (Object) ids.toArray(String[]::new))
                .query(patient, row -> row.getString(1)));
    }

    private static String[] column(List<Row> rows, Function<Row, String> value) {
        return rows.stream().map(value).toArray(String[]::new);
    }

    private void awaitWriters(Connection connection) throws SQLException, InterruptedException {
        Set<String> earlier = Writers.underWay(connection);
        long now = System.nanoTime();
        writers.keySet().retainAll(earlier);
        earlier.forEach(writer -> writers.putIfAbsent(writer, now));
        earlier.removeIf(this::isForeign);
        while (!Writers.areOver(connection, earlier)) {
            Thread.sleep(LOOK.toMillis());
            earlier.removeIf(this::isForeign);
        }
    }

    private boolean isForeign(String writer) {
        return System.nanoTime() - Objects.requireNonNull(writers.get(writer)) > WRITER_MAX.toNanos();
    }
}
