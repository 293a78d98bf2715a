package dev.tallyhook.bench;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;

/**
 * Compares ways to lay out the ledger and its queue, inside PostgreSQL alone: one table whose due index is partial, at
 * several fillfactors, against a ledger beside a narrow queue table. Each takes the same rows in groups of 100, and finishes
 * them in batches of 1,000.
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
            SELECT 'txn_' || md5(n || '.' || i), 'acc_user_789', 'acc_merchant_456', 1500.50, 'INR', clock_timestamp()
            FROM generate_series(1, size) AS i""";

    private static final String INSERT_COLUMNS =
            "(transaction_id, source_account, destination_account, amount, currency, due_at)";

    /** The statements of a layout; {@code %d} in the first is the fillfactor. */
    private record Layout(String create, String insert, String finish) {}

    private static final Layout ONE_TABLE = new Layout(
            "CREATE TABLE layout.ledger (" + COLUMNS + ") WITH (fillfactor = %d);"
                    + "CREATE INDEX ledger_due ON layout.ledger (due_at) WHERE status = 'PROCESSING';",
            "INSERT INTO layout.ledger " + INSERT_COLUMNS + NEW_ROWS,
            """
            WITH due AS MATERIALIZED (
                SELECT ctid FROM layout.ledger
                WHERE status = 'PROCESSING' AND due_at <= now()
                ORDER BY due_at LIMIT size FOR UPDATE SKIP LOCKED)
            UPDATE layout.ledger SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at)
            WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))""");

    private static final Layout LEDGER_AND_QUEUE = new Layout(
            "CREATE TABLE layout.ledger (" + COLUMNS + ") WITH (fillfactor = %d);"
                    + "CREATE TABLE layout.queue (due_at timestamptz NOT NULL, transaction_id text COLLATE \"C\" NOT NULL);"
                    + "CREATE INDEX queue_due ON layout.queue (due_at);",
            "WITH stored AS (INSERT INTO layout.ledger " + INSERT_COLUMNS + NEW_ROWS
                    + " RETURNING due_at, transaction_id) INSERT INTO layout.queue SELECT * FROM stored",
            """
            WITH due AS MATERIALIZED (
                SELECT ctid FROM layout.queue
                WHERE due_at <= now()
                ORDER BY due_at LIMIT size FOR UPDATE SKIP LOCKED),
            taken AS (
                DELETE FROM layout.queue WHERE ctid = ANY (ARRAY (SELECT ctid FROM due)) RETURNING transaction_id)
            UPDATE layout.ledger SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at)
            FROM taken WHERE ledger.transaction_id = taken.transaction_id""");

    private static final List<Entry<String, Entry<Layout, Integer>>> ALL = List.of(
            Map.entry("one table, fillfactor 100", Map.entry(ONE_TABLE, 100)),
            Map.entry("one table, fillfactor 70", Map.entry(ONE_TABLE, 70)),
            Map.entry("one table, fillfactor 50", Map.entry(ONE_TABLE, 50)),
            Map.entry("ledger and queue, fillfactor 100", Map.entry(LEDGER_AND_QUEUE, 100)),
            Map.entry("ledger and queue, fillfactor 50", Map.entry(LEDGER_AND_QUEUE, 50)));

    private final Database database;
    private final Report report;

    Layouts(Database database, Report report) {
        this.database = database;
        this.report = report;
    }

    void compare(int rows) throws SQLException {
        for (var entry : ALL) {
            measure(entry.getKey(), entry.getValue().getKey(), entry.getValue().getValue(), rows);
        }
        database.execute("DROP SCHEMA layout CASCADE");
    }

    private void measure(String name, Layout layout, int fillfactor, int rows) throws SQLException {
        database.execute("DROP SCHEMA IF EXISTS layout CASCADE; CREATE SCHEMA layout; "
                + layout.create().formatted(fillfactor)
                + procedure("insert_all", "FOR n IN 1.." + rows / GROUP + " LOOP " + layout.insert() + "; COMMIT; END LOOP;", GROUP)
                + procedure(
                        "finish_all",
                        "LOOP " + layout.finish() + "; GET DIAGNOSTICS n = ROW_COUNT; COMMIT; EXIT WHEN n < size; END LOOP;",
                        BATCH));
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
                + "; n int; BEGIN " + body + " END $$; ";
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
