package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lists by a provider's own times, and of the built-in source, read only the stretches that may have some of it, and find what came late. */
class RuledOutTest {

    private static final int IN_A_STRETCH = 2_000;
    private static final int STRETCHES = 5;
    private static final Instant BEGINNING = Instant.parse("2001-01-01T00:00:00Z");

    private static DatabaseServer ready;

    private DatabaseServer server = ready;

    @BeforeAll
    static void start() throws Exception {
        ready = new DatabaseServer(Map.of("fsync", "off"));
        ready.migrateTo("latest");
    }

    @AfterAll
    static void stop() throws Exception {
        ready.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        server.execute("TRUNCATE transactions");
    }

    /** A ledger of before. */
    private DatabaseServer earlier() throws Exception {
        server = new DatabaseServer(Map.of("fsync", "off"));
        server.migrateTo("024");
        return server;
    }

    private static Instant hour(int hour) {
        return BEGINNING.plusSeconds(3_600L * hour);
    }

    /** In the first hour of the built-in source, and in each of the following hours of a provider, who told of it ten seconds later. */
    private void store() throws SQLException {
        for (int hour = 0; hour < STRETCHES; hour++) {
            store(
                    "h" + hour + "_",
                    IN_A_STRETCH,
                    hour(hour),
                    hour == 0 ? Optional.empty() : Optional.of(hour(hour).minusSeconds(10)));
        }
        server.execute("TRUNCATE late_postings, strays, stretches, postings");
        for (int hour = 0; hour < STRETCHES; hour++) {
            server.execute("SELECT post_stretch(%s, '%s')"
                    .formatted(hour == 0 ? "'-infinity'" : "'" + hour(hour) + "'", hour(hour + 1)));
        }
        server.execute("SELECT settle_stretch() FROM generate_series(1, 10)");
    }

