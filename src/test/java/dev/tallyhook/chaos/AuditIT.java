package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit is blind to nothing that it looks for: of each violation that is planted it finds one. */
class AuditIT {

    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final String AMOUNT = "1500.50";
    private static final String OTHER_AMOUNT = "2.25";

    @AutoClose
    private static DatabaseServer database;

    @TempDir
    Path directory;

    private final long longAgo = History.now() - TimeUnit.MINUTES.toMicros(1);
    private History history;
    private Audit audit;

    @BeforeAll
    static void start() throws Exception {
        database = Stage.server();
        database.migrateTo("latest");
    }

    @BeforeEach
    void startOver() throws Exception {
        database.execute(
                "DROP SCHEMA IF EXISTS audit CASCADE; TRUNCATE transactions, requests, conflicts, stretches, postings, late_postings, strays");
        history = new History(directory);
        audit = new Audit(database);
        audit.install();
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

        goneWrongly();
        oneIsNotPostedAndOneIsPassedOver();

        for (Audit.Finding finding : findings()) {
            assertEquals(isOfSourcesAlone(finding) ? 0 : 1, finding.count(), finding.name());
        }
    }

    private static boolean isOfSourcesAlone(Audit.Finding finding) {
        return Stream.of(
                        "part of a call",
                        "wrong content of an event",
                        "without its request",
                        "wrong conflict of an event")
                .anyMatch(finding.name()::startsWith);
    }

    @Test
    void where_all_is_well_with_providers_events_nothing_is_found() throws Exception {
        taken(stripe("good"));
        stored(stripe("good"), "200 milliseconds");
        history.record(attempt(stripe("good"), longAgo, "200", true));
        taken(stripe("good").contradicted(OTHER_AMOUNT));
        conflict(stripe("good"), OTHER_AMOUNT);
        Call call = goCardless("all", 3);
        taken(call);
        stored(call, "0");
        history.record(attempt(call, longAgo, "200", true));
        history.record(attempt(goCardless("none", 3), longAgo, "503 The service is stopping; try again", false));
        Call known = goCardless("stored_unheard", 2);
        history.record(attempt(known, longAgo, "broken", false));
        stored(known, "0");
        history.record(attempt(known, longAgo, "200", true));
        Call gone = goCardless("gone_unheard", 2);
        history.record(attempt(gone, longAgo, "broken", false));
        taken(gone);
        stored(gone, "0");
        history.recordRead(call.transactionId(), longAgo + 2_000_000, longAgo + 2_000_000, "PROCESSED");
        assertTrue(findings().stream().allMatch(finding -> finding.count() == 0), () -> findings()
                .toString());
        assertEquals(
                List.of("| gocardless | 4 | 2 | 7 | 0 |", "| stripe | 3 | 1 | 1 | 1 |"),
                audit.perSource().stream().map(Verdict.PerSource::row).toList());
        assertEquals(new Verdict.CutOff(2, 1), audit.cutOff());

        // Success is what the source takes for it.
        history.record(attempt("built in", AMOUNT, longAgo, "200"));
        history.record(attempt(stripe("named"), longAgo, "202", false));
        history.record(attempt(stripe("named"), longAgo, "401", false));
        assertEquals(3, count(findings(), "answered with anything but"));
    }

