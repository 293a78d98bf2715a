package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;

/**
 * Holds what senders were told against what the ledger says. The ledger's own times are not believed: a trigger records when
 * each row is finished, and the history says when each webhook was sent.
 */
final class Audit {

    /** A row may be so late, beyond the time in which nobody could have finished it. */
    static final Duration LATE_MAX = Duration.ofSeconds(1);

    /** And so late after its release one that another session held: it is left to the sweep, which comes by every second or two. */
    static final Duration LATE_AFTER_RELEASE_MAX = Duration.ofSeconds(3);

    /** By the owner of the trigger's function, because the service's user need not know of the audit. */
    private static final String INSTALL = """
            CREATE SCHEMA audit;
            CREATE TABLE audit.finishes (
                transaction_id text COLLATE "C", due_at timestamptz, finished_at timestamptz, ahead interval);
            CREATE TABLE audit.clocks (since timestamptz, until timestamptz, ahead interval, set_at tstzrange);
            INSERT INTO audit.clocks VALUES ('-infinity', 'infinity', '0', 'empty');
            CREATE FUNCTION audit.ahead() RETURNS interval LANGUAGE sql AS $$ SELECT interval '0' $$;
            CREATE FUNCTION audit.record_finish() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            DECLARE
                ahead interval;
                now timestamptz;
            BEGIN
                LOOP
                    ahead := audit.ahead();
                    now := clock_timestamp();
                    EXIT WHEN ahead = audit.ahead();
                END LOOP;
                INSERT INTO audit.finishes VALUES (new.transaction_id, new.due_at, now, ahead);
                RETURN NULL;
            END $$;
            CREATE TRIGGER record_finish AFTER UPDATE ON transactions
                FOR EACH ROW EXECUTE FUNCTION audit.record_finish();
            CREATE TABLE audit.attempts (
                transaction_id text COLLATE "C", amount numeric, receiver int, sent bigint, answered bigint,
                outcome text, replayed boolean);
            CREATE TABLE audit.reads (transaction_id text COLLATE "C", sent bigint, answered bigint, said text);
            CREATE TABLE audit.strikes (
                strike int, fault text, struck_at timestamptz, lifted_at timestamptz, over_at timestamptz,
                accepted_after bigint, accepted_by_each_after bigint, excused tstzrange);
            CREATE TABLE audit.held (transaction_id text COLLATE "C", released_at timestamptz);
            CREATE FUNCTION audit.at(micros bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
                'SELECT timestamptz ''epoch'' + micros * interval ''1 microsecond''';
            """;

    /** As {@code WrongClock} keeps it: microseconds in 8 bytes, the lowest first. */
    private static final String READ_CLOCK = """
            CREATE OR REPLACE FUNCTION audit.ahead() RETURNS interval LANGUAGE plpgsql SECURITY DEFINER AS $$
            DECLARE
                bytes bytea := pg_read_binary_file('%s');
                micros bigint := 0;
            BEGIN
                FOR i IN REVERSE 7..0 LOOP
                    micros := micros << 8 | get_byte(bytes, i);
                END LOOP;
                RETURN micros * interval '1 microsecond';
            END $$
            """;

    /**
     * The database's clock says what is due, and it may be set; how long it said so is counted by the senders' clock, which
     * is not. {@code audit.clocks} tells how far the one was ahead of the other, and when.
     */
    private static final String PREPARE = """
            CREATE TABLE audit.webhooks AS
            SELECT transaction_id, min(sent) AS sent,
                   count(*) FILTER (WHERE outcome = '202') AS accepts,
                   count(*) FILTER (WHERE outcome = '202' AND NOT replayed) AS first_accepts,
                   min(answered) FILTER (WHERE outcome = '202') AS accepted
            FROM audit.attempts
            GROUP BY transaction_id;
            CREATE VIEW audit.unpaused AS
            SELECT * FROM audit.attempts AS attempt WHERE NOT EXISTS (
                SELECT FROM audit.strikes
                WHERE fault LIKE 'replica paused%' AND struck_at < audit.at(answered) AND over_at > audit.at(sent));
            CREATE TABLE audit.late AS
            SELECT lower(due) AS due_at, finished_at, held,
                   (SELECT coalesce(sum(upper(part) - lower(part)), interval '0')
                    FROM unnest(due - excused) AS part) AS late
            FROM (
                SELECT finished_at - ahead AS finished_at, released_at IS NOT NULL AS held, (
                    SELECT range_agg(tstzrange(greatest(since, due_at - clock.ahead, audit.at(sent), released_at),
                                               least(until, finished_at - finish.ahead)))
                    FROM audit.clocks AS clock
                    WHERE greatest(since, due_at - clock.ahead, audit.at(sent), released_at)
                          < least(until, finished_at - finish.ahead)) AS due
                FROM audit.finishes AS finish
                LEFT JOIN audit.held USING (transaction_id)
                LEFT JOIN audit.webhooks USING (transaction_id)
                WHERE finished_at - due_at > interval '20 milliseconds') AS row,
                (SELECT coalesce(range_agg(excused), '{}') AS excused FROM audit.strikes) AS strikes
            WHERE due IS NOT NULL;
            CREATE TABLE audit.silences AS
            SELECT audit.at(before) AS since, audit.at(answered) AS until
            FROM (
                SELECT answered, lag(answered) OVER (ORDER BY answered) AS before
                FROM audit.attempts WHERE outcome = '202') AS gaps
            WHERE answered - before > 20000;
            ANALYZE audit.webhooks, audit.attempts, audit.late, audit.finishes, transactions
            """;

