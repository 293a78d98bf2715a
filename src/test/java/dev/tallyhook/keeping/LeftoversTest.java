package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.DatabaseServer;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What has its own time goes by that, the oldest first, and nothing that is younger or still needed. */
class LeftoversTest {

    private static DatabaseServer server;
    private static PGSimpleDataSource dataSource;

    private final Leftovers leftovers = new Leftovers(dataSource);

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

    /** One of each hour of the last ten. */
    @BeforeEach
    void fill() throws SQLException {
        server.execute("TRUNCATE transactions, requests, conflicts, gone RESTART IDENTITY");
        server.execute("""
                INSERT INTO requests (id, raw)
                SELECT ((extract(epoch FROM now() - i * interval '1 hour') * 1000)::bigint << 20) + 7, '' FROM generate_series(1, 10) AS i""");
        server.execute("""
                INSERT INTO conflicts (transaction_id, received_at, last_received_at, content)
                SELECT 't' || i, now() - i * interval '1 hour', now() - i * interval '1 hour', '' FROM generate_series(10, 1, -1) AS i""");
        server.execute(
                "INSERT INTO gone SELECT 't' || i, NULL, now() - i * interval '1 hour' FROM generate_series(1, 10) AS i");
    }

    private static long left(String table) throws SQLException {
        return server.number("SELECT count(*) FROM " + table);
    }

    @Test
    void requests_go_by_their_own_time_in_pieces() throws SQLException {
        var first = leftovers.delete(Leftovers.Kind.REQUESTS, "PT6H30M", true, 3);
        assertEquals(3, first.deleted());
        assertTrue(first.mayBeMore());
        var second = leftovers.delete(Leftovers.Kind.REQUESTS, "PT6H30M", true, 3);
        assertEquals(1, second.deleted());
        assertFalse(second.mayBeMore());
        assertEquals(6, left("requests"));
    }

    /** A shift of what came before 1970 would lose its sign. */
    @Test
    void no_request_is_as_old_as_the_longest_times() throws SQLException {
        for (String age : List.of("P60Y", "P400Y", "P500Y", "P1000Y")) {
            assertEquals(
                    0, leftovers.delete(Leftovers.Kind.REQUESTS, age, true, 100).deleted(), age);
        }
        assertEquals(10, left("requests"));
    }

    @Test
    void a_request_stays_as_long_as_a_transaction_that_it_brought() throws SQLException {
        server.execute("""
                INSERT INTO transactions (transaction_id, source, created_at, due_at, request, request_place)
                SELECT 'shop:' || id, 'shop', to_timestamp((id >> 20) / 1000.0), now(), id, 0
                FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS i FROM requests) AS request
                WHERE i IN (8, 10)""");
        assertEquals(
                2,
                leftovers.delete(Leftovers.Kind.REQUESTS, "PT6H30M", false, 100).deleted());
        assertEquals(8, left("requests"));
        server.execute("DELETE FROM transactions WHERE created_at < now() - interval '9 hours'");
        assertEquals(
                0,
                leftovers.delete(Leftovers.Kind.REQUESTS, "PT6H30M", false, 100).deleted(),
                "passed, for now");
        leftovers.beginAnew();
        assertEquals(
                1,
                leftovers.delete(Leftovers.Kind.REQUESTS, "PT6H30M", false, 100).deleted());
        assertEquals(7, left("requests"));
    }

    @Test
    void conflicts_go_by_the_last_time_that_they_came() throws SQLException {
        server.execute("UPDATE conflicts SET last_received_at = now() WHERE transaction_id = 't9'");
        assertEquals(
                3,
                leftovers.delete(Leftovers.Kind.CONFLICTS, "PT6H30M", true, 100).deleted());
        assertEquals(7, left("conflicts"));
        assertEquals(1, server.number("SELECT count(*) FROM conflicts WHERE transaction_id = 't9'"));
    }