    @Test
    void of_each_violation_that_is_planted_among_providers_events_one_is_found() throws Exception {
        taken(stripe("lost"));

        taken(stripe("stored_twice"));
        taken(stripe("stored_twice"));
        stored(stripe("stored_twice"), "0");

        taken(stripe("finished_twice"));
        stored(stripe("finished_twice"), "0");
        database.execute(
                "UPDATE transactions SET currency = currency WHERE transaction_id = 'stripe:evt_finished_twice'");

        taken(stripe("unfinished"));
        insert(stripe("unfinished"), "0");

        history.record(attempt(stripe("early"), History.now(), "200", false));
        stored(stripe("early"), "0");

        taken(goCardless("late", 1));
        stored(goCardless("late", 1), "2 seconds");

        // All of its events but one, and nobody was told that it is stored.
        history.record(attempt(goCardless("part", 3), longAgo, "broken", false));
        stored(goCardless("part", 2), "0");

        taken(stripe("other_content"));
        history.record(attempt(stripe("other_content").contradicted(OTHER_AMOUNT), longAgo, "200", true));
        stored(stripe("other_content"), "0");
        conflict(stripe("other_content"), OTHER_AMOUNT);

        taken(goCardless("other_subject", 2));
        stored(goCardless("other_subject", 2), "0", "subject = 'PMother_subject-0'");

        taken(stripe("without_request"));
        stored(stripe("without_request"), "0");
        database.execute(
                "DELETE FROM requests WHERE id = (SELECT request FROM transactions WHERE transaction_id = 'stripe:evt_without_request')");

        history.record(attempt(stripe("409"), longAgo, "409", false));
        stored(stripe("409"), "0");
        conflict(stripe("409"), AMOUNT);

        taken(stripe("off_the_record"));
        taken(stripe("off_the_record").contradicted(OTHER_AMOUNT));
        stored(stripe("off_the_record"), "0");

        stored(stripe("never_sent"), "0");

        taken(goCardless("read", 2));
        stored(goCardless("read", 2), "0");
        history.recordRead("gocardless:EVread-1", longAgo + 5_000_000, longAgo + 5_000_000, "404");
        history.recordRead("gocardless:EVread-1", longAgo, longAgo + 500_000, "PROCESSED");
        history.recordRead("gocardless:EVread-1", longAgo, longAgo, "500");
        history.record(attempt(goCardless("read", 2), longAgo, "timeout", false));

        goneWrongly();
        oneIsNotPostedAndOneIsPassedOver();

        for (Audit.Finding finding : findings()) {
            assertEquals(1, finding.count(), finding.name());
        }
    }

    private void goneWrongly() throws SQLException {
        gone("gone", "1 second", true);
        archived("gone", true);

        gone("gone too early", "-1 second", true);
        archived("gone too early", true);

        gone("gone from the archive", "0", true);

        gone("gone and archived twice", "0", true);
        archived("gone and archived twice", true);
        archived("gone and archived twice", true);

        gone("gone with other content", "0", false);
        archived("gone with other content", true);

        gone("gone into a file that is damaged", "0", true);
        archived("gone into a file that is damaged", false);

        gone("gone and forgotten", "0", true);
        database.execute("INSERT INTO audit.archived VALUES ('gone and forgotten', true, false)");
    }

    @Test
    void what_is_there_is_not_read_as_gone() throws Exception {
        accepted("there");
        stored("there", AMOUNT, "0");
        history.recordRead("there", longAgo, longAgo, "410");
        assertEquals(1, count(findings(), "read with anything but"));
    }

    @Test
    void by_a_clock_that_was_set_back_something_may_go_before_it_was_finished() throws Exception {
        clockIsSet(Duration.ofMinutes(-10), History.now() - TimeUnit.SECONDS.toMicros(20));
        goneTenMinutesBehind("kept for eight seconds", "2 seconds");
        assertEquals(0, count(findings(), "gone too early"));
        goneTenMinutesBehind("kept for four seconds", "6 seconds");
        assertEquals(1, count(findings(), "gone too early"));
    }

    /** Finished ten seconds ago, gone so long ago, and it had to stay for five seconds. */
    private void goneTenMinutesBehind(String id, String ago) throws SQLException {
        accepted(id);
        stored(id, AMOUNT, "30 seconds");
        database.execute("""
                ALTER TABLE transactions DISABLE TRIGGER record_finish;
                UPDATE transactions SET processed_at = clock_timestamp() - interval '10 seconds' WHERE transaction_id = '%1$s';
                UPDATE audit.finishes SET finished_at = clock_timestamp() - interval '10 seconds' WHERE transaction_id = '%1$s';
                INSERT INTO audit.gone
                VALUES ('%1$s', NULL, clock_timestamp() - interval '%2$s' - interval '10 minutes', '5 seconds');
                ALTER TABLE transactions ENABLE TRIGGER record_finish""".formatted(id, ago));
    }

