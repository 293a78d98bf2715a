package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.sql.SQLException;
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
        dataSource = new PGSimpleDataSource();
        dataSource.setURL("jdbc:postgresql://localhost:" + server.port()
                + "/postgres?user=postgres&options=-c%20enable_seqscan=off");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** What was stored 20 s ago, as if it had been posted neither then nor since. */
    @BeforeEach
    void fill() throws SQLException {
        server.execute("TRUNCATE transactions, stretches, postings, late_postings");
        store("old_", Stretches.CLOSED_MIN, 20);
        server.execute("TRUNCATE late_postings");
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
}