    private static final List<Check> CHECKS = List.of(
            new Check("lost: answered 202 and not in the ledger", """
                    SELECT count(*) FROM audit.webhooks AS webhook
                    WHERE accepts > 0 AND NOT EXISTS (
                        SELECT FROM transactions WHERE transaction_id = webhook.transaction_id)"""),
            new Check("stored twice: two answers 202 for one id that both say it is new", """
                    SELECT count(*) FROM audit.webhooks WHERE first_accepts > 1"""),
            new Check("finished twice", """
                    SELECT count(*) FROM (
                        SELECT FROM audit.finishes GROUP BY transaction_id HAVING count(*) > 1) AS twice"""),
            new Check("unfinished at the end", """
                    SELECT count(*) FROM transactions WHERE status <> 'PROCESSED'"""),
            new Check("early", """
                    SELECT count(*) FROM transactions
                    LEFT JOIN audit.finishes USING (transaction_id)
                    LEFT JOIN audit.webhooks USING (transaction_id)
                    LEFT JOIN LATERAL (
                        SELECT count(*) FILTER (
                                   WHERE set_at && tstzrange(audit.at(sent), finished_at - finishes.ahead, '[]')) > 0
                                   AS yes,
                               count(*) FILTER (
                                   WHERE greatest(since, transactions.due_at - clocks.ahead, audit.at(sent))
                                         <= least(until, finished_at - finishes.ahead)) > 0 AS was_due
                        FROM audit.clocks) AS clock_was_set ON true
                    WHERE processed_at < transactions.due_at
                       OR NOT yes AND finished_at < transactions.due_at
                       OR NOT yes AND processed_at - ahead < audit.at(sent) + interval '%1$d milliseconds'
                       OR yes AND NOT was_due"""),
            new Check("late beyond the bound", """
                    SELECT count(*) FROM audit.late
                    WHERE late > CASE WHEN held THEN interval '%3$d milliseconds' ELSE interval '%2$d milliseconds' END"""),
            new Check("wrong content: answered 202 for other content than is stored", """
                    SELECT count(*) FROM audit.attempts AS attempt JOIN transactions AS stored USING (transaction_id)
                    WHERE outcome = '202'
                      AND (attempt.amount <> stored.amount
                           OR stored.source_account <> 'from_' || transaction_id
                           OR stored.destination_account <> 'to_' || transaction_id
                           OR stored.currency <> 'INR')"""),
            new Check("wrong conflict: answered 409 for the content that is stored", """
                    SELECT count(*) FROM audit.attempts AS attempt LEFT JOIN transactions AS stored USING (transaction_id)
                    WHERE outcome = '409' AND (stored.amount IS NULL OR attempt.amount = stored.amount)"""),
            new Check("conflict not on record", """
                    SELECT count(*) FROM (
                        SELECT transaction_id, amount FROM audit.attempts WHERE outcome = '409'
                        EXCEPT ALL
                        SELECT transaction_id, amount FROM conflicts) AS missing"""),
            new Check("in the ledger and never sent", """
                    SELECT count(*) FROM transactions AS stored
                    WHERE NOT EXISTS (SELECT FROM audit.webhooks WHERE transaction_id = stored.transaction_id)"""),
            new Check("read as missing after a 202", """
                    SELECT count(*) FROM audit.reads AS reading JOIN audit.webhooks AS webhook USING (transaction_id)
                    WHERE said = '404' AND accepted < reading.sent"""),
            new Check("read as finished before it was due", """
                    SELECT count(*) FROM audit.reads AS reading JOIN audit.webhooks AS webhook USING (transaction_id)
                    WHERE said = 'PROCESSED' AND answered < webhook.sent + %1$d * 1000
                      AND NOT EXISTS (
                          SELECT FROM audit.clocks
                          WHERE set_at && tstzrange(audit.at(webhook.sent), audit.at(answered), '[]'))"""),
            new Check("not answered within 5 s, though no replica was paused", """
                    SELECT count(*) FROM audit.unpaused WHERE outcome = 'timeout'"""),
            new Check("answered with anything but 202, 409 and a 503 that says why", """
                    SELECT count(*) FROM audit.attempts
                    WHERE outcome NOT IN ('202', '409', 'refused', 'broken', 'timeout') AND outcome NOT LIKE '503 %%'"""),
            new Check("read with anything but 200, 404 and 503", """
                    SELECT count(*) FROM audit.reads
                    WHERE said NOT IN ('PROCESSING', 'PROCESSED', '404', '503', 'refused', 'broken', 'timeout')"""));