    private void store(String prefix, int count, Instant created, Optional<Instant> occurred) throws SQLException {
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                    processed_at, source, type, occurred_at)
                SELECT '%1$s' || i, 'from', 'to', 1, 'INR', 'PROCESSED', at, at, at, %3$s,
                       %4$s::timestamptz + i * interval '1 s'
                FROM generate_series(1, %2$d) AS i, LATERAL (SELECT timestamptz '%5$s' + i * interval '1 s' AS at) AS stored""".formatted(
                        prefix,
                        count,
                        occurred.isPresent() ? "'stripe', 'charge'" : "NULL, NULL",
                        occurred.map(at -> "'" + at + "'").orElse("NULL"),
                        created));
    }

    private static TransactionFilter filter(Optional<TransactionStatus> status, EventFilter events) {
        return new TransactionFilter(
                Optional.empty(),
                status,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                events);
    }

    private static EventFilter occurred(Instant from, Instant to) {
        return new EventFilter(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(from), Optional.of(to), false);
    }

    /** The same of all and of what is finished; and of the table so many rows are read at most. */
    private List<String> find(EventFilter events, long readMax) throws SQLException {
        List<String> all = find(filter(Optional.empty(), events), readMax);
        assertEquals(all, find(filter(Optional.of(TransactionStatus.PROCESSED), events), readMax));
        return all;
    }

    private List<String> find(TransactionFilter filter, long readMax) throws SQLException {
        try (Connection connection = server.connect();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN; SET LOCAL enable_seqscan = off");
            List<String> found =
                    TransactionPages.select(filter, 50, Optional.empty()).query(connection, row -> row.getString(1));
            long read = new Sql()
                    .add(
                            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'transactions'")
                    .query(connection, row -> row.getLong(1))
                    .get(0);
            assertTrue(read <= readMax, () -> read + " rows read of " + filter);
            return found;
        }
    }

    private void assertAllIsFound(int stretches) throws SQLException {
        int readMax = stretches * IN_A_STRETCH + 500;
        assertEquals(List.of("h1_7"), find(occurred(hour(1).minusSeconds(3), hour(1).minusSeconds(2)), readMax));
        assertEquals(List.of("late_2", "late_1"), find(occurred(BEGINNING.minusSeconds(900), BEGINNING), readMax));
        assertEquals(List.of(), find(occurred(hour(100), hour(101)), 500));
        assertEquals(List.of(), find(occurred(hour(1), hour(0)), readMax));
        List<String> builtIn = find(EventFilter.ofSource("transactions"), readMax);
        assertEquals(50, builtIn.size());
        assertEquals(List.of("own_1", "h0_2000", "h0_1999"), builtIn.subList(0, 3));
    }

    private void comeLate() throws SQLException {
        store("late_", 2, hour(4), Optional.of(BEGINNING.minusSeconds(600)));
        store("own_", 1, hour(3), Optional.empty());
    }

    @Test
    void what_a_stretch_cannot_have_is_not_looked_for_in_it() throws Exception {
        store();
        comeLate();
        assertAllIsFound(1);
    }

    @Test
    void a_ledger_that_was_there_before_is_looked_through_once() throws Exception {
        try (DatabaseServer own = earlier()) {
            store();
            comeLate();
            own.migrateTo("latest");
            assertEquals(2, server.number("SELECT count(*) FROM stretches WHERE has_built_in"));
            assertEquals(1, server.number("SELECT count(*) FROM stretches WHERE first_occurred = 'infinity'"));
            assertAllIsFound(2); // What is late is seen in its stretch, and may be found there.
        }
    }

    /** Who brings something in by an earlier version, and has not yet ended. */
    @Test
    void a_ledger_is_looked_through_when_those_are_over_who_have_written_to_it() throws Exception {
        try (DatabaseServer own = earlier();
                Connection writer = own.connect();
                var statement = writer.createStatement()) {
            store();
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO transactions (transaction_id, source, type, created_at, due_at, occurred_at)"
                    + " VALUES ('slow', 'stripe', 'charge', '%s', '%s', '%s')"
                            .formatted(hour(2), hour(2), BEGINNING.minusSeconds(4_000)));
            CompletableFuture<Void> migration = CompletableFuture.runAsync(this::migrate);
            Thread.sleep(2_000); // Longer than it takes where nobody is waited for.
            assertFalse(migration.isDone());
            writer.commit();
            migration.get(60, TimeUnit.SECONDS);
            assertEquals(
                    1,
                    server.number("SELECT count(*) FROM stretches WHERE first_occurred = '%s'"
                            .formatted(BEGINNING.minusSeconds(4_000))));
        }
    }

    private void migrate() {
        try {
            server.migrateTo("latest");
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void a_merged_stretch_may_have_what_any_of_its_parts_has() throws Exception {
        store();
        server.execute("SELECT merge_stretches(%d, false)".formatted(2 * IN_A_STRETCH));
        assertEquals(STRETCHES - 1, server.number("SELECT count(*) FROM stretches"));
        comeLate();
        assertEquals(
                List.of("h1_7"),
                find(occurred(hour(1).minusSeconds(3), hour(1).minusSeconds(2)), 2 * IN_A_STRETCH + 500));
        assertEquals(
                50,
                find(EventFilter.ofSource("transactions"), 2 * IN_A_STRETCH + 500)
                        .size());
    }

    /** One that is beyond what its stretch has, and many that are not. */
    @Test
    void only_what_its_stretch_would_not_be_looked_into_for_is_posted_for_that() throws Exception {
        store();
        comeLate();
        store("as_usual_", 500, hour(2), Optional.of(hour(2)));
        assertEquals(
                3,
                server.number(
                        "SELECT count(*) FROM late_postings WHERE key IN (posting_key(6, ''), posting_key(7, ''))"));
        assertEquals(
                50,
                find(occurred(hour(2), hour(2).plusSeconds(100)), IN_A_STRETCH + 1_000)
                        .size());
    }

    /** However much of it came late. */
    @Test
    void nothing_else_is_looked_into_if_the_page_is_full_of_what_came_last() throws Exception {
        store();
        store("new_", 100, hour(STRETCHES), Optional.of(hour(STRETCHES)));
        server.execute("TRUNCATE late_postings, strays"); // As if it had come just now.
        store("late_", 3_000, hour(1), Optional.of(hour(50)));
        List<String> found = find(occurred(hour(STRETCHES), hour(STRETCHES + 1)), 500);
        assertEquals(50, found.size());
        assertEquals("new_100", found.get(0));
    }

    /** It is a stray, wherever it is, and few stretches have more that waits. */
    @Test
    void what_waits_is_found_and_not_looked_for_among_all_that_came_late() throws Exception {
        store();
        store("late_", 3_000, hour(1), Optional.of(BEGINNING.minusSeconds(5_000)));
        server.execute("INSERT INTO transactions (transaction_id, source, type, created_at, due_at, occurred_at)"
                + " VALUES ('waits', 'stripe', 'charge', '%s', '%s', '%s')"
                        .formatted(hour(2), hour(2), BEGINNING.minusSeconds(4_000)));
        assertEquals(
                List.of("waits"),
                find(
                        filter(
                                Optional.of(TransactionStatus.PROCESSING),
                                occurred(BEGINNING.minusSeconds(9_000), BEGINNING)),
                        500));
    }

    @Test
    void what_is_left_of_a_stretch_that_goes_is_found() throws Exception {
        store();
        server.execute("DELETE FROM transactions WHERE transaction_id LIKE 'h0%' AND transaction_id <> 'h0_9'"
                + " OR transaction_id LIKE 'h1%' AND transaction_id <> 'h1_7'");
        assertEquals(1, server.number("SELECT drop_emptied_stretch(now())"));
        assertEquals(1, server.number("SELECT drop_emptied_stretch(now())"));
        assertEquals(STRETCHES - 2, server.number("SELECT count(*) FROM stretches"));
        assertEquals(List.of("h0_9"), find(EventFilter.ofSource("transactions"), IN_A_STRETCH + 500));
        assertEquals(List.of("h1_7"), find(occurred(BEGINNING, hour(1).plusSeconds(3_000)), IN_A_STRETCH + 500));
        store("loaded_", 5, hour(1), Optional.of(hour(1)));
        assertEquals(0, server.number("SELECT count(*) FROM late_postings WHERE key = posting_key(6, '')"));
        assertEquals(
                6,
                find(occurred(BEGINNING, hour(1).plusSeconds(3_000)), IN_A_STRETCH + 500)
                        .size());
    }
}