    @Test
    void a_role_that_may_not_delete_is_told_what_to_grant_and_one_that_may_is_not() throws SQLException {
        server.execute(
                "CREATE ROLE plain LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain; GRANT DELETE ON dead_letters TO plain; GRANT UPDATE ON conflicts TO plain");
        var plain = new PGSimpleDataSource();
        plain.setURL("jdbc:postgresql://localhost:" + server.port() + "/postgres?user=plain");
        var settings = KeepingRulesTest.Settings.keeping("P1D");
        var refusal = assertThrows(ConfigurationException.class, () -> new KeepingRights(plain, settings).check());
        String line = String.valueOf(refusal.getMessage());
        assertTrue(line.contains("GRANT DELETE ON public.transactions TO plain"), line);
        for (String grant : line.substring(line.indexOf("GRANT")).split("; ", -1)) {
            server.execute(grant);
        }
        assertDoesNotThrow(() -> new KeepingRights(plain, settings).check());
        assertEquals(1, new Leftovers(plain).forget("PT6H30M", 1).deleted());
        for (Leftovers.Kind kind : Leftovers.Kind.values()) {
            assertDoesNotThrow(() -> new Leftovers(plain).delete(kind, "PT6H30M", true, 10));
        }
    }

    @Test
    void dead_letters_go_by_when_they_were_given_up() throws SQLException {
        server.execute("TRUNCATE dead_letters");
        server.execute("""
                INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, last_failed_at, outcome)
                SELECT 'e', 'p', 't' || i, 9, now() - interval '1 day', now() - i * interval '1 hour', 'REFUSED' FROM generate_series(1, 10) AS i""");
        assertEquals(
                4,
                leftovers
                        .delete(Leftovers.Kind.DEAD_LETTERS, "PT6H30M", true, 100)
                        .deleted());
        assertEquals(6, left("dead_letters"));
    }

    private static void giveUp(int letters, String since) throws SQLException {
        server.execute("""
                INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, last_failed_at, outcome)
                SELECT 'e', 'p', 't' || i, 9, now() - interval '%1$s', now() - interval '%1$s', 'REFUSED'
                FROM generate_series(1, %2$d) AS i""".formatted(since, letters));
    }

    @Test
    void of_many_dead_letters_that_are_young_only_a_piece_is_read() throws Exception {
        server.execute("TRUNCATE dead_letters");
        giveUp(4, "2 days");
        giveUp(2, "1 hour");
        giveUp(3, "1 day");
        giveUp(50_000, "1 minute");
        server.execute("ANALYZE dead_letters");
        for (String mode : List.of("force_custom_plan", "force_generic_plan")) {
            try (var connection = dataSource.getConnection();
                    var set = connection.createStatement();
                    var explain = connection.prepareStatement(
                            "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + Leftovers.Kind.DEAD_LETTERS.next)) {
                set.execute("SET plan_cache_mode = " + mode);
                explain.setBoolean(1, true);
                explain.setLong(2, 0);
                explain.setString(3, "PT6H30M");
                explain.setInt(4, 250);
                try (var rows = explain.executeQuery()) {
                    rows.next();
                    String plan = rows.getString(1);
                    var root = new ObjectMapper().readTree(plan).get(0).get("Plan");
                    long read = Stream.of("Actual Rows", "Rows Removed by Filter")
                            .flatMap(key -> root.findValuesAsText(key).stream())
                            .mapToLong(rowCount -> (long) Double.parseDouble(rowCount))
                            .max()
                            .getAsLong();
                    assertTrue(read <= 250, plan);
                }
            }
        }
        for (int deleted : new int[] {3, 1, 1, 2}) {
            var piece = deadLetters(3);
            assertEquals(deleted, piece.deleted());
            assertTrue(piece.mayBeMore());
        }
        assertEquals(new Leftovers.Piece(0, false), deadLetters(3));
        server.execute(
                "UPDATE dead_letters SET last_failed_at = now() - interval '1 day' WHERE last_failed_at < now() - interval '30 minutes'");
        leftovers.beginAnew();
        assertEquals(2, deadLetters(3).deleted());
        assertEquals(50_000, left("dead_letters"));
    }

    private Leftovers.Piece deadLetters(int most) throws SQLException {
        return leftovers.delete(Leftovers.Kind.DEAD_LETTERS, "PT6H30M", true, most);
    }

    @Test
    void ids_are_forgotten_by_when_they_went() throws SQLException {
        var piece = leftovers.forget("PT6H30M", 3);
        assertEquals(3, piece.deleted());
        assertTrue(piece.mayBeMore());
        assertEquals(1, leftovers.forget("PT6H30M", 3).deleted());
        assertEquals(6, left("gone"));
    }
}