    /** So long after it might go, and loaded again. */
    private void gone(String id, String late, boolean isRemembered) throws SQLException {
        accepted(id);
        stored(id, AMOUNT, "0");
        history.recordRead(id, longAgo, longAgo, "410");
        database.execute("""
                INSERT INTO audit.gone
                SELECT transaction_id, content_digest(transaction_id, source_account, destination_account, amount, '%2$s'),
                       processed_at + interval '1 hour' + interval '%3$s', '1 hour'
                FROM transactions WHERE transaction_id = '%1$s'""".formatted(id, isRemembered ? "INR" : "USD", late));
    }

    private void archived(String id, boolean isWhole) throws SQLException {
        database.execute("INSERT INTO audit.archived VALUES ('%s', %s, true)".formatted(id, isWhole));
    }

    private void oneIsNotPostedAndOneIsPassedOver() throws SQLException {
        database.execute("SELECT post_stretch('-infinity', max(created_at)) FROM transactions WHERE source IS NULL");
        database.execute("UPDATE postings SET hashes[1] = hashes[1] + 1");
        database.execute("SELECT post_stretch((SELECT max(until) FROM stretches), clock_timestamp())");
        database.execute("UPDATE stretches SET has_built_in = false WHERE until = (SELECT max(until) FROM stretches)");
    }

    private static Call stripe(String key) {
        return new Call("stripe", Call.OF_STRIPE + key, 0, AMOUNT);
    }

    private static Call goCardless(String key, int events) {
        return new Call("gocardless", Call.OF_GOCARDLESS + key, events, null);
    }

    private void taken(Call call) {
        history.record(attempt(call, longAgo, "200", false));
    }

    private void conflict(Call call, String amount) throws SQLException {
        database.execute("""
                INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency)
                VALUES ('%s', 'cus', 'acct', %s, 'USD')""".formatted(call.id(), amount));
    }

    /** All of its events, as they must be but for what is said, and finished so late. */
    private void stored(Call call, String late, String... other) throws SQLException {
        insert(call, late);
        for (String change : other) {
            database.execute(
                    "UPDATE transactions SET %s WHERE transaction_id = '%s'".formatted(change, call.transactionId()));
            database.execute("DELETE FROM audit.finishes WHERE transaction_id = '%s'".formatted(call.transactionId()));
        }
        database.execute("""
                UPDATE transactions SET status = 'PROCESSED', processed_at = clock_timestamp()
                WHERE transaction_id ^@ '%s'""".formatted(call.id()));
    }

    /** With a request that all of its events name. */
    private void insert(Call call, String dueAgo) throws SQLException {
        String key = call.id().replaceFirst("^" + Call.OF_STRIPE + "|^" + Call.OF_GOCARDLESS, "");
        boolean many = call.events() > 0;
        database.execute("INSERT INTO requests (id, raw) SELECT coalesce(max(request), 0) + 1, '' FROM transactions");
        for (int number = 0; number < Math.max(1, call.events()); number++) {
            String end = many ? "-" + number : "";
            database.execute("""
                    INSERT INTO transactions (
                        transaction_id, source, type, subject, source_account, destination_account, amount, currency, due_at,
                        request, request_place)
                    VALUES ('%s', '%s', '%s', '%s', '%s', '%s', %s, %s, clock_timestamp() - interval '%s',
                        (SELECT max(id) FROM requests), 0)""".formatted(
                            call.id() + end,
                            call.source(),
                            many ? "payments.confirmed" : "payment_intent.succeeded",
                            (many ? "PM" : "pi_") + key + end,
                            (many ? "CU" : "cus_") + key + end,
                            (many ? "CR" : "acct_") + key + end,
                            call.amount(),
                            many ? "NULL" : "'USD'",
                            dueAgo));
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
                    DROP TABLE IF EXISTS audit.webhooks, audit.deliveries, audit.late, audit.silences""");
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
        return attempt(new Call(null, id, 0, amount), sent, outcome, false);
    }

    private static Attempt attempt(Call call, long sent, String outcome, boolean replayed) {
        return new Attempt(call, 0, sent, sent + 1_000, outcome, replayed);
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
