package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit is blind to nothing that it looks for: of each violation that is planted it finds one. */
class AuditIT {

    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final String AMOUNT = "1500.50";
    private static final String OTHER_AMOUNT = "2.25";

    @TempDir
    Path directory;

    private final long longAgo = History.now() - TimeUnit.MINUTES.toMicros(1);
    private DatabaseServer database;
    private History history;
    private Audit audit;

    @BeforeEach
    void open() throws Exception {
        database = Stage.server();
        database.migrateTo("latest");
        history = new History(directory);
        audit = new Audit(database);
        audit.install();
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    @Test
    void where_all_is_well_nothing_is_found() throws Exception {
        accepted("good");
        stored("good", AMOUNT, "200 milliseconds");
        conflicting("good", OTHER_AMOUNT);
        history.record(attempt("good", AMOUNT, longAgo, "503 The intake is full; try again"));
        history.recordRead("good", longAgo + 2_000_000, longAgo + 2_000_000, "PROCESSED");
        assertTrue(findings().stream().allMatch(finding -> finding.count() == 0), () -> findings()
                .toString());
    }

    @Test
    void of_each_violation_that_is_planted_one_is_found() throws Exception {
        accepted("lost");

        accepted("stored twice");
        accepted("stored twice");
        stored("stored twice", AMOUNT, "0");

        accepted("finished twice");
        stored("finished twice", AMOUNT, "0");
        database.execute("UPDATE transactions SET currency = currency WHERE transaction_id = 'finished twice'");

        accepted("unfinished");
        insert("unfinished", AMOUNT, "0");

        history.record(attempt("early", AMOUNT, History.now(), "202"));
        stored("early", AMOUNT, "0");

        accepted("late");
        stored("late", AMOUNT, "2 seconds");

        accepted("other content");
        stored("other content", OTHER_AMOUNT, "0");

        accepted("no conflict");
        stored("no conflict", AMOUNT, "0");
        conflicting("no conflict", AMOUNT);

        accepted("conflict off the record");
        stored("conflict off the record", AMOUNT, "0");
        history.record(attempt("conflict off the record", OTHER_AMOUNT, longAgo, "409"));

        stored("never sent", AMOUNT, "0");

        accepted("read");
        stored("read", AMOUNT, "0");
        history.recordRead("read", longAgo + 5_000_000, longAgo + 5_000_000, "404");
        history.recordRead("read", longAgo, longAgo + 500_000, "PROCESSED");
        history.recordRead("read", longAgo, longAgo, "500");
        history.record(attempt("read", AMOUNT, longAgo, "503"));
        history.record(attempt("read", AMOUNT, longAgo, "timeout"));

        for (Audit.Finding finding : findings()) {
            assertEquals(1, finding.count(), finding.name());
        }
    }

    @Test
    void only_while_nobody_could_finish_anything_may_rows_wait() throws Exception {
        accepted("excused");
        stored("excused", AMOUNT, "30 seconds");
        long now = History.now();
        long tenSecondsAgo = now - TimeUnit.SECONDS.toMicros(10);
        long fortySecondsAgo = now - TimeUnit.SECONDS.toMicros(40);
        assertEquals(0, late(findings(strike(fortySecondsAgo, now))));

        accepted("late after the outage");
        stored("late after the outage", AMOUNT, "30 seconds");
        assertEquals(2, late(findings(strike(fortySecondsAgo, tenSecondsAgo))));
        assertEquals(2, late(findings(new Strike("one replica of two away", fortySecondsAgo, now, now, 0, 0, 0))));
    }

    @Test
    void a_row_that_was_held_has_a_time_from_its_release() throws Exception {
        accepted("just released");
        stored("just released", AMOUNT, "30 seconds");
        held("just released", "2 seconds");
        assertEquals(0, late(findings()));

        accepted("released long ago");
        stored("released long ago", AMOUNT, "30 seconds");
        held("released long ago", "4 seconds");
        assertEquals(1, late(findings()));
    }

    @Test
    void only_while_a_replica_is_paused_may_answers_be_missing() throws Exception {
        accepted("once");
        stored("once", AMOUNT, "0");
        history.record(attempt("once", AMOUNT, longAgo, "timeout"));
        assertEquals(
                0,
                unanswered(findings(new Strike("replica paused (SIGSTOP)", longAgo, longAgo, longAgo + 500, 0, 0, 0))));
        assertEquals(1, unanswered(findings(new Strike("replica killed", longAgo, longAgo, longAgo + 500, 0, 0, 0))));
    }

    @Test
    void a_row_is_late_only_while_a_clock_that_was_set_says_that_it_is_due() throws Exception {
        // Due 30 s ago, of which the clock was set back for 28; the last second makes it late, and the first one did
        // not.
        long now = History.now();
        clockIsSet(Duration.ofMinutes(-10), now - TimeUnit.MILLISECONDS.toMicros(29_500));
        clockIsSet(Duration.ZERO, now - TimeUnit.MILLISECONDS.toMicros(200));
        accepted("waits for the clock");
        stored("waits for the clock", AMOUNT, "30 seconds");
        assertEquals(0, late(findings()));
        assertEquals(0, count(findings(), "early"));

        accepted("was late before");
        stored("was late before", AMOUNT, "32 seconds");
        assertEquals(1, late(findings()));
    }

    @Test
    void what_no_clock_ever_said_to_be_due_is_early() throws Exception {
        long now = History.now();
        clockIsSet(Duration.ofMinutes(-10), now - TimeUnit.SECONDS.toMicros(20));
        accepted("early");
        // Sixty seconds ago by a clock that was then ten minutes behind.
        stored("early", AMOUNT, "1 second");
        assertEquals(1, count(findings(), "early"));
    }

    @Test
    void on_which_side_of_a_step_of_the_clock_something_was_is_not_known() throws Exception {
        long now = History.now();
        audit.clockIsSet(
                Duration.ofMinutes(-10),
                now - TimeUnit.SECONDS.toMicros(1),
                History.now() + TimeUnit.SECONDS.toMicros(5));
        accepted("finished as the clock was set");
        insert("finished as the clock was set", AMOUNT, "1 second");
        // Claimed when it was due by the clock that was right, and written down by the one that was set back.
        database.execute("ALTER TABLE transactions DISABLE TRIGGER record_finish");
        database.execute("""
                UPDATE transactions SET status = 'PROCESSED', processed_at = due_at
                WHERE transaction_id = 'finished as the clock was set';
                INSERT INTO audit.finishes
                SELECT transaction_id, due_at, clock_timestamp() - interval '10 minutes', '-10 minutes' FROM transactions""");
        assertEquals(0, count(findings(), "early"));
    }

    private void clockIsSet(Duration ahead, long at) throws SQLException {
        audit.clockIsSet(ahead, at, at);
    }

    /** In which nobody could finish anything. */
    private static Strike strike(long struck, long excused) {
        return new Strike("PostgreSQL killed", struck, excused, excused, 0, 0, excused);
    }

    private void held(String id, String releasedAgo) throws SQLException {
        database.execute(
                "INSERT INTO audit.held VALUES ('%s', clock_timestamp() - interval '%s')".formatted(id, releasedAgo));
    }

    private static long late(List<Audit.Finding> findings) {
        return count(findings, "late");
    }

    private static long unanswered(List<Audit.Finding> findings) {
        return count(findings, "not answered within");
    }

    private static long count(List<Audit.Finding> findings, String name) {
        return findings.stream()
                .filter(finding -> finding.name().startsWith(name))
                .mapToLong(Audit.Finding::count)
                .sum();
    }

    /** Of all that was written down so far. */
    private List<Audit.Finding> findings(Strike... strikes) {
        try {
            history.flush();
            database.execute("""
                    TRUNCATE audit.attempts, audit.reads, audit.strikes;
                    DROP VIEW IF EXISTS audit.unpaused;
                    DROP TABLE IF EXISTS audit.webhooks, audit.late, audit.silences""");
            audit.load(history, List.of(strikes));
            return audit.findings(DELAY);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void accepted(String id) {
        history.record(attempt(id, AMOUNT, longAgo, "202"));
    }

    private void conflicting(String id, String amount) throws SQLException {
        history.record(attempt(id, amount, longAgo, "409"));
        database.execute("""
                INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency)
                VALUES ('%1$s', 'from_%1$s', 'to_%1$s', %2$s, 'INR')""".formatted(id, amount));
    }

    private static Attempt attempt(String id, String amount, long sent, String outcome) {
        return new Attempt(id, amount, 0, sent, sent + 1_000, outcome, false);
    }

    /** Stored, and finished so late. */
    private void stored(String id, String amount, String late) throws SQLException {
        insert(id, amount, late);
        database.execute("""
                UPDATE transactions SET status = 'PROCESSED', processed_at = clock_timestamp()
                WHERE transaction_id = '%s'""".formatted(id));
    }

    private void insert(String id, String amount, String dueAgo) throws SQLException {
        database.execute("""
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('%1$s', 'from_%1$s', 'to_%1$s', %2$s, 'INR', clock_timestamp() - interval '%3$s')
                """.formatted(id, amount, dueAgo));
    }
}
