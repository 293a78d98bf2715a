package dev.tallyhook.bench;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;

/**
 * Compares ways to lay out the ledger, its queue and the indexes that lists are read by, inside PostgreSQL alone. Each takes the
 * same rows in groups of 100, of a million senders and ten thousand receivers, and finishes them in batches of 1,000.
 */
final class Layouts {

    private static final int GROUP = 100;
    private static final int BATCH = 1_000;

    private static final String COLUMNS =
            """
            transaction_id text COLLATE "C" PRIMARY KEY, source_account text COLLATE "C" NOT NULL,
            destination_account text COLLATE "C" NOT NULL, amount numeric NOT NULL, currency text COLLATE "C" NOT NULL,
            status text COLLATE "C" NOT NULL DEFAULT 'PROCESSING', created_at timestamptz NOT NULL DEFAULT now(),
            due_at timestamptz NOT NULL, processed_at timestamptz""";

    private static final String NEW_ROWS =
            """
            SELECT 'txn_' || md5(n || '.' || i), 'acc_user_' || hashint4(n * 1000 + i) % 500000,
                   'acc_merchant_' || hashint4(n * 7919 + i) % 5000, 1500.50, 'INR', clock_timestamp()
            FROM generate_series(1, size) AS i""";

    private static final String COUNTED = "; GET DIAGNOSTICS n = ROW_COUNT";

    private static final String INSERT_COLUMNS =
            "(transaction_id, source_account, destination_account, amount, currency, due_at)";

    /**
     * The statements of a layout.
     *
     * @param finish PL/pgSQL that finishes a batch, and leaves the number of its rows in {@code n}
     * @param post what is done once all is finished, in PL/pgSQL; nothing if it is empty
     */
    private record Layout(String create, String insert, String finish, String post) {

        Layout(String create, String insert, String finish) {
            this(create, insert, finish, "");
        }

        Layout with(String... indexes) {
            return new Layout(create + String.join(";", indexes) + ";", insert, finish, post);
        }

        /** As the service does it: stretches of 10,000, then one of all. */
        Layout withPostings() {
            return new Layout(create + POSTINGS, insert, finish, POST);
        }
    }

    private static final String POSTINGS =
            """
            CREATE TABLE layout.postings (until timestamptz, first_key integer, part integer, keys integer[], times timestamptz[],
                hashes integer[], PRIMARY KEY (until, first_key, part));
            ALTER TABLE layout.postings ALTER COLUMN keys SET STORAGE EXTERNAL, ALTER COLUMN times SET STORAGE EXTERNAL,
                ALTER COLUMN hashes SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);
            CREATE FUNCTION layout.key(kind bigint, account text) RETURNS integer LANGUAGE sql IMMUTABLE
                AS 'SELECT (hashtextextended($2, $1) >> 32)::integer';""";

    private static final String PARTS =
            """
            INSERT INTO layout.postings SELECT %s, min(key), part, array_agg(key), array_agg(at), array_agg(hash)
            FROM (SELECT key, at, hash, (row_number() OVER (ORDER BY key, at) - 1) / 480 AS part FROM (%s) AS posting) AS sorted
            GROUP BY part""";

    private static final String POST =
            """
            PERFORM set_config('enable_seqscan', 'off', false);
            DECLARE begins timestamptz := '-infinity'; ends timestamptz;
            BEGIN LOOP
                SELECT max(created_at) INTO ends FROM (SELECT created_at FROM layout.ledger
                    WHERE status = 'PROCESSED' AND created_at > begins ORDER BY created_at LIMIT 10000) AS next;
                EXIT WHEN ends IS NULL;
                %s;
                COMMIT;
                begins := ends;
            END LOOP;
            WITH taken AS (DELETE FROM layout.postings RETURNING keys, times, hashes) %s;
            END;"""
                    .formatted(
                            PARTS.formatted(
                                    "ends",
                                    """
                                    SELECT key, created_at AS at, hashtext(transaction_id) AS hash FROM layout.ledger,
                                        unnest(ARRAY[layout.key(1, source_account), layout.key(2, destination_account)]) AS key
                                    WHERE status = 'PROCESSED' AND created_at > begins AND created_at <= ends"""),
                            PARTS.formatted(
                                    "now()", "SELECT key, at, hash FROM taken, unnest(keys, times, hashes) AS taken_one (key, at, hash)"));

    private static Layout oneTable(int fillfactor) {
        return new Layout(
                "CREATE TABLE layout.ledger (" + COLUMNS + ") WITH (fillfactor = " + fillfactor + ");"
                        + "CREATE INDEX ON layout.ledger (due_at) WHERE status = 'PROCESSING';",
                "INSERT INTO layout.ledger " + INSERT_COLUMNS + NEW_ROWS,
                """
                WITH due AS MATERIALIZED (
                    SELECT ctid FROM layout.ledger
                    WHERE status = 'PROCESSING' AND due_at <= now()
                    ORDER BY due_at LIMIT size FOR UPDATE SKIP LOCKED)
                UPDATE layout.ledger SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at)
                WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))"""
                        + COUNTED);
    }

