package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.DatabaseServer;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What goes, what stays, and that an id is at no moment unknown. */
class DeparturesTest {

    private static DatabaseServer server;
    private static PGSimpleDataSource dataSource;

    private final Departures departures = new Departures(dataSource, true);

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

    @BeforeEach
    void empty() throws SQLException {
        server.execute("TRUNCATE transactions, gone, archives, deliveries, late_postings, strays, events");
    }

    /** Stored at noon of each of the last days, and finished 30 s later. */
    private static void store(String prefix, int days) throws SQLException {
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                    created_at, due_at, processed_at, status)
                SELECT '%s' || i, 'from', 'to', i, 'INR', at, at + interval '30 s', at + interval '30 s', 'PROCESSED'
                FROM generate_series(1, %d) AS i, LATERAL (SELECT now() - i * interval '1 day' AS at) AS stored""".formatted(prefix, days));
    }

    private List<String> next(String age) throws SQLException {
        return departures.next(age, 100).stream()
                .filter(Departures.Old::mayGo)
                .map(old -> old.row().transactionId())
                .toList();
    }

    private long letGo(String age) throws Exception {
        return departures.letGo(departures.next(age, 100).stream()
                .filter(Departures.Old::mayGo)
                .map(Departures.Old::row)
                .toList());
    }

    private static long stored() throws SQLException {
        return server.number("SELECT count(*) FROM transactions");
    }

    @Test
    void what_was_finished_long_enough_ago_goes_the_oldest_first() throws Exception {
        store("t", 10);
        assertEquals(List.of("t10", "t9", "t8", "t7"), next("P6DT12H"));
        assertEquals(4, letGo("P6DT12H"));
        assertEquals(6, stored());
        assertEquals(4, server.number("SELECT count(*) FROM gone"));
        assertEquals(List.of(), next("P6DT12H"));
    }

    @Test
    void what_waits_is_held_or_was_finished_later_stays_however_old_it_is() throws Exception {
        store("t", 5);
        server.execute("UPDATE transactions SET status = 'HELD', processed_at = NULL WHERE transaction_id = 't5'");
        server.execute(
                "UPDATE transactions SET status = 'PROCESSING', processed_at = NULL WHERE transaction_id = 't4'");
        server.execute("UPDATE transactions SET processed_at = now() - interval '1 hour' WHERE transaction_id = 't3'");
        assertEquals(List.of("t2", "t1"), next("PT12H"));
    }

    @Test
    void what_is_still_to_be_told_stays() throws Exception {
        store("t", 3);
        server.execute(
                "INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('e', 'p', '{t2,t9}'), ('e', 'c', '{t3}')");
        assertEquals(List.of("t3", "t1"), next("PT12H"));
        server.execute("DELETE FROM deliveries");
        departures.beginAnew();
        assertEquals(List.of("t3", "t2", "t1"), next("PT12H"));
    }

    private static void addEndpoint() throws SQLException {
        server.execute("""
                INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets)
                VALUES ('e', 'https://example.com/', '{transaction.processed}', 'v1', '')
                ON CONFLICT DO NOTHING""");
    }

    @Test
    void what_is_to_be_told_once_more_since_it_was_found_stays() throws Exception {
        addEndpoint();
        store("t", 3);
        var found =
                departures.next("PT12H", 100).stream().map(Departures.Old::row).toList();
        server.execute(
                "INSERT INTO deliveries (endpoint_id, event, ids, replay) VALUES ('e', 'p', '{t2,t9}', true), ('e', 'c', '{t3}', true)");
        assertEquals(2, departures.letGo(found));
        assertEquals(1, server.number("SELECT count(*) FROM transactions WHERE transaction_id = 't2'"));
    }

    /** It may be behind, and owe what the other has seen told. */
    @Test
    void what_was_found_on_another_server_stays_until_it_is_found_again() throws Exception {
        store("t", 3);
        var found =
                departures.next("PT12H", 100).stream().map(Departures.Old::row).toList();
        server.stop();
        server.start();
        server.execute("INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('e', 'p', '{t2}')");
        assertThrows(SQLException.class, () -> departures.letGo(found));
        assertEquals(3, stored());
        departures.beginAnew();
        assertEquals(2, letGo("PT12H"));
    }

    @Test
    void what_waits_to_be_told_for_the_first_time_is_not_read_for_each_piece() throws Exception {
        addEndpoint();
        server.execute("""
                INSERT INTO deliveries (endpoint_id, event, ids, replay)
                SELECT 'e', 'p', ARRAY ['a' || i, 'b' || i], i % 1000 = 0 FROM generate_series(1, 20000) AS i""");
        server.execute("ANALYZE deliveries, endpoints");
        for (String mode : List.of("force_custom_plan", "force_generic_plan")) {
            try (var connection = server.connect();
                    var set = connection.createStatement();
                    var explain = connection.prepareStatement(
                            "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + Departures.NOT_OWED_AGAIN)) {
                set.execute("SET plan_cache_mode = " + mode);
                explain.setObject(1, new String[] {"t1"});
                try (var rows = explain.executeQuery()) {
                    rows.next();
                    String plan = rows.getString(1);
                    var nodes = new ObjectMapper().readTree(plan);
                    long most = Stream.of("Actual Rows", "Rows Removed by Filter")
                            .flatMap(key -> nodes.findValuesAsText(key).stream())
                            .mapToLong(count -> (long) Double.parseDouble(count))
                            .max()
                            .getAsLong();
                    assertTrue(most <= 50, plan);
                }
            }
        }
        store("t", 3);
        server.execute("INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('e', 'a', '{t2}')");
        assertEquals(2, letGo("PT12H"));
    }

    @Test
    void what_was_changed_since_it_was_read_stays_and_so_does_what_is_locked() throws Exception {
        store("t", 3);
        var read =
                departures.next("PT12H", 100).stream().map(Departures.Old::row).toList();
        server.execute("UPDATE transactions SET currency = 'USD' WHERE transaction_id = 't1'");
        try (var other = server.connect();
                var lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("SELECT FROM transactions WHERE transaction_id = 't2' FOR UPDATE");
            assertEquals(1, departures.letGo(read));
            other.rollback();
        }
        assertEquals(2, stored());
        assertEquals(2, letGo("PT12H"));
        assertEquals(0, stored());
        assertEquals(
                1,
                server.number(
                        "SELECT count(*) FROM gone WHERE transaction_id = 't1' AND content = content_digest('t1', 'from', 'to', 1, 'USD')"));
    }

    /** Else it would find neither the row, which is gone by then, nor that it is gone, which it was too early to see. */
    @Test
    void who_might_not_have_seen_that_an_id_is_gone_is_waited_for() throws Exception {
        store("t", 1);
        try (var writer = server.connect();
                var write = writer.createStatement()) {
            writer.setAutoCommit(false);
            write.execute(
                    "INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)"
                            + " VALUES ('other', 'from', 'to', 1, 'INR', now())");
            var going = CompletableFuture.supplyAsync(() -> {
                try {
                    return letGo("PT12H");
                } catch (Exception failure) {
                    throw new IllegalStateException(failure);
                }
            });
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (server.number("SELECT count(*) FROM gone") == 0 && System.nanoTime() < deadline) {
                Thread.sleep(5);
            }
            Thread.sleep(200);
            assertFalse(going.isDone());
            assertEquals(1, stored(), "deleted before the writer was over");
            writer.commit();
            assertEquals(1, going.get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_transaction_of_somebody_else_that_is_open_for_long_holds_nothing_up_for_more_than_once() throws Exception {
        store("t", 3);
        try (var writer = server.connect();
                var write = writer.createStatement()) {
            writer.setAutoCommit(false);
            write.execute("LOCK TABLE transactions IN ROW EXCLUSIVE MODE");
            var rows = departures.next("PT12H", 100).stream()
                    .map(Departures.Old::row)
                    .toList();
            assertEquals(1, departures.letGo(rows.subList(0, 1)));
            long begun = System.nanoTime();
            assertEquals(2, departures.letGo(rows.subList(1, 3)));
            assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(4), "waited for it again");
            writer.rollback();
        }
    }

    @Test
    void what_is_posted_late_goes_with_it() throws Exception {
        store("t", 2); // All of it is late, and some of it the same.
        assertEquals(4, server.number("SELECT count(*) FROM late_postings"));
        departures.letGo(
                departures.next("PT12H", 1).stream().map(Departures.Old::row).toList());
        assertEquals(2, server.number("SELECT count(*) FROM late_postings"));
        assertEquals(2, server.number("SELECT count(*) FROM late_postings WHERE hash = hashtext('t1')"));
    }
}
