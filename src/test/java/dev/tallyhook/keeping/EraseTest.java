package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Of a person nothing is left, of everybody else everything. */
class EraseTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static DatabaseServer server;
    private static PGSimpleDataSource dataSource;

    @TempDir
    Path directory;

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

    /** Of alice there are 600 from her, 600 to her; all of the others are from 1 to 1. */
    @BeforeEach
    void fill() throws SQLException {
        server.execute(
                "TRUNCATE transactions, gone, archives, deliveries, late_postings, strays, events, requests, conflicts, holds,"
                        + " dead_letters, attempts, erasures RESTART IDENTITY");
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                    created_at, due_at, processed_at, status)
                SELECT 't' || i, CASE i % 5 WHEN 0 THEN 'alice' ELSE 'from ' || i END, CASE i % 5 WHEN 1 THEN 'alice' ELSE 'to ' || i END,
                    1, 'INR', at, at, at, 'PROCESSED'
                FROM generate_series(1, 3000) AS i, LATERAL (SELECT timestamptz '2025-03-01Z' + i * interval '1 s' AS at) AS stored""");
        server.execute("""
                INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency, content)
                VALUES ('t2', 'alice', 'x', 1, 'INR', '\\x01'), ('t2', 'x', 'alice', 1, 'INR', '\\x02'), ('t2', 'x', 'y', 1, 'INR', '\\x03')""");
        server.execute(
                "INSERT INTO holds (transaction_id, action, by, reason) VALUES ('t5', 'HOLD', 'x', 'alice asked'), ('t2', 'HOLD', 'x', 'y')");
    }

    private int erase(String input) throws Exception {
        return erase(input, new DirectoryStore(directory));
    }

    private int erase(String input, ArchiveStore store) throws Exception {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            var settings = new KeepingRulesTest.Settings(
                    Optional.of("P1D"),
                    "P30D",
                    Optional.of(directory.toString()),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
            return new Erase(dataSource, settings, ArchiveStoresTest.only(store), JSON).run(Erase.NAME);
        } finally {
            System.setIn(before);
        }
    }

    private static long of(String table) throws SQLException {
        return server.number("SELECT count(*) FROM %s AS t WHERE t::text LIKE '%%alice%%'".formatted(table));
    }

    private void archiveAll() throws Exception {
        var departures = new Departures(dataSource, true);
        var lease = new Lease(dataSource, "test");
        assertTrue(lease.take());
        new Archive(dataSource, new ArchivedRows(dataSource, JSON), departures, new DirectoryStore(directory), lease)
                .write(departures.next("P1D", 10_000), gone -> {});
        lease.giveBack();
    }

    private long lines(String part) throws IOException {
        long count = 0;
        var store = new DirectoryStore(directory);
        for (String name : store.list("")) {
            count += ArchiveFile.read(store, name).lines().stream()
                    .filter(line -> line.contains(part))
                    .count();
        }
        return count;
    }

    @Test
    void in_the_ledger_all_of_it_goes_and_nothing_else() throws Exception {
        assertEquals(0, erase("alice\n"));
        assertEquals(1800, server.number("SELECT count(*) FROM transactions"));
        assertEquals(1, server.number("SELECT count(*) FROM conflicts"));
        assertEquals(1, server.number("SELECT count(*) FROM holds"));
        for (String table : List.of("transactions", "conflicts", "holds", "gone", "erasures", "strays")) {
            assertEquals(0, of(table), table);
        }
        assertEquals(1200, server.number("SELECT count(*) FROM gone WHERE content IS NULL"));
        assertEquals(
                1,
                server.number(
                        "SELECT count(*) FROM erasures WHERE transactions = 1200 AND conflicts = 2 AND archived = 0 AND left_for_now = 0"));
    }

    @Test
    void in_the_archive_its_lines_go_and_the_others_are_in_files_that_are_whole() throws Exception {
        archiveAll();
        assertEquals(1200, lines("alice"));
        assertEquals(0, erase("alice"));
        assertEquals(0, lines("alice"));
        assertEquals(1800, lines("transaction_id"));
        assertEquals(1, server.number("SELECT count(*) FROM archives WHERE state = 'DONE' AND transactions = 1800"));
        assertEquals(1200, server.number("SELECT count(*) FROM gone WHERE content IS NULL"));
        assertEquals(1, server.number("SELECT count(*) FROM erasures WHERE archived = 1200"));
        assertEquals(0, of("holds"));
        assertEquals(1, server.number("SELECT count(*) FROM holds"));
        assertEquals(0, erase("alice"), "it may be said again");
    }

    @Test
    void what_is_not_finished_or_still_to_be_told_stays_for_now_and_it_says_so() throws Exception {
        server.execute(
                "UPDATE transactions SET status = 'PROCESSING', processed_at = NULL WHERE transaction_id = 't5'");
        server.execute("INSERT INTO strays VALUES ('t5', now())");
        server.execute("INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('e', 'p', '{t6}')");
        assertEquals(1, erase("alice"));
        assertEquals(2, of("transactions"));
        assertEquals(1, server.number("SELECT count(*) FROM erasures WHERE transactions = 1198 AND left_for_now = 2"));
    }

    private static void store(long pack, RawRequest... requests) throws SQLException {
        try (var connection = server.connect();
                var insert = connection.prepareStatement("INSERT INTO requests VALUES (?, ?)")) {
            insert.setLong(1, pack);
            insert.setBytes(2, RawRequests.compress(List.of(requests)));
            insert.executeUpdate();
        }
    }

    private static RawRequest request(String body) {
        return RawRequest.of(new TreeMap<>(), body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void a_request_that_brought_it_goes_and_those_packed_with_it_stay() throws Exception {
        store(1, request("of alice"), request("of bob"));
        store(2, request("of alice alone"));
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 0 WHERE transaction_id = 't5'");
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 1 WHERE transaction_id = 't2'");
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 2, request_place = 0 WHERE transaction_id = 't10'");
        assertEquals(0, erase("alice"));
        assertEquals(1, server.number("SELECT count(*) FROM requests"));
        try (var connection = server.connect();
                var select = connection.createStatement();
                var row = select.executeQuery("SELECT raw FROM requests")) {
            row.next();
            List<RawRequest> left = RawRequests.readAll(row.getBytes(1));
            assertEquals("", new String(left.get(0).body(), StandardCharsets.UTF_8));
            assertEquals("of bob", new String(left.get(1).body(), StandardCharsets.UTF_8));
        }
    }

    /** As the intake numbers what it stores with a transaction. */
    private static long packOf(String transaction) throws SQLException {
        return server.number("SELECT ((extract(epoch FROM created_at) * 1000)::bigint << 20) + 7 FROM transactions"
                + " WHERE transaction_id = '%s'".formatted(transaction));
    }

    private static void name(String transaction, int place) throws SQLException {
        server.execute(
                "UPDATE transactions SET source = 'shop', request = %d, request_place = %d WHERE transaction_id = '%s'"
                        .formatted(packOf(transaction), place, transaction));
    }

    private static List<String> bodies(long pack) throws SQLException {
        try (var connection = server.connect();
                var select = connection.createStatement();
                var row = select.executeQuery("SELECT raw FROM requests WHERE id = " + pack)) {
            return row.next()
                    ? RawRequests.readAll(row.getBytes(1)).stream()
                            .map(raw -> new String(raw.body(), StandardCharsets.UTF_8))
                            .toList()
                    : List.of();
        }
    }

    /** Providers repeat events, and what comes at the same time is packed together. */
    @Test
    void what_repeated_it_goes_from_among_the_requests_of_others_where_no_transaction_names_it() throws Exception {
        store(packOf("t5"), request("of alice"), request("of alice again"));
        store(packOf("t2"), request("of alice once more"), request("of bob"), request("of bob as well"));
        store(packOf("t3"), request("of carol"), request("of carol as well"));
        name("t5", 0);
        name("t2", 1);
        server.execute("UPDATE transactions SET status = 'HELD', processed_at = NULL WHERE transaction_id = 't2'");
        name("t3", 0);
        server.execute(
                "UPDATE transactions SET created_at = (SELECT created_at FROM transactions WHERE transaction_id = 't3')"
                        + " WHERE transaction_id = 't4'");
        name("t4", 1);
        long ofAlice = packOf("t5");
        assertEquals(0, erase("alice"));
        assertEquals(List.of(), bodies(ofAlice));
        assertEquals(List.of("", "of bob", ""), bodies(packOf("t2")));
        assertEquals(List.of("of carol", "of carol as well"), bodies(packOf("t3")));
    }

    @Test
    void what_cannot_be_read_is_told_and_keeps_nothing_else() throws Exception {
        store(packOf("t2"), request("of alice"), request("of bob"));
        name("t2", 1);
        store(packOf("t3"), request("of alice"));
        server.execute("UPDATE requests SET raw = '\\x020000' WHERE id = " + packOf("t3"));
        name("t3", 0);
        assertEquals(1, erase("alice"));
        assertEquals(List.of("", "of bob"), bodies(packOf("t2")));
        assertEquals(0, of("transactions"));
    }

    /** One request has brought an event of hers and one of somebody else's, in whose line it stands. */
    @Test
    void in_the_archive_a_request_that_names_it_goes_from_the_lines_of_others() throws Exception {
        store(1, request("of alice and bob"), request("of bob"));
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 0 WHERE transaction_id IN ('t2', 't5')");
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 1 WHERE transaction_id = 't3'");
        archiveAll();
        assertEquals(2, lines("\"raw\""));
        assertEquals(0, erase("alice"));
        assertEquals(1, lines("\"raw\""));
        assertEquals(1, lines("\"transaction_id\":\"t2\""));
        assertEquals(0, lines("\"request\":\"1/0\""));
    }

    /** Hers has gone into the archive, and what came with it is still in the ledger, because it is held. */
    @Test
    void in_the_ledger_a_request_that_names_it_goes_from_others_although_hers_is_archived() throws Exception {
        store(1, request("of alice and bob"), request("of bob"));
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 0, created_at = '2025-03-01Z'"
                        + " WHERE transaction_id IN ('t2', 't5')");
        server.execute("UPDATE transactions SET status = 'HELD', processed_at = NULL WHERE transaction_id = 't2'");
        archiveAll();
        assertEquals(1, server.number("SELECT count(*) FROM transactions WHERE request = 1"));
        assertEquals(0, erase("alice"));
        assertEquals(0, server.number("SELECT count(*) FROM transactions WHERE request = 1"));
        try (var connection = server.connect();
                var select = connection.createStatement();
                var row = select.executeQuery("SELECT raw FROM requests")) {
            row.next();
            assertEquals(0, RawRequests.readAll(row.getBytes(1)).get(0).body().length);
        }
    }

    /** Nothing leads to the lines of others but hers, and these are still there. */
    @Test
    void what_is_broken_off_finds_the_rest_when_it_runs_again() throws Exception {
        store(1, request("of alice and bob"));
        server.execute(
                "UPDATE transactions SET source = 'shop', request = 1, request_place = 0 WHERE transaction_id IN ('t2', 't5')");
        archiveAll();
        var full = new DirectoryStore(directory) {
            @Override
            public void write(String name, byte[] content) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertEquals(3, erase("alice\n", full));
        assertEquals(1, lines("\"raw\""));
        assertEquals(1200, lines("alice"));
        assertEquals(0, erase("alice\n"));
        assertEquals(0, lines("\"raw\"") + lines("alice"));
        assertEquals(0, of("holds"));
    }

    /** Its digest could be tried for. */
    @Test
    void of_what_went_without_an_archive_the_digest_goes() throws Exception {
        var departures = new Departures(dataSource, true);
        departures.letGo(
                departures.next("P1D", 3000).stream().map(Departures.Old::row).toList());
        assertEquals(0, erase("alice"));
        assertEquals(1200, server.number("SELECT count(*) FROM gone WHERE content IS NULL"));
        assertEquals(3000, server.number("SELECT count(*) FROM gone"));
        assertEquals(0, of("holds"));
        assertEquals(1, server.number("SELECT count(*) FROM holds"));
    }

    /** Nobody remembers what it was, so nothing but the line leads to what is left of it. */
    @Test
    void of_what_is_in_the_archive_letters_and_attempts_go_although_its_id_is_forgotten() throws Exception {
        server.execute("""
                INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome)
                SELECT 'e', 'p', id, 1, now(), 'REFUSED' FROM (VALUES ('t5'), ('t2'), ('t10')) AS letter (id)""");
        server.execute("""
                INSERT INTO attempts (endpoint_id, at, event, id, outcome, took_millis)
                SELECT 'e', now(), event, id, 'REFUSED', 1 FROM dead_letters""");
        archiveAll();
        server.execute("DELETE FROM gone");
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('t10', 'x', 'y', 1, 'INR', now())""");
        assertEquals(0, erase("alice"));
        assertEquals(0, of("holds"));
        for (String table : List.of("dead_letters", "attempts")) {
            assertEquals(0, server.number("SELECT count(*) FROM " + table + " WHERE id = 't5'"), table);
            assertEquals(2, server.number("SELECT count(*) FROM " + table), table + ": t10 is somebody else's now");
        }
    }

    @Test
    void letters_and_attempts_of_its_transactions_and_conflicts_go_and_those_of_the_same_number_stay()
            throws Exception {
        server.execute("""
                INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome)
                SELECT 'e', event::"char", id, 1, now(), 'REFUSED' FROM (VALUES ('p', 't5'), ('c', '1'), ('c', '3'), ('p', 't2')) AS letter (event, id)""");
        server.execute(
                "UPDATE transactions SET transaction_id = '3', source_account = 'alice' WHERE transaction_id = 't4'");
        server.execute("""
                INSERT INTO attempts (endpoint_id, at, event, id, outcome, took_millis)
                SELECT 'e', now(), event, id, 'REFUSED', 1 FROM dead_letters""");
        erase("alice");
        assertEquals(2, server.number("SELECT count(*) FROM attempts WHERE id IN ('t2', '3')"));
        assertEquals(2, server.number("SELECT count(*) FROM attempts"));
        assertEquals(1, server.number("SELECT count(*) FROM dead_letters WHERE event = 'p'"));
        assertEquals(1, server.number("SELECT count(*) FROM dead_letters WHERE event = 'c' AND id = '3'"));
        assertEquals(1, server.number("SELECT count(*) FROM dead_letters WHERE event = 'c'"));
    }

    @Test
    void without_an_account_or_with_two_nothing_is_done() throws Exception {
        for (String input : List.of("", "\n", "alice\nbob\n")) {
            assertEquals(2, erase(input));
        }
        assertFalse(of("transactions") < 1200);
        assertEquals(0, server.number("SELECT count(*) FROM erasures"));
    }
}