    /**
     * As the service has it: no index knows the status, and the claim goes on above what it has finished.
     */
    private static Layout updatedInPlace(int fillfactor) {
        return new Layout(
                        "CREATE TABLE layout.ledger (" + COLUMNS + ") WITH (fillfactor = " + fillfactor + ");",
                        "INSERT INTO layout.ledger " + INSERT_COLUMNS + NEW_ROWS,
                        """
                        PERFORM set_config('enable_bitmapscan', 'off', true);
                        WITH due AS MATERIALIZED (
                            SELECT ctid FROM layout.ledger
                            WHERE status = 'PROCESSING' AND due_at <= now() AND due_at >= above
                            ORDER BY due_at LIMIT size FOR UPDATE SKIP LOCKED),
                        finished AS (
                            UPDATE layout.ledger SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at)
                            WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))
                            RETURNING due_at)
                        SELECT count(*), coalesce(max(due_at), above) INTO n, above FROM finished""")
                .with(index("due_at", ""), index("created_at, hashtext(transaction_id)", ""))
                .withPostings();
    }

    /** A row of the queue for each transaction. */
    private static Layout ledgerAndQueue(int fillfactor) {
        return ledgerAndQueue(
                fillfactor, "transaction_id text", "due_at, transaction_id", "size", "FROM taken WHERE ledger.transaction_id = taken.transaction_id");
    }

    /** A row of the queue for each group, which has the ids of all that are in it. */
    private static Layout ledgerAndGroups(int fillfactor) {
        return ledgerAndQueue(
                fillfactor,
                "transaction_id text[]",
                "max(due_at), array_agg(transaction_id)",
                "size / " + GROUP,
                "WHERE transaction_id = ANY (ARRAY (SELECT unnest(transaction_id) FROM taken))");
    }

    /**
     * The ledger beside a queue.
     *
     * @param named what a row of the queue names
     * @param queued of what is stored, the rows of the queue
     * @param limit of the rows that are taken at once
     * @param found how the ledger finds what is taken
     */
    private static Layout ledgerAndQueue(int fillfactor, String named, String queued, String limit, String found) {
        return new Layout(
                "CREATE TABLE layout.ledger (" + COLUMNS + ") WITH (fillfactor = " + fillfactor + ");"
                        + "CREATE TABLE layout.queue (due_at timestamptz NOT NULL, " + named + " COLLATE \"C\" NOT NULL);"
                        + "CREATE INDEX ON layout.queue (due_at);",
                "WITH stored AS (INSERT INTO layout.ledger " + INSERT_COLUMNS + NEW_ROWS
                        + " RETURNING due_at, transaction_id) INSERT INTO layout.queue SELECT " + queued + " FROM stored",
                """
                WITH due AS MATERIALIZED (
                    SELECT ctid FROM layout.queue
                    WHERE due_at <= now()
                    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED),
                taken AS (
                    DELETE FROM layout.queue WHERE ctid = ANY (ARRAY (SELECT ctid FROM due)) RETURNING transaction_id)
                UPDATE layout.ledger SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at)
                %s"""
                                .formatted(limit, found)
                        + COUNTED);
    }

    private static String index(String columns, String predicate) {
        return "CREATE INDEX ON layout.ledger (" + columns + ") " + predicate;
    }

    private static final String WAITING = "WHERE status = 'PROCESSING'";
    private static final String FINISHED = "WHERE status = 'PROCESSED'";

    private static final String BY_TIME = index("created_at", "");

    private static final String[] WHOLE = {
        BY_TIME, index("source_account, created_at", ""), index("destination_account, created_at", "")
    };

    /** Of ranges of pages, as many of which are summarized as are full. */
    private static final String[] RANGES = {
        ranges("created_at", 64),
        ranges("source_account text_bloom_ops (n_distinct_per_range = 4000)", 128),
        ranges("destination_account text_bloom_ops (n_distinct_per_range = 4000)", 128)
    };

    private static String ranges(String column, int pages) {
        return "CREATE INDEX ON layout.ledger USING brin (" + column + ") WITH (pages_per_range = " + pages + ", autosummarize = on)";
    }

    private static final String GIN =
            "CREATE INDEX ON layout.ledger USING gin ((ARRAY[source_account, destination_account])) WITH (gin_pending_list_limit = 65536)";

    private static final String[] BY_STATUS = {
        index("created_at", WAITING),
        index("created_at", FINISHED),
        index("source_account, created_at", FINISHED),
        index("destination_account, created_at", FINISHED)
    };

    private static final String[] TIMES_BY_STATUS = {
        index("created_at", WAITING), index("created_at, hashtext(transaction_id)", FINISHED)
    };

