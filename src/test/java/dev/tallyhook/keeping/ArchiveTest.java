package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Nothing is deleted but what can be read again; whatever breaks off, nothing is lost and nothing is there twice. */
class ArchiveTest {

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN);

    private static DatabaseServer server;
    private static PGSimpleDataSource dataSource;

    @TempDir
    Path directory;

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
    void fill() throws SQLException {
        server.execute("TRUNCATE transactions, gone, archives, deliveries, late_postings, strays, events, requests");
        server.execute("UPDATE keeping SET until = '-infinity'");
        assertTrue(lease.take());
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                    created_at, due_at, processed_at, status)
                SELECT 'id "' || i || '" \\é😀', 'from', 'to ' || i, i + 0.10, 'INR', at, at, at + interval '1 microsecond', 'PROCESSED'
                FROM generate_series(1, 50) AS i, LATERAL (SELECT timestamptz '2025-03-01 23:59:00Z' + i * interval '2 s' AS at) AS stored""");
    }

    private final Lease lease = new Lease(dataSource, "test");

    private Archive archive(ArchiveStore store) {
        return new Archive(dataSource, new ArchivedRows(dataSource, JSON), departures, store, lease);
    }

    private Archive archive() {
        return archive(new DirectoryStore(directory));
    }

    private void writeAll(Archive archive) throws Exception {
        writeAll(archive, gone -> {});
    }

    private void writeAll(Archive archive, Archive.Pause pause) throws Exception {
        departures.beginAnew();
        while (true) {
            var old = departures.next("P1D", 100);
            old.removeIf(one -> !one.mayGo());
            if (old.isEmpty()) {
                return;
            }
            archive.write(old, pause);
        }
    }

    private List<String> files() throws IOException {
        return new DirectoryStore(directory).list("");
    }

    private List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String name : files()) {
            lines.addAll(ArchiveFile.read(new DirectoryStore(directory), name).lines());
        }
        return lines;
    }

    private static long stored() throws SQLException {
        return server.number("SELECT count(*) FROM transactions");
    }

    private static long inState(String state) throws SQLException {
        return server.number("SELECT count(*) FROM archives WHERE state = '" + state + "'");
    }

    @Test
    void each_line_is_a_transaction_as_the_api_answers_it_and_each_file_is_of_one_day_and_tells_its_digest()
            throws Exception {
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(2, inState("DONE"));
        assertEquals(50, server.number("SELECT sum(transactions) FROM archives"));
        List<String> names = files();
        assertEquals(2, names.size());
        assertTrue(names.get(0).startsWith("2025/03/01/transactions-2025-03-01-"), names.get(0));
        assertTrue(names.get(1).startsWith("2025/03/02/transactions-2025-03-02-"), names.get(1));
        assertEquals(50, lines().size());
        assertEquals(
                "{\"transaction_id\":\"id \\\"1\\\" \\\\é😀\",\"source_account\":\"from\",\"destination_account\":\"to 1\",\"amount\":1.10,"
                        + "\"currency\":\"INR\",\"status\":\"PROCESSED\",\"created_at\":\"2025-03-01T23:59:02Z\","
                        + "\"due_at\":\"2025-03-01T23:59:02Z\",\"processed_at\":\"2025-03-01T23:59:02.000001Z\"}",
                lines().get(0));
    }

    @Test
    void a_file_that_is_not_read_again_as_it_was_written_deletes_nothing() throws Exception {
        var damaged = new DirectoryStore(directory) {
            @Override
            public InputStream read(String name) throws IOException {
                return InputStream.nullInputStream();
            }
        };
        var failure = assertThrows(IOException.class, () -> writeAll(archive(damaged)));
        assertTrue(String.valueOf(failure.getMessage()).contains("is damaged"), failure.getMessage());
        assertEquals(50, stored());
        assertEquals(0, server.number("SELECT count(*) FROM gone"));
        archive().takeUp(gone -> {});
        assertEquals(List.of(), files(), "what was broken off is there");
        writeAll(archive());
        assertEquals(50, lines().size());
        assertEquals(0, stored());
    }

    @Test
    void when_the_store_is_full_everything_stays() throws Exception {
        var full = new DirectoryStore(directory) {
            @Override
            public void write(String name, byte[] content) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertThrows(IOException.class, () -> writeAll(archive(full)));
        assertEquals(50, stored());
        archive().takeUp(gone -> {});
        writeAll(archive());
        assertEquals(50, lines().size());
    }

    /** It may be another one of that id, of which an endpoint is still to be told. */
    @Test
    void what_was_changed_since_it_was_found_is_not_written_and_stays() throws Exception {
        var found = departures.next("P1D", 10);
        server.execute("UPDATE transactions SET amount = 2 WHERE destination_account = 'to 5'");
        archive().write(found, gone -> {});
        assertEquals(41, stored());
        assertEquals(9, lines().size());
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(50, lines().size());
    }

    /** As if the process had been killed between two pieces. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static void killed() {
        throw new Killed();
    }

    private static void killedWhenSomeAreGone(long gone) {
        if (gone > 0) {
            killed();
        }
    }

    private interface Step {
        void go() throws IOException, SQLException;
    }

    /** Something happens before a file is written, and after that. */
    private static final class WriteWithSteps extends DirectoryStore {

        private final Step before;
        private final Step after;

        WriteWithSteps(Path directory, Step before, Step after) {
            super(directory);
            this.before = before;
            this.after = after;
        }

        @Override
        public void write(String name, byte[] content) throws IOException {
            try {
                before.go();
                super.write(name, content);
                after.go();
            } catch (SQLException failure) {
                throw new IOException(failure);
            }
        }
    }

    private ArchiveStore killedWhenWritten() {
        return new WriteWithSteps(directory, () -> {}, ArchiveTest::killed);
    }

    private static void storeMany() throws SQLException {
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                    created_at, due_at, processed_at, status)
                SELECT 'many' || i, 'a', 'b', 1, 'INR', at, at, at, 'PROCESSED'
                FROM generate_series(1, 2500) AS i, LATERAL (SELECT timestamptz '2025-02-01Z' + i * interval '1 ms' AS at) AS stored""");
    }

    /** As a server knows it to which neither what said that the file is written has come, nor what was deleted since. */
    private static void failOver() throws SQLException {
        server.execute("INSERT INTO transactions SELECT * FROM before ON CONFLICT DO NOTHING");
        server.execute("UPDATE archives SET state = 'WRITING'");
    }

    @Test
    void after_a_failover_that_lost_that_a_file_is_written_nothing_is_deleted_by_it() throws Exception {
        storeMany();
        server.execute("DROP TABLE IF EXISTS before");
        server.execute("CREATE TABLE before AS SELECT * FROM transactions");
        var lost = new AtomicBoolean();
        var failure = assertThrows(IOException.class, () -> archive().write(departures.next("P1D", 2500), gone -> {
            if (gone > 0 && !lost.getAndSet(true)) {
                failOver();
            }
        }));
        assertTrue(String.valueOf(failure.getMessage()).contains("counts as written no more"), failure.getMessage());
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(2550, stored() + lines().size(), "what is in the ledger or the archive");
        assertEquals(List.of(), files(), "all of it is in the ledger");
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(2550, lines().size());
    }

    @Test
    void a_file_that_was_broken_off_stays_if_not_all_of_it_is_in_the_ledger() throws Exception {
        storeMany();
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 2500), ArchiveTest::killedWhenSomeAreGone));
        server.execute("UPDATE archives SET state = 'WRITING'");
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(2500, lines().size());
        assertEquals(50, stored());
        assertEquals(1, inState("DONE"));
    }

    /** Somebody else has found that not all of it is in the ledger, and goes on from it. */
    @Test
    void who_was_slow_leaves_a_file_that_counts_after_all() throws Exception {
        var overtaken =
                new WriteWithSteps(directory, () -> {}, () -> server.execute("UPDATE archives SET state = 'WRITTEN'"));
        assertThrows(Lease.LostException.class, () -> writeAll(archive(overtaken)));
        assertEquals(1, files().size());
        assertEquals(1, inState("WRITTEN"));
    }

    /** Whether all of its rows are there cannot be said. */
    @Test
    void a_file_that_was_broken_off_is_not_taken_away_while_it_cannot_be_read() throws Exception {
        storeMany();
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 2500), ArchiveTest::killedWhenSomeAreGone));
        server.execute("UPDATE archives SET state = 'WRITING'");
        var away = new DirectoryStore(directory) {
            @Override
            public InputStream read(String name) throws IOException {
                throw new IOException("Connection reset");
            }
        };
        assertEquals(List.of("Connection reset"), archive(away).takeUp(gone -> {}));
        assertThrows(IOException.class, () -> writeAll(archive()), "twice in the archive");
        assertEquals(2500, lines().size());
        archive().takeUp(gone -> {});
        assertEquals(2500, lines().size());
        assertEquals(1, inState("DONE"));
    }

    @Test
    void what_was_broken_off_while_it_was_deleted_goes_on_from_the_file() throws Exception {
        storeMany();
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 2500), ArchiveTest::killedWhenSomeAreGone));
        assertEquals(2550 - Archive.PIECE, stored());
        assertEquals(1, inState("WRITTEN"));
        server.execute("UPDATE transactions SET amount = 2 WHERE transaction_id = 'many2400'");
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(51, stored(), "what was changed since stays");
        assertEquals(1, inState("DONE"));
        assertEquals(2500, lines().size());
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(2551, lines().size());
    }

    /** Possible where ids are forgotten soon: whoever sent it sends it once more. */
    @Test
    void what_was_stored_once_more_and_is_not_finished_stays_and_the_rest_of_its_file_goes() throws Exception {
        storeMany();
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 2500), ArchiveTest::killedWhenSomeAreGone));
        server.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at, status)
                VALUES ('many1', 'a', 'b', 1, 'INR', now(), 'PROCESSING'), ('many2', 'a', 'b', 1, 'INR', now(), 'HELD')""");
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(1, inState("DONE"));
        assertEquals(52, stored());
        assertEquals(2, server.number("SELECT count(*) FROM transactions WHERE transaction_id IN ('many1', 'many2')"));
    }

    @Test
    void what_is_wrong_with_one_file_keeps_no_other_from_being_taken_up() throws Exception {
        storeMany();
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 2500), ArchiveTest::killedWhenSomeAreGone));
        departures.isPast(OffsetDateTime.parse("2025-03-01T00:00:00Z"));
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 50), ArchiveTest::killedWhenSomeAreGone));
        String first = files().get(0);
        var store = new DirectoryStore(directory) {
            @Override
            public InputStream read(String name) throws IOException {
                if (name.equals(first)) {
                    throw new IllegalStateException("It cannot be told");
                }
                return super.read(name);
            }
        };
        for (String state : List.of("WRITTEN", "WRITING")) {
            server.execute("UPDATE archives SET state = '" + state + "' WHERE name = '" + first + "'");
            server.execute("UPDATE archives SET state = 'WRITTEN' WHERE name <> '" + first + "'");
            assertEquals(
                    List.of(first + ": java.lang.IllegalStateException: It cannot be told"),
                    archive(store).takeUp(gone -> {}));
            assertEquals(1, inState("DONE"));
        }
    }

    @Test
    void a_file_that_was_written_and_never_read_again_is_deleted_because_all_is_still_there() throws Exception {
        assertThrows(Killed.class, () -> writeAll(archive(killedWhenWritten())));
        assertEquals(1, inState("WRITING"));
        assertEquals(1, files().size());
        archive().takeUp(gone -> {});
        assertEquals(List.of(), files());
        assertEquals(50, stored());
        assertEquals(1, inState("ABANDONED"));
        aDayPasses();
        archive().takeUp(gone -> {});
        assertEquals(0, server.number("SELECT count(*) FROM archives"));
    }

    private static void aDayPasses() throws SQLException {
        server.execute("UPDATE archives SET changed_at = changed_at - interval '25 hours'");
    }

    /** Two replicas: one was paused while it wrote, and the other has taken over. */
    @Test
    void who_was_slow_deletes_nothing_and_leaves_no_file() throws Exception {
        var overtaken = new DirectoryStore(directory) {
            @Override
            public void write(String name, byte[] content) throws IOException {
                try {
                    archive().takeUp(gone -> {});
                } catch (SQLException | InterruptedException failure) {
                    throw new IOException(failure);
                }
                super.write(name, content);
            }
        };
        assertThrows(Lease.LostException.class, () -> writeAll(archive(overtaken)));
        assertEquals(50, stored());
        assertEquals(List.of(), files());
    }

    /** And that one has archived the very same, before the slow one goes on: it must not take away what is all that is left. */
    @Test
    void who_was_slow_takes_nothing_away_that_another_has_archived() throws Exception {
        var overtaken = new WriteWithSteps(directory, this::letAnotherArchiveAll, () -> {});
        assertThrows(Lease.LostException.class, () -> writeAll(archive(overtaken), gone -> lease.keep()));
        assertEquals(0, stored());
        assertEquals(50, lines().size());
        assertEquals(0, server.number("SELECT count(*) FROM archives WHERE state <> 'DONE'"));
    }

    /** Another replica, as if this one had been paused for a minute. */
    private void letAnotherArchiveAll() throws IOException {
        try {
            server.execute("UPDATE keeping SET until = '-infinity'");
            var other = new Lease(dataSource, "other");
            assertTrue(other.take());
            var theirs = new Archive(
                    dataSource,
                    new ArchivedRows(dataSource, JSON),
                    new Departures(dataSource, true),
                    new DirectoryStore(directory),
                    other);
            theirs.takeUp(gone -> {});
            writeAll(theirs);
        } catch (Exception failure) {
            throw new IOException(failure);
        }
    }

    @Test
    void what_is_left_by_who_was_slow_and_is_killed_then_goes_a_day_later() throws Exception {
        var overtaken = new WriteWithSteps(directory, this::letAnotherArchiveAll, ArchiveTest::killed);
        assertThrows(Killed.class, () -> writeAll(archive(overtaken)));
        assertEquals(0, stored());
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(3, files().size(), "it may still be written");
        aDayPasses();
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(2, files().size());
        assertEquals(50, lines().size());
        assertEquals(0, server.number("SELECT count(*) FROM archives WHERE state <> 'DONE'"));
    }

    /** Does something when all but the last piece of many is read. */
    private static Archive.Pause nearTheEnd(Step step) {
        var pieces = new AtomicInteger();
        return gone -> {
            if (pieces.incrementAndGet() == 2500 / Archive.PIECE) {
                try {
                    step.go();
                } catch (IOException failure) {
                    throw new SQLException(failure);
                }
            }
        };
    }

    /** And does not notice it before he has written his file, and is killed then: that would look like one from which others have deleted. */
    @Test
    void who_has_lost_the_lease_while_he_read_begins_no_file() throws Exception {
        storeMany();
        var found = departures.next("P1D", 2500);
        assertThrows(Lease.LostException.class, () -> archive(killedWhenWritten())
                .write(found, nearTheEnd(this::letAnotherArchiveAll)));
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(2550, lines().size());
        assertEquals(0, server.number("SELECT count(*) FROM archives WHERE state <> 'DONE'"));
    }

    /** Another replica had the lease in between, and has died. */
    @Test
    void no_file_is_begun_beside_one_that_was_broken_off_meanwhile() throws Exception {
        storeMany();
        var found = departures.next("P1D", 2500);
        var failure = assertThrows(IOException.class, () -> archive()
                .write(
                        found,
                        nearTheEnd(() ->
                                server.execute("INSERT INTO archives (name, day, transactions, bytes, due_from, due_to)"
                                        + " VALUES ('2025/02/01/theirs', '2025-02-01', 1, 1, now(), now())"))));
        assertTrue(String.valueOf(failure.getMessage()).contains("broken off"), failure.getMessage());
        assertEquals(2550, stored());
        assertEquals(List.of(), files());
    }

    /** By a replica that deletes it at the same time, because it was slow, and is killed before it has committed that. */
    @Test
    void what_is_locked_while_the_rest_of_its_file_goes_is_not_archived_once_more() throws Exception {
        try (var connection = server.connect();
                var locking = connection.createStatement()) {
            connection.setAutoCommit(false);
            locking.execute("SELECT FROM transactions WHERE destination_account = 'to 5' FOR UPDATE");
            writeAll(archive());
            assertEquals(1, stored());
            assertEquals(1, inState("WRITTEN"));
            assertEquals(List.of(), archive().takeUp(gone -> {}));
            connection.rollback();
        }
        departures.beginAnew();
        assertFalse(departures.next("P1D", 100).get(0).mayGo(), "found for another file");
        assertEquals(List.of(), archive().takeUp(gone -> {}));
        assertEquals(0, stored());
        assertEquals(50, lines().size());
        assertEquals(2, inState("DONE"));
    }

    /** Who takes up what is broken off is slow himself, and meanwhile it is finished. */
    @Test
    void a_file_that_was_finished_after_all_is_not_taken_away() throws Exception {
        assertThrows(Killed.class, () -> writeAll(archive(killedWhenWritten())));
        archive().takeUp(gone -> {
            try (var connection = server.connect();
                    var finish = connection.createStatement()) {
                finish.execute("UPDATE archives SET state = 'WRITTEN'");
            }
        });
        assertEquals(1, files().size());
    }

    /** Its lease has run out, and nobody has taken it yet. */
    @Test
    void without_the_lease_nothing_is_deleted() throws Exception {
        server.execute("UPDATE keeping SET until = now()");
        assertThrows(Lease.LostException.class, () -> writeAll(archive()));
        assertEquals(50, stored());
        assertEquals(List.of(), files());
    }

    /** What is not compressed; a header without a value, and one without an end. */
    @ParameterizedTest
    @ValueSource(strings = {"02ff", "014b4ce2e20200", "014b4c0200"})
    void a_request_that_cannot_be_read_keeps_nothing_else_from_going(String damaged) throws Exception {
        storeEvents();
        server.execute("UPDATE requests SET raw = '\\x" + damaged + "'");
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(53, lines().size());
    }

    /** Its pages are overwritten while the server is down. */
    @Test
    void a_request_that_the_server_finds_damaged_keeps_nothing_else_from_going() throws Exception {
        storeEvents();
        byte[] large = new byte[20_000];
        new Random(1).nextBytes(large);
        try (var connection = server.connect();
                var update = connection.prepareStatement("UPDATE requests SET raw = ?")) {
            update.setBytes(1, large);
            update.executeUpdate();
        }
        Path pages = Path.of(
                text("SHOW data_directory"),
                text("SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE relname = 'requests'"));
        server.stop();
        byte[] damaged = Files.readAllBytes(pages);
        Arrays.fill(damaged, (byte) 0x5a);
        Files.write(pages, damaged);
        server.start();
        writeAll(archive());
        assertEquals(0, stored());
        assertEquals(53, lines().size());
    }

    private static String text(String query) throws SQLException {
        try (var connection = server.connect();
                var select = connection.createStatement();
                var row = select.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Of one pack, which two files have a part of. */
    @Test
    void requests_that_stand_in_two_files_are_together_again() throws Exception {
        server.execute("TRUNCATE transactions");
        storeEvents();
        server.execute("UPDATE transactions SET due_at = '2025-01-01Z' WHERE transaction_id = 'shop:0'");
        archive().write(departures.next("P1D", 1), gone -> {});
        departures.beginAnew();
        writeAll(archive());
        assertEquals(2, files().size());
        server.execute("DELETE FROM requests");
        lease.giveBack();
        assertEquals(0, loader().run(LoadDay.NAME, "2025-01-02"));
        try (var connection = server.connect();
                var select = connection.createStatement();
                var row = select.executeQuery("SELECT raw FROM requests")) {
            row.next();
            assertEquals(
                    List.of("first", "second"),
                    RawRequests.readAll(row.getBytes(1)).stream()
                            .map(raw -> new String(raw.body(), StandardCharsets.UTF_8))
                            .toList());
        }
    }

    @Test
    void from_a_file_that_was_damaged_later_nothing_more_is_deleted_and_it_is_told() throws Exception {
        assertThrows(
                Killed.class, () -> archive().write(departures.next("P1D", 100), ArchiveTest::killedWhenSomeAreGone));
        String name = files().get(0);
        Files.write(directory.resolve(name), new byte[] {1});
        List<String> unreadable = archive().takeUp(gone -> {});
        assertEquals(1, unreadable.size());
        assertTrue(unreadable.get(0).startsWith(name + " is damaged: its SHA-256 is "), unreadable.get(0));
        assertEquals(1, inState("WRITTEN"));
    }

    private static void storeEvents() throws SQLException {
        byte[] pack = RawRequests.compress(List.of(request("first"), request("second")));
        try (var connection = server.connect();
                var insert = connection.prepareStatement("INSERT INTO requests VALUES (1, ?)")) {
            insert.setBytes(1, pack);
            insert.executeUpdate();
        }
        server.execute("""
                INSERT INTO transactions (transaction_id, source, type, subject, occurred_at, unmapped, amount, currency, amount_sent,
                    amount_unit, request, request_place, traceparent, created_at, due_at, processed_at, status)
                SELECT 'shop:' || i, 'shop', 'paid', 'order', '2025-01-01Z', 'no_amount', 1.5, 'INR', '150', 'i', 1, i / 2,
                    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '2025-01-02Z', '2025-01-02Z', '2025-01-02Z', 'PROCESSED'
                FROM generate_series(0, 2) AS i""");
    }

    private static RawRequest request(String body) {
        return RawRequest.of(
                new TreeMap<>(Map.of("content-type", "application/json")), body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void an_event_is_archived_with_the_request_that_brought_it_once_for_all_that_came_with_it() throws Exception {
        server.execute("TRUNCATE transactions");
        storeEvents();
        writeAll(archive());
        List<String> lines = lines();
        assertEquals(3, lines.size());
        assertTrue(
                lines.get(0)
                        .endsWith(
                                "\"source\":\"shop\",\"type\":\"paid\",\"subject\":\"order\",\"occurred_at\":\"2025-01-01T00:00:00Z\","
                                        + "\"unmapped\":\"no_amount\",\"amount_sent\":\"150\",\"amount_unit\":\"i\",\"request\":\"1/0\","
                                        + "\"raw\":{\"headers\":{\"content-type\":\"application/json\"},\"body\":\"Zmlyc3Q=\"}}"),
                lines.get(0));
        assertEquals(2, lines.stream().filter(line -> line.contains("\"raw\"")).count());
        assertFalse(lines.get(1).contains("\"raw\""));
        assertEquals(0, stored());
    }

    private LoadDay loader() {
        return new LoadDay(dataSource, config(), ArchiveStoresTest.DIRECTORIES, JSON);
    }

    private KeepingConfig config() {
        return new KeepingRulesTest.Settings(
                Optional.of("P1D"),
                "P30D",
                Optional.of(directory.toString()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static String everything() throws SQLException {
        return text(
                "SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY transaction_id), '[]')::text || (SELECT count(*) FROM requests)"
                        + " FROM transactions AS t");
    }

    @Test
    void a_day_that_is_loaded_is_as_it_was_stays_for_its_time_and_goes_again_by_the_same_file() throws Exception {
        storeEvents();
        server.execute("DELETE FROM transactions WHERE created_at > '2025-02-01Z'");
        String before = everything();
        writeAll(archive());
        server.execute("DELETE FROM requests");
        assertEquals(3, server.number("SELECT count(*) FROM gone"));
        lease.giveBack();
        assertEquals(0, loader().run(LoadDay.NAME, "2025-01-02"));
        assertEquals(before, everything());
        assertEquals(0, server.number("SELECT count(*) FROM gone"));
        departures.beginAnew();
        assertEquals(
                0,
                departures.next("P1D", 100).stream()
                        .filter(Departures.Old::mayGo)
                        .count());
        archive().takeUp(gone -> {});
        assertEquals(3, stored());
        server.execute("UPDATE archives SET loaded_until = now() - interval '1 second'");
        archive().takeUp(gone -> {});
        assertEquals(0, stored());
        assertEquals(1, files().size());
        assertEquals(1, inState("DONE"));
        assertEquals(3, server.number("SELECT count(*) FROM gone"));
    }

    @Test
    void the_archive_alone_is_enough_to_load_from() throws Exception {
        String before = everything();
        writeAll(archive());
        server.execute("TRUNCATE archives, gone");
        lease.giveBack();
        assertEquals(0, loader().run(LoadDay.NAME, "2025-03-01", "P1D"));
        assertEquals(0, loader().run(LoadDay.NAME, "2025-03-02", "P1D"));
        assertEquals(before, everything());
        assertEquals(1, loader().run(LoadDay.NAME, "2025-03-03", "P1D"));
        assertEquals(2, loader().run(LoadDay.NAME, "yesterday"));
    }
}
