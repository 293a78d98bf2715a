package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** When a stretch is closed, and that nothing is left out of it, whoever writes meanwhile and whatever the clock does. */
class StretchesTest {

    private static DatabaseServer server;
    private static PGSimpleDataSource dataSource;

    private final Stretches stretches = new Stretches(dataSource);

    @BeforeAll
    static void start() throws Exception {
        server = new DatabaseServer(Map.of("fsync", "off"));
        server.migrateTo("latest");
        dataSource = server.reading();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** What was stored 20 s ago, as if it had been posted neither then nor since. */
    @BeforeEach
    void fill() throws SQLException {
        server.execute("TRUNCATE transactions, stretches, postings, late_postings, strays, holds");
        store("old_", Stretches.CLOSED_MIN, 20);
        server.execute("TRUNCATE late_postings, strays");
    }

    private static String insert(String prefix, int count, int secondsAgo) {
        return """
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, created_at, due_at)
                SELECT '%1$s' || i, 'from_%1$s', 'to_' || i %% 100, 1, 'INR', now() - interval '%3$d s', now() + interval '1 hour'
                FROM generate_series(1, %2$d) AS i""".formatted(prefix, count, secondsAgo);
    }

    private static void store(String prefix, int count, int secondsAgo) throws SQLException {
        server.execute(insert(prefix, count, secondsAgo));
    }

    private static void finishAll() throws SQLException {
        server.execute("UPDATE transactions SET due_at = now(), status = 'PROCESSED', processed_at = now()");
    }

    private static long posted(String prefix) throws SQLException {
        return server.number("SELECT count(*) FROM postings, unnest(keys) AS key WHERE key = posting_key(1, 'from_%s')"
                .formatted(prefix));
    }

    private static long late() throws SQLException {
        return server.number("SELECT count(*) FROM late_postings");
    }

    private static long found(String prefix) throws SQLException {
        var filter = new TransactionFilter(
                Optional.empty(),
                Optional.of(TransactionStatus.PROCESSED),
                Optional.of("from_" + prefix),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        return TransactionPages.select(filter, 100_000, Optional.empty())
                .query(dataSource, row -> row.getString(1))
                .size();
    }

    @Test
    void a_stretch_is_closed_at_the_second_step_and_nothing_of_it_is_left_out() throws SQLException {
        assertTrue(stretches.advance());
        assertEquals(Stretches.CLOSED_MIN, stretches.open());
        assertEquals(0, posted("old_"));
        assertTrue(stretches.advance());
        assertEquals(Stretches.CLOSED_MIN, posted("old_"));
        assertEquals(1, server.number("SELECT count(*) FROM stretches"));
        assertTrue(stretches.advance(), "whether there is something to be merged is looked at by itself");
        assertFalse(stretches.advance(), "there is nothing to be closed");
        assertEquals(0, stretches.open());
        finishAll();
        assertEquals(Stretches.CLOSED_MIN, found("old_"));
    }

    @Test
    void few_are_not_closed_and_found_all_the_same() throws SQLException {
        server.execute("DELETE FROM transactions WHERE transaction_id = 'old_1'");
        assertFalse(stretches.advance());
        finishAll();
        assertEquals(Stretches.CLOSED_MIN - 1, found("old_"));
    }

    @Test
    void whoever_has_written_is_waited_for_and_whoever_only_reads_is_not() throws SQLException {
        try (var writer = server.connect();
                var reader = server.connect();
                var write = writer.createStatement();
                var read = reader.createStatement()) {
            reader.setAutoCommit(false);
            read.execute("SELECT count(*), pg_current_xact_id() FROM transactions");
            writer.setAutoCommit(false);
            write.execute(insert("slow_", 1, 9)); // As of a time that is not yet late.
            assertTrue(stretches.advance());
            assertTrue(stretches.advance());
            assertTrue(stretches.advance());
            assertEquals(0, posted("old_"), "closed, and the writer is not over");
            writer.commit();
            assertTrue(stretches.advance());
            assertEquals(Stretches.CLOSED_MIN, posted("old_"));
            assertEquals(0, late());
        }
    }

    @Test
    void what_comes_with_a_time_that_is_closed_is_posted_late() throws SQLException {
        stretches.advance();
        stretches.advance();
        store("late_", 3, 30);
        assertEquals(6, late());
        finishAll();
        assertEquals(3, found("late_"));
        assertEquals(Stretches.CLOSED_MIN, found("old_"));
    }

    /** Both have chosen an end, of which one is behind the other. */
    @Test
    void two_replicas_close_no_stretch_twice_and_leave_no_gap() throws SQLException {
        var other = new Stretches(dataSource);
        assertTrue(other.advance());
        store("more_", 5, 16);
        server.execute("TRUNCATE late_postings");
        assertTrue(stretches.advance());
        assertTrue(stretches.advance());
        assertTrue(other.advance());
        assertEquals(Stretches.CLOSED_MIN, posted("old_"));
        assertEquals(5, posted("more_"));
        assertEquals(1, server.number("SELECT count(*) FROM stretches"));
        store("next_", Stretches.CLOSED_MIN, 15);
        server.execute(
                "UPDATE transactions SET created_at = now() - interval '15.5 s' WHERE transaction_id LIKE 'next%'");
        stretches.advance();
        stretches.advance();
        stretches.advance();
        assertEquals(2, server.number("SELECT count(*) FROM stretches"));
        assertEquals(1, server.number("SELECT count(*) FROM stretches AS a JOIN stretches AS b ON a.until = b.since"));
    }

    @Test
    void what_a_clock_that_was_set_back_has_closed_is_opened_again() throws SQLException {
        stretches.advance();
        stretches.advance();
        stretches.openWhatIsAhead();
        assertEquals(1, server.number("SELECT count(*) FROM stretches"), "no clock was set");
        // As if the clock had been ten minutes ahead when all that was stored and closed.
        server.execute("UPDATE stretches SET until = until + interval '10 min'");
        server.execute("UPDATE postings SET until = until + interval '10 min'");
        stretches.openWhatIsAhead();
        assertEquals(0, server.number("SELECT (SELECT count(*) FROM stretches) + (SELECT count(*) FROM postings)"));
        stretches.advance();
        stretches.advance();
        stretches.advance();
        assertEquals(Stretches.CLOSED_MIN, posted("old_"));
    }

    @Test
    void small_stretches_become_a_middling_one_first_wherever_larger_ones_are() throws SQLException {
        stretches.advance();
        stretches.advance();
        int few = Stretches.CLOSED_MIN / 10;
        for (String some : List.of("first_", "second_", "third_")) {
            store(some, few, 0);
            server.execute("SELECT post_stretch((SELECT max(until) FROM stretches), now() + interval '1 us')");
        }
        assertEquals(0, server.number("SELECT merge_stretches(%d, false)".formatted(3 * few + 1)));
        assertEquals(2, server.number("SELECT merge_stretches(%d, false)".formatted(few + 1)));
        assertEquals(
                0, server.number("SELECT merge_stretches(%d, false)".formatted(few + 1)), "there is one small one");
        assertEquals(2, server.number("SELECT merge_stretches(%d, false)".formatted(2 * few + 1)));
        assertEquals(2, server.number("SELECT count(*) FROM stretches WHERE NOT merged"));
        assertEquals(
                Stretches.CLOSED_MIN,
                server.number("SELECT transactions FROM stretches WHERE since = '-infinity'"),
                "what is large enough is left alone");
        assertEquals(
                1,
                server.number("SELECT count(*) FROM stretches JOIN stretches AS next ON next.since = stretches.until"));
        assertEquals(few, posted("first_"));
        assertEquals(few, posted("third_"));
        assertEquals(2, server.number("SELECT merge_stretches(%d, true)".formatted(Stretches.CLOSED_MIN + 3 * few)));
        assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE merged"));
        assertEquals(few, posted("second_"));
        assertEquals(Stretches.CLOSED_MIN, posted("old_"));
    }

    @Test
    void small_stretches_become_a_large_one_and_it_has_all_that_they_had() throws SQLException {
        stretches.advance();
        stretches.advance();
        store("more_", Stretches.CLOSED_MIN, 0);
        server.execute("SELECT post_stretch((SELECT max(until) FROM stretches), now() + interval '1 s')");
        assertEquals(0, server.number("SELECT merge_stretches(%d)".formatted(2 * Stretches.CLOSED_MIN + 1)));
        assertEquals(2, server.number("SELECT merge_stretches(%d)".formatted(2 * Stretches.CLOSED_MIN)));
        assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE merged AND since = '-infinity'"));
        assertEquals(1, server.number("SELECT count(DISTINCT until) FROM postings"));
        assertEquals(
                0,
                server.number("SELECT count(*) FROM postings JOIN postings AS next ON next.part = postings.part + 1"
                        + " WHERE (SELECT max(key) FROM unnest(postings.keys) AS key) > next.first_key"));
        assertEquals(Stretches.CLOSED_MIN, posted("old_"));
        assertEquals(Stretches.CLOSED_MIN, posted("more_"));
        assertEquals(4 * Stretches.CLOSED_MIN, server.number("SELECT sum(cardinality(keys)) FROM postings"));
        assertEquals(0, server.number("SELECT merge_stretches(1)"), "a large one is merged again");
        server.execute("UPDATE stretches SET merged = false");
        assertEquals(1, server.number("SELECT merge_stretches(1)"));
        assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE merged"));
        assertEquals(4 * Stretches.CLOSED_MIN, server.number("SELECT sum(cardinality(keys)) FROM postings"));
        server.execute("TRUNCATE late_postings");
        finishAll();
        assertEquals(Stretches.CLOSED_MIN, found("old_"));
        assertEquals(Stretches.CLOSED_MIN, found("more_"));
    }

    /** As the service stores and finishes, but all at once. */
    private void close() throws SQLException {
        stretches.advance();
        stretches.advance();
        assertEquals(1, server.number("SELECT count(*) FROM stretches"));
    }

    private static void finishAllBut(String waiting) throws SQLException {
        server.execute("UPDATE transactions SET due_at = now() - interval '6 s' WHERE status = 'PROCESSING'");
        server.execute("UPDATE transactions SET status = 'PROCESSED', processed_at = now()"
                + " WHERE status = 'PROCESSING' AND transaction_id NOT IN (" + waiting + ")");
    }

    /** Whose time it would be in an hour, when all is due. */
    private void look() throws SQLException {
        server.execute("UPDATE stretches SET look_at = '-infinity'");
        while (stretches.settle()) {}
    }

    private static boolean isSettled() throws SQLException {
        assertEquals(
                0, server.number("SELECT count(*) FROM stretches WHERE (open_since IS NULL) <> (open_due IS NULL)"));
        return server.number("SELECT count(*) FROM stretches WHERE open_due IS NOT NULL") == 0;
    }

    private static List<String> listed(TransactionStatus status) throws SQLException {
        var filter = new TransactionFilter(
                Optional.empty(),
                Optional.of(status),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        return TransactionPages.select(filter, 5, Optional.empty()).query(dataSource, row -> row.getString(1));
    }

    private static long strays(String where) throws SQLException {
        return server.number("SELECT count(*) FROM strays WHERE " + where);
    }

    private static boolean sweepLooksAt(String transactionId) throws SQLException {
        return server.number("""
                SELECT count(*) FROM transactions
                WHERE transaction_id = '%s'
                  AND (due_at >= open_due() OR transaction_id IN (SELECT transaction_id FROM strays WHERE look_at <= due_at))""".formatted(transactionId)) == 1;
    }

    @Test
    void a_stretch_that_is_finished_is_settled_when_all_of_it_is_due() throws SQLException {
        close();
        assertFalse(stretches.settle(), "nothing of it is due");
        assertFalse(isSettled());
        assertEquals(
                1,
                server.number(
                        "SELECT count(*) FROM stretches WHERE look_at BETWEEN now() + interval '55 min' AND now() + interval '65 min'"));
        finishAllBut("''");
        look();
        assertTrue(isSettled());
        assertEquals(0, strays("true"));
        assertEquals(
                1, server.number("SELECT count(*) FROM stretches WHERE open_since IS NULL AND open_due() = until"));
    }

    @Test
    void of_a_stretch_that_is_finished_when_it_is_closed_nothing_waits() throws SQLException {
        finishAllBut("''");
        close();
        assertTrue(isSettled());
    }

    @Test
    void what_a_sweep_may_have_to_finish_in_a_stretch_that_is_settled_is_a_stray_until_it_is_finished()
            throws SQLException {
        close();
        finishAllBut("'old_7', 'old_9'");
        look();
        assertTrue(isSettled());
        assertEquals(2, strays("transaction_id IN ('old_7', 'old_9') AND look_at < now()"));
        assertTrue(sweepLooksAt("old_7"));
        assertEquals(List.of("old_9", "old_7"), listed(TransactionStatus.PROCESSING));
        finishAllBut("'old_9'");
        look();
        assertEquals(1, strays("true"));
        assertEquals(List.of("old_9"), listed(TransactionStatus.PROCESSING));
        server.execute("DELETE FROM transactions WHERE transaction_id = 'old_9'");
        look();
        assertEquals(0, strays("true"), "of what is gone");
    }

    @Test
    void where_many_wait_the_stretch_stays_open_from_the_first_of_them_and_is_looked_at_again() throws SQLException {
        close();
        server.execute(
                "UPDATE transactions SET due_at = now() - interval '1 min' + regexp_replace(transaction_id, 'old_', '')::int * interval '1 ms'");
        server.execute(
                "UPDATE transactions SET created_at = created_at - interval '1 s' WHERE transaction_id = 'old_4000'");
        server.execute("UPDATE transactions SET status = 'PROCESSED', processed_at = now() WHERE transaction_id NOT IN"
                + " (SELECT 'old_' || i FROM generate_series(4000, 5000) AS i)");
        look();
        assertFalse(isSettled());
        assertEquals(0, strays("true"));
        assertEquals(1, server.number("""
                        SELECT count(*) FROM stretches, transactions
                        WHERE transaction_id = 'old_4000' AND open_due = due_at AND open_since = created_at
                          AND look_at BETWEEN now() + interval '5 s' AND now() + interval '15 s'"""));
        server.execute(
                "UPDATE transactions SET status = 'PROCESSED', processed_at = now() WHERE transaction_id = 'old_4000'");
        look();
        assertTrue(isSettled());
        assertEquals(1_000, strays("true"));
    }

    @Test
    void what_comes_late_or_due_before_it_came_is_a_stray() throws SQLException {
        close();
        finishAllBut("''");
        look();
        store("late_", 1, 11);
        server.execute(insert("early_", 1, 0).replace("now() + interval '1 hour'", "now() - interval '1 us'"));
        store("usual_", 1, 9);
        assertEquals(2, strays("transaction_id IN ('late_1', 'early_1')"));
        assertEquals(2, strays("true"));
        assertTrue(sweepLooksAt("late_1"));
        assertTrue(sweepLooksAt("early_1"));
        assertTrue(sweepLooksAt("usual_1"));
        assertEquals(List.of("early_1", "usual_1", "late_1"), listed(TransactionStatus.PROCESSING));
        assertEquals(5, listed(TransactionStatus.PROCESSED).size());
    }

    @Test
    void what_is_held_is_a_stray_and_is_found_again_when_it_is_released() throws SQLException {
        var holds = new Holds(dataSource);
        close();
        server.execute("UPDATE transactions SET due_at = created_at");
        holds.apply(Holds.Action.HOLD, "old_5", "somebody", null);
        finishAllBut("''");
        look();
        assertTrue(isSettled());
        assertEquals(List.of("old_5"), listed(TransactionStatus.HELD));
        assertEquals(1, strays("look_at = 'infinity'"));
        holds.apply(Holds.Action.RELEASE, "old_5", "somebody", null);
        assertEquals(List.of(), listed(TransactionStatus.HELD));
        assertEquals(List.of("old_5"), listed(TransactionStatus.PROCESSING));
        assertEquals(
                1,
                strays(
                        "look_at = (SELECT due_at FROM transactions WHERE transaction_id = 'old_5') AND look_at <= now()"));
        look();
        assertEquals(List.of("old_5"), listed(TransactionStatus.PROCESSING), "looked at, and not forgotten");
        holds.apply(Holds.Action.HOLD, "old_5", "somebody", null);
        look();
        assertEquals(0, strays("look_at <> 'infinity'"), "one that is held is looked at no more");
        assertEquals(List.of("old_5"), listed(TransactionStatus.HELD));
        holds.apply(Holds.Action.RELEASE, "old_5", "somebody", null);
        finishAllBut("''");
        look();
        assertEquals(0, strays("true"));
    }

    @Test
    void whoever_holds_while_a_stretch_is_settled_is_seen_before_or_after() throws SQLException {
        close();
        finishAllBut("'old_5'");
        try (var holder = server.connect();
                var hold = holder.createStatement()) {
            holder.setAutoCommit(false);
            hold.execute("UPDATE transactions SET status = 'HELD' WHERE transaction_id = 'old_5'");
            hold.execute("INSERT INTO holds (transaction_id, action, by) VALUES ('old_5', 'HOLD', 'somebody')");
            look();
            assertTrue(isSettled());
            holder.commit();
        }
        look();
        assertEquals(List.of("old_5"), listed(TransactionStatus.HELD));
    }

    /** Where the delay is long: the ledger's newest stretches are waiting, and finished ones lie behind them. */
    @Test
    void a_list_of_what_is_finished_passes_over_what_is_not_due_and_finds_the_strays_in_it() throws SQLException {
        finishAllBut("''");
        close();
        store("next_", 20, 0);
        server.execute("SELECT post_stretch((SELECT max(until) FROM stretches), now() + interval '1 us')");
        assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE is_due_in(open_due, due_from)"));
        assertEquals(5, listed(TransactionStatus.PROCESSED).size());
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, created_at, due_at)
                SELECT 'stray', 'a', 'b', 1, 'INR', until - interval '0.5 us', now() - interval '10 min' FROM stretches
                ORDER BY until DESC LIMIT 1""");
        finishAllBut("SELECT transaction_id FROM transactions WHERE transaction_id <> 'stray'");
        assertEquals("stray", listed(TransactionStatus.PROCESSED).get(0));
        look();
        assertEquals(
                "stray",
                listed(TransactionStatus.PROCESSED).get(0),
                "a stray no more, and its stretch says that something of it was due");
    }

    /** By the statement that the runbook has for it. */
    @Test
    void what_was_changed_by_hand_in_a_stretch_that_is_settled_is_found_when_all_is_looked_through_again()
            throws SQLException {
        finishAllBut("''");
        close();
        server.execute(
                "UPDATE transactions SET status = 'PROCESSING', processed_at = NULL, due_at = created_at WHERE transaction_id = 'old_3'");
        assertFalse(sweepLooksAt("old_3"));
        server.execute("UPDATE stretches SET open_since = since, open_due = '-infinity', look_at = now()");
        assertEquals(List.of("old_3"), listed(TransactionStatus.PROCESSING));
        while (stretches.settle()) {}
        assertTrue(isSettled());
        assertTrue(sweepLooksAt("old_3"));
        assertEquals(List.of("old_3"), listed(TransactionStatus.PROCESSING));
    }

    @Test
    void finished_history_that_is_brought_in_makes_no_strays() throws SQLException {
        finishAllBut("''");
        close();
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                    processed_at)
                SELECT 'history_' || i, 'from_history_', 'b', 1, 'INR', 'PROCESSED', now() - interval '1 year', now() - interval '1 year', now()
                FROM generate_series(1, 10) AS i""");
        assertEquals(0, strays("true"));
        assertEquals(10, found("history_"));
        assertTrue(isSettled());
    }

    @Test
    void merged_stretches_wait_from_where_the_first_of_them_does_and_are_settled_if_all_are() throws SQLException {
        finishAllBut("''");
        close();
        store("next_", Stretches.CLOSED_MIN, 0);
        server.execute("SELECT post_stretch((SELECT max(until) FROM stretches), now() + interval '1 us')");
        long due =
                server.number("SELECT extract(epoch FROM open_due)::bigint FROM stretches WHERE open_due IS NOT NULL");
        assertEquals(2, server.number("SELECT merge_stretches(%d)".formatted(2 * Stretches.CLOSED_MIN)));
        assertEquals(
                due,
                server.number("SELECT extract(epoch FROM open_due)::bigint FROM stretches WHERE open_since > since"));
        assertEquals(5, listed(TransactionStatus.PROCESSED).size());
        assertEquals(5, listed(TransactionStatus.PROCESSING).size());
        finishAllBut("''");
        look();
        assertTrue(isSettled());
    }

    private void closeTwo() throws SQLException {
        finishAll();
        server.execute("TRUNCATE late_postings, strays");
        stretches.advance();
        stretches.advance();
        stretches.advance();
        store("more_", Stretches.CLOSED_MIN, 16);
        server.execute(
                "UPDATE transactions SET due_at = created_at, status = 'PROCESSED', processed_at = now() WHERE status = 'PROCESSING'");
        server.execute("TRUNCATE late_postings, strays");
        stretches.advance();
        stretches.advance();
        assertEquals(2, server.number("SELECT count(*) FROM stretches WHERE open_due IS NULL"));
    }

    @Test
    void a_stretch_whose_transactions_are_gone_goes_and_leaves_no_gap() throws SQLException {
        closeTwo();
        stretches.dropEmptied("PT1S");
        assertEquals(2, server.number("SELECT count(*) FROM stretches"), "not while its transactions are there");
        server.execute("DELETE FROM transactions WHERE transaction_id LIKE 'old_%'");
        stretches.dropEmptied("P1D");
        assertEquals(2, server.number("SELECT count(*) FROM stretches"), "not before its time");
        stretches.dropEmptied("PT1S");
        assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE since = '-infinity'"));
        assertEquals(0, posted("old_"));
        assertEquals(Stretches.CLOSED_MIN, posted("more_"));
        assertEquals(Stretches.CLOSED_MIN, found("more_"));
        server.execute("DELETE FROM transactions");
        stretches.dropEmptied("PT1S");
        assertEquals(1, server.number("SELECT count(*) FROM stretches"), "the last one tells how far it is posted");
    }

    /** Such as what was held for long. */
    @Test
    void what_is_left_of_a_stretch_that_goes_is_found_all_the_same() throws SQLException {
        closeTwo();
        server.execute(
                "DELETE FROM transactions WHERE transaction_id LIKE 'old_%' AND transaction_id NOT LIKE 'old_77%'");
        long left = server.number("SELECT count(*) FROM transactions WHERE transaction_id LIKE 'old_77%'");
        stretches.dropEmptied("PT1S");
        assertEquals(1, server.number("SELECT count(*) FROM stretches"));
        assertEquals(0, posted("old_"));
        assertEquals(2 * left, late());
        assertEquals(left, found("old_"));
        assertEquals(Stretches.CLOSED_MIN, found("more_"));
        var finished = new TransactionFilter(
                Optional.empty(),
                Optional.of(TransactionStatus.PROCESSED),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        assertEquals(
                left + Stretches.CLOSED_MIN,
                TransactionPages.select(finished, 100_000, Optional.empty())
                        .query(dataSource, row -> row.getString(1))
                        .size());
    }
}
