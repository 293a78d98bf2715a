package dev.tallyhook.bench;

import java.sql.SQLException;

/**
 * What the queue of messages writes, beside one that has a row for each: inside PostgreSQL alone, for the same ids in batches of the
 * same size. Both claim and settle as many messages with a statement, and delete what is told; both have room enough on a page for the
 * claim to change no index.
 */
final class TellingStorage {

    /** As many as a statement finishes at once. */
    private static final int BATCH = 1_000;

    /** As many as a row of the queue names at most. */
    private static final int PARCEL = 250;

    private static final String IDS = "'txn_' || md5(n || '.' || i)";

    private static final String CLAIMED =
            """
            WITH next AS MATERIALIZED (
                SELECT ctid FROM telling.queue
                WHERE endpoint_id = 'ep' AND next_at <= now() AND (leased_until IS NULL OR leased_until < now())
                ORDER BY next_at LIMIT %d FOR UPDATE SKIP LOCKED)
            UPDATE telling.queue SET leased_until = now() + interval '20 seconds'
            WHERE ctid = ANY (ARRAY (SELECT ctid FROM next))
            """;

    private static final String SETTLED =
            """
            DELETE FROM telling.queue WHERE delivery_id = ANY (ARRAY (
                SELECT delivery_id FROM telling.queue WHERE endpoint_id = 'ep' AND leased_until > now() LIMIT %d))
            """;

    /** What the WAL of a queue's messages is made of, in bytes for each. */
    private record Written(double queued, double claimed, double settled) {

        double all() {
            return queued + claimed + settled;
        }
    }

    private final Bed bed;

    TellingStorage(Bed bed) {
        this.bed = bed;
    }

    void measure(int messages) throws SQLException {
        Database database = bed.database.beside("tallyhook_storage");
        Written rows = write(
                database,
                messages,
                "event \"char\" NOT NULL, id text COLLATE \"C\" NOT NULL",
                "SELECT 'ep', 'p', " + IDS + " FROM generate_series(1, " + BATCH + ") AS i",
                "id",
                PARCEL);
        Written parcels = write(
                database,
                messages,
                "event \"char\" NOT NULL, ids text[] COLLATE \"C\" NOT NULL, replay boolean NOT NULL DEFAULT false",
                "SELECT 'ep', 'p', array_agg(" + IDS + ") FROM generate_series(1, " + BATCH + ") AS i GROUP BY (i - 1) / " + PARCEL,
                "ids",
                1);
        tell("a row for each message", rows);
        tell("the queue", parcels);
        bed.report.figure("WAL of the reference for a message, a row for each", rows.all(), "bytes");
        bed.report.figure("WAL of the queue for a message", parcels.all(), "bytes");
        bed.report.atMost("so many times as much", parcels.all() / rows.all(), "x", 1.0 / 3);
    }

    private static void tell(String name, Written written) {
        Report.progress("  %s: %.1f bytes of WAL for a message that is queued, %.1f claimed, %.1f settled"
                .formatted(name, written.queued(), written.claimed(), written.settled()));
    }

    private Written write(Database database, int messages, String columns, String rows, String ids, int claim) throws SQLException {
        int batches = messages / BATCH;
        int parcels = batches * BATCH / PARCEL;
        database.execute(
                """
                DROP SCHEMA IF EXISTS telling CASCADE; CREATE SCHEMA telling;
                CREATE TABLE telling.queue (
                    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, endpoint_id text COLLATE "C" NOT NULL, %s,
                    next_at timestamptz NOT NULL DEFAULT clock_timestamp(), leased_until timestamptz,
                    attempts smallint NOT NULL DEFAULT 0, failed_at timestamptz) WITH (fillfactor = 50);
                CREATE INDEX ON telling.queue (endpoint_id, next_at);
                """
                        .formatted(columns));
        database.execute("ALTER TABLE telling.queue ALTER COLUMN " + ids + " SET STORAGE EXTERNAL"); // As the service has it.
        loop(database, "queue_all", batches, "INSERT INTO telling.queue (endpoint_id, event, " + ids + ") " + rows);
        loop(database, "claim_all", parcels, CLAIMED.formatted(claim));
        loop(database, "settle_all", parcels, SETTLED.formatted(claim));
        database.execute("CHECKPOINT");
        double start = database.walBytes();
        database.execute("CALL telling.queue_all()");
        double queued = database.walBytes();
        database.execute("CALL telling.claim_all()");
        double claimed = database.walBytes();
        database.execute("CALL telling.settle_all()");
        double settled = database.walBytes();
        if (database.number("SELECT count(*) FROM telling.queue") > 0) {
            throw new IllegalStateException("Not all was settled");
        }
        double count = (double) batches * BATCH;
        return new Written((queued - start) / count, (claimed - queued) / count, (settled - claimed) / count);
    }

    private static void loop(Database database, String name, int times, String sql) throws SQLException {
        database.execute("CREATE PROCEDURE telling." + name + "() LANGUAGE plpgsql AS $$ BEGIN FOR n IN 1.." + times + " LOOP " + sql
                + "; COMMIT; END LOOP; END $$");
    }
}