    private static final String[] BY_STATUS_AND_ACCOUNT = {
        index("source_account, created_at", WAITING), index("destination_account, created_at", WAITING)
    };

    private static final List<Entry<String, Layout>> ALL = List.of(
            Map.entry("one table, fillfactor 100", oneTable(100)),
            Map.entry("one table, fillfactor 70", oneTable(70)),
            Map.entry("ledger and queue, fillfactor 50", ledgerAndQueue(50)),
            Map.entry("one table, indexes whole", oneTable(70).with(WHOLE)),
            Map.entry("one table, indexes by status", oneTable(70).with(BY_STATUS)),
            Map.entry("one table, times by status, accounts posted", oneTable(70).with(TIMES_BY_STATUS).withPostings()),
            Map.entry("one table, updated in place, fillfactor 50, accounts posted", updatedInPlace(50)),
            Map.entry("one table, updated in place, fillfactor 60, accounts posted", updatedInPlace(60)),
            Map.entry(
                    "one table, indexes by status and account",
                    oneTable(70).with(BY_STATUS).with(BY_STATUS_AND_ACCOUNT)),
            Map.entry("one table, fillfactor 90, indexes by status", oneTable(90).with(BY_STATUS)),
            Map.entry("ledger and queue, indexes whole", ledgerAndQueue(50).with(WHOLE)),
            Map.entry("one table, indexes of ranges", oneTable(70).with(RANGES)),
            Map.entry("ledger and groups, fillfactor 50", ledgerAndGroups(50)),
            Map.entry("ledger and groups, fillfactor 70", ledgerAndGroups(70)),
            Map.entry("ledger and groups, fillfactor 50, index by time", ledgerAndGroups(50).with(BY_TIME)),
            Map.entry("ledger and groups, index by time, accounts by GIN", ledgerAndGroups(50).with(BY_TIME, GIN)),
            Map.entry("ledger and groups, indexes whole", ledgerAndGroups(50).with(WHOLE)));

    private final Database database;
    private final Report report;

    Layouts(Database database, Report report) {
        this.database = database;
        this.report = report;
    }

    void compare(int rows) throws SQLException {
        for (var entry : ALL) {
            measure(entry.getKey(), entry.getValue(), rows);
        }
        database.execute("DROP SCHEMA layout CASCADE");
    }

    private void measure(String name, Layout layout, int rows) throws SQLException {
        database.execute("DROP SCHEMA IF EXISTS layout CASCADE; CREATE SCHEMA layout; "
                + layout.create()
                + procedure("insert_all", "FOR n IN 1.." + rows / GROUP + " LOOP " + layout.insert() + "; COMMIT; END LOOP;", GROUP)
                + procedure(
                        "finish_all",
                        "LOOP " + layout.finish() + "; COMMIT; EXIT WHEN n < size; END LOOP;",
                        BATCH)
                + procedure("post_all", layout.post(), BATCH));
        database.execute("CHECKPOINT");
        double start = wal();
        double insertSeconds = call("insert_all");
        double between = wal();
        double finishSeconds = call("finish_all");
        double end = wal();
        report.figure(name + ": WAL of an insert", (between - start) / rows, "bytes");
        report.figure(name + ": WAL of a finish", (end - between) / rows, "bytes");
        report.figure(name + ": inserts", rows / insertSeconds, "/s");
        report.figure(name + ": finishes", rows / finishSeconds, "/s");
        if (!layout.post().isEmpty()) {
            double postSeconds = call("post_all");
            report.figure(name + ": WAL of posting", (wal() - end) / rows, "bytes");
            report.figure(name + ": posts", rows / postSeconds, "/s");
        }
        database.execute("SELECT pg_stat_force_next_flush()");
        report.figure(
                name + ": HOT updates",
                database.number("SELECT coalesce(100.0 * n_tup_hot_upd / nullif(n_tup_upd, 0), 0) FROM pg_stat_user_tables"
                        + " WHERE schemaname = 'layout' AND relname = 'ledger'"),
                "%");
        report.figure(name + ": tables", size("pg_table_size") / rows, "bytes per row");
        report.figure(name + ": indexes", size("pg_indexes_size") / rows, "bytes per row");
    }

    private static String procedure(String name, String body, int size) {
        return "CREATE PROCEDURE layout." + name + "() LANGUAGE plpgsql AS $$ DECLARE size int := " + size
                + "; n int; above timestamptz := '-infinity'; BEGIN " + body + " END $$; ";
    }

    private double call(String procedure) throws SQLException {
        long start = System.nanoTime();
        database.execute("CALL layout." + procedure + "()");
        return (System.nanoTime() - start) / 1e9;
    }

    private double wal() throws SQLException {
        return database.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn");
    }

    private double size(String function) throws SQLException {
        return database.number(
                "SELECT sum(" + function + "(oid)) FROM pg_class WHERE relnamespace = 'layout'::regnamespace AND relkind = 'r'");
    }
}