    private static final String PER_OUTCOME = """
            SELECT outcome, count(*),
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY answered - sent),
                   percentile_disc(0.99) WITHIN GROUP (ORDER BY answered - sent),
                   max(answered - sent)
            FROM audit.unpaused
            GROUP BY outcome
            ORDER BY outcome
            """;

    private static final String PER_FAULT = """
            SELECT fault, count(*),
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY accepted_after),
                   max(accepted_after),
                   max(accepted_by_each_after),
                   coalesce(extract(epoch FROM max(silence)) * 1000000, 0)::bigint,
                   coalesce(extract(epoch FROM max(late)) * 1000000, 0)::bigint
            FROM audit.strikes AS strike,
                 LATERAL (
                     SELECT max(until - since) AS silence FROM audit.silences
                     WHERE until > struck_at AND since < over_at) AS silences,
                 LATERAL (
                     SELECT max(CASE WHEN excused IS NULL THEN late
                                     ELSE greatest(finished_at - greatest(due_at, lifted_at), interval '0') END) AS late
                     FROM audit.late
                     WHERE due_at BETWEEN struck_at AND over_at) AS late
            GROUP BY fault
            ORDER BY min(strike)
            """;

    private final DatabaseServer database;

    /** Of the ledger in a database, whose schema is there and whose tables are empty. */
    Audit(DatabaseServer database) {
        this.database = database;
    }

    /** What must be counted as 0; {@code %1$d} stands for the delay, the others for the bounds, in milliseconds. */
    record Check(String name, String sql) {}

    /** What was counted. */
    record Finding(String name, long count) {}

    void install() throws SQLException {
        database.execute(INSTALL);
    }

    /** The database has a clock that can be set, and this file says how wrong it is. */
    void readClockFrom(Path file) throws SQLException {
        database.execute(READ_CLOCK.formatted(file));
    }

    /**
     * The database's clock has been set, at some time between two, which are in microseconds of the epoch by the senders' clock.
     * On which side of the step something was meanwhile is not known, and the service is given the benefit.
     *
     * @param ahead of that of the senders
     */
    void clockIsSet(Duration ahead, long before, long after) throws SQLException {
        database.execute("""
                UPDATE audit.clocks SET until = audit.at(%1$d) WHERE until = 'infinity';
                INSERT INTO audit.clocks VALUES (
                    audit.at(%1$d), 'infinity', interval '%2$d milliseconds', tstzrange(audit.at(%3$d), audit.at(%4$d), '[]'))""".formatted(ahead.isNegative() ? after : before, ahead.toMillis(), before, after));
    }

    /** Takes in the history and the faults that struck meanwhile. */
    void load(History history, List<Strike> strikes) throws SQLException, IOException {
        try (var connection = database.connect()) {
            copy(connection, "audit.attempts", history.attempts());
            copy(connection, "audit.reads", history.reads());
            try (var insert = connection.prepareStatement(
                    "INSERT INTO audit.strikes SELECT ?, ?, audit.at(?), audit.at(?), audit.at(?), ?, ?,"
                            + " CASE WHEN ?::bigint > 0 THEN tstzrange(audit.at(?), audit.at(?)) END")) {
                for (int i = 0; i < strikes.size(); i++) {
                    strikes.get(i).bind(insert, i);
                    insert.executeUpdate();
                }
            }
            try (var statement = connection.createStatement()) {
                statement.execute(PREPARE);
            }
        }
    }

    private static void copy(Connection connection, String table, Path file) throws SQLException, IOException {
        try (var lines = Files.newInputStream(file)) {
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY " + table + " FROM STDIN", lines);
        }
    }

    /** Every check, in order. */
    List<Finding> findings(Duration delay) throws SQLException {
        List<Finding> findings = new ArrayList<>();
        for (Check check : CHECKS) {
            String sql = check.sql.formatted(delay.toMillis(), LATE_MAX.toMillis(), LATE_AFTER_RELEASE_MAX.toMillis());
            findings.add(new Finding(check.name, database.number(sql)));
        }
        return findings;
    }

    /** How often each answer came and when, but for what was sent to a replica while one was paused. */
    List<Verdict.PerOutcome> perOutcome() throws SQLException {
        return rows(
                PER_OUTCOME,
                row -> new Verdict.PerOutcome(
                        row.getString(1), row.getInt(2), micros(row, 3), micros(row, 4), micros(row, 5)));
    }

    /** How each fault was felt, in the order in which they struck first. */
    List<Verdict.PerFault> perFault() throws SQLException {
        return rows(
                PER_FAULT,
                row -> new Verdict.PerFault(
                        row.getString(1),
                        row.getInt(2),
                        micros(row, 3),
                        micros(row, 4),
                        micros(row, 5),
                        micros(row, 6),
                        micros(row, 7)));
    }

    private interface Reader<T> {
        T read(ResultSet row) throws SQLException;
    }

    private <T> List<T> rows(String sql, Reader<T> reader) throws SQLException {
        List<T> read = new ArrayList<>();
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                read.add(reader.read(rows));
            }
        }
        return read;
    }

    private static Duration micros(ResultSet row, int column) throws SQLException {
        return Duration.ofNanos(row.getLong(column) * 1_000);
    }
}
