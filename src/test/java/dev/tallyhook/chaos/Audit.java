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
                call text COLLATE "C", source text COLLATE "C", events int, amount numeric, receiver int, sent bigint, answered bigint,
                outcome text, replayed boolean,
                taken boolean GENERATED ALWAYS AS (outcome = CASE WHEN source IS NULL THEN '202' ELSE '200' END) STORED);
            CREATE TABLE audit.reads (transaction_id text COLLATE "C", sent bigint, answered bigint, said text);
            CREATE TABLE audit.strikes (
                strike int, fault text, struck_at timestamptz, lifted_at timestamptz, over_at timestamptz,
                accepted_after bigint, accepted_by_each_after bigint, excused tstzrange);
            CREATE TABLE audit.held (transaction_id text COLLATE "C", released_at timestamptz);
            CREATE TABLE audit.gone (
                transaction_id text COLLATE "C", content bytea, gone_at timestamptz, must_stay interval);
            CREATE TABLE audit.archived (transaction_id text COLLATE "C" NOT NULL, is_whole boolean, is_known boolean);
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
            CREATE UNLOGGED TABLE audit.deliveries AS
            SELECT CASE WHEN events = 0 THEN call ELSE call || '-' || number END COLLATE "C" AS transaction_id,
                   source, amount, sent, answered, outcome, taken, replayed
            FROM audit.attempts, generate_series(0, greatest(events - 1, 0)) AS number;
            CREATE INDEX ON audit.deliveries (transaction_id);
            ANALYZE audit.deliveries;
            CREATE TABLE audit.webhooks AS
            SELECT transaction_id, min(sent) AS sent,
                   count(*) FILTER (WHERE taken) AS accepts,
                   -- A source answers a conflict with success, too, and that one is not stored.
                   count(*) FILTER (WHERE taken AND NOT replayed AND (
                       delivery.source IS NULL OR delivery.amount IS NOT DISTINCT FROM stored.amount)) AS first_accepts,
                   min(answered) FILTER (WHERE taken) AS accepted
            FROM audit.deliveries AS delivery LEFT JOIN transactions AS stored USING (transaction_id)
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
                FROM audit.attempts WHERE taken) AS gaps
            WHERE answered - before > 20000;
            CREATE INDEX ON audit.gone (transaction_id);
            CREATE INDEX ON audit.archived (transaction_id);
            ANALYZE audit.gone, audit.archived, audit.webhooks, audit.attempts, audit.deliveries, audit.late, audit.finishes, transactions, requests
            """;

    private static final String PER_OUTCOME = """
            SELECT outcome, count(*),
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY answered - sent),
                   percentile_disc(0.99) WITHIN GROUP (ORDER BY answered - sent),
                   max(answered - sent)
            FROM audit.unpaused
            GROUP BY outcome
            ORDER BY outcome
            """;

    private static final String PER_SOURCE = """
            SELECT coalesce(source, '%s'),
                   count(*) FILTER (WHERE taken),
                   count(*) FILTER (WHERE taken AND replayed),
                   (SELECT count(*) FROM transactions WHERE transactions.source IS NOT DISTINCT FROM attempts.source),
                   (SELECT count(*) FROM conflicts JOIN transactions USING (transaction_id)
                    WHERE transactions.source IS NOT DISTINCT FROM attempts.source)
            FROM audit.attempts AS attempts
            GROUP BY source
            ORDER BY source NULLS FIRST
            """.formatted(Verdict.PerSource.BUILT_IN);

    /** Nobody was told whether they are stored. If the next answer says that they were known, they were. */
    private static final String CUT_OFF = """
            SELECT count(*), count(*) FILTER (WHERE known) FROM (
                SELECT bool_or(outcome IN ('broken', 'timeout')) AS cut_off,
                       bool_or(taken) AND NOT bool_or(taken AND NOT replayed) AS known
                FROM audit.attempts WHERE events > 1 GROUP BY call) AS calls
            WHERE cut_off
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
        for (Check check : Check.ALL) {
            String sql = check.sql()
                    .formatted(
                            delay.toMillis(),
                            LATE_MAX.toMillis(),
                            LATE_AFTER_RELEASE_MAX.toMillis(),
                            Call.OF_STRIPE,
                            Call.OF_GOCARDLESS);
            findings.add(new Finding(check.name(), database.number(sql)));
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

    /** What came of which source. */
    List<Verdict.PerSource> perSource() throws SQLException {
        return rows(
                PER_SOURCE,
                row -> new Verdict.PerSource(
                        row.getString(1), row.getInt(2), row.getInt(3), row.getInt(4), row.getInt(5)));
    }

    /** Calls of several events whose answer never came. */
    Verdict.CutOff cutOff() throws SQLException {
        return rows(CUT_OFF, row -> new Verdict.CutOff(row.getInt(1), row.getInt(2)))
                .get(0);
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
