package dev.tallyhook.delivery;

import static dev.tallyhook.delivery.Queue.FROM_THE_BEGINNING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.delivery.Queue.Want;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class QueueTest {

    @Inject
    TellingConfig config;

    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String url;

    @ConfigProperty(name = "quarkus.datasource.delivery.jdbc.additional-jdbc-properties.options")
    String options;

    private final LedgerClock clock = new LedgerClock();
    private Queue queue;
    private QueueBeside beside;

    @BeforeEach
    void prepare() throws SQLException {
        queue = new Queue(config, clock);
        beside = new QueueBeside(url, options);
        beside.endpoint("shop", "ENABLED");
    }

    @AfterEach
    void close() throws SQLException {
        beside.close();
    }

    private static Want fresh(String endpointId, int room) {
        return new Want(endpointId, false, room, FROM_THE_BEGINNING);
    }

    private List<String> claim(Connection connection, Want... wants) throws SQLException {
        return ids(queue.claim(connection, List.of(wants)));
    }

    private List<String> claim(Want... wants) throws SQLException {
        return claim(beside.connection(), wants);
    }

    private static List<String> ids(List<Parcel> claimed) {
        return claimed.stream().flatMap(row -> row.ids().stream()).sorted().toList();
    }

    @Test
    void a_claim_says_all_that_is_known_of_the_row_and_what_time_it_is() throws SQLException {
        beside.row("shop", "{one}", ", replay, attempts, next_at", ", true, 3, '2026-01-02 03:04:05.678901Z'");
        Parcel parcel = queue.claim(beside.connection(), List.of(new Want("shop", true, 9, FROM_THE_BEGINNING)))
                .get(0);
        assertEquals(List.of("one"), parcel.ids());
        assertEquals("shop", parcel.endpointId());
        assertEquals(EventKind.PROCESSED, parcel.event());
        assertTrue(parcel.isReplay());
        assertEquals(3, parcel.attempts());
        assertEquals(
                Instant.parse("2026-01-02T03:04:05.678901Z"), parcel.nextAt().toInstant());
        assertEquals(
                List.of(parcel.deliveryId() + "|t"),
                beside.rows("SELECT delivery_id, leased_until = '%s' FROM deliveries".formatted(parcel.leasedUntil())));
        // A lease is longer than an attempt may take, and than what is claimed may wait for it.
        Duration lease = Duration.between(clock.now(), parcel.leasedUntil());
        assertTrue(lease.compareTo(config.timeout().plusSeconds(5)) <= 0, lease::toString);
        assertTrue(lease.compareTo(config.timeout().minusSeconds(60)) > 0, lease::toString);
    }

    @Test
    void two_that_claim_at_once_do_not_wait_for_each_other_and_get_different_rows() throws SQLException {
        for (int i = 1; i <= 4; i++) {
            beside.row(
                    "shop",
                    "{id" + i + "}",
                    ", next_at",
                    ", now() - interval '1 minute' + interval '%d s'".formatted(i));
        }
        try (Connection other = beside.connect()) {
            other.setAutoCommit(false);
            assertEquals(List.of("id1", "id2"), claim(other, fresh("shop", 2)));
            assertEquals(List.of("id3", "id4"), claim(fresh("shop", 9)));
            other.commit();
            assertEquals(List.of(), claim(fresh("shop", 9)));
        }
    }

    @Test
    void what_is_rolled_back_may_be_claimed() throws SQLException {
        beside.row("shop", "{one}", "", "");
        try (Connection other = beside.connect()) {
            other.setAutoCommit(false);
            assertEquals(List.of("one"), claim(other, fresh("shop", 2)));
            other.rollback();
        }
        assertEquals(List.of("one"), claim(fresh("shop", 9)));
    }

    /** One that has found a row free may come to it when another one has claimed it since: it looks again. */
    @Test
    void four_that_claim_as_fast_as_they_can_claim_each_row_once() throws SQLException {
        beside.execute("INSERT INTO deliveries (endpoint_id, event, ids)"
                + " SELECT 'shop', 'p', ARRAY['id' || i] FROM generate_series(1, 2000) AS i");
        List<CompletableFuture<List<String>>> replicas = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            replicas.add(CompletableFuture.supplyAsync(this::claimAll, task -> new Thread(task).start()));
        }
        List<String> claimed =
                replicas.stream().flatMap(replica -> replica.join().stream()).toList();
        assertEquals(2_000, claimed.size());
        assertEquals(2_000, Set.copyOf(claimed).size());
    }

    private List<String> claimAll() {
        List<String> all = new ArrayList<>();
        try (Connection connection = beside.connect()) {
            int empty = 0;
            while (empty < 3 && all.size() <= 2_000) { // What is skipped because it is locked is claimed.
                List<String> some = claim(connection, fresh("shop", 7));
                all.addAll(some);
                empty = some.isEmpty() ? empty + 1 : 0;
            }
            return all;
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void what_is_claimed_is_claimed_again_only_when_the_lease_is_over_and_then_by_another_name() throws SQLException {
        beside.row("shop", "{one}", "", "");
        List<Parcel> first = queue.claim(beside.connection(), List.of(fresh("shop", 9)));
        assertEquals(List.of(), claim(fresh("shop", 9)));
        beside.execute("UPDATE deliveries SET leased_until = now() - interval '1 ms'");
        List<Parcel> second = queue.claim(beside.connection(), List.of(fresh("shop", 9)));
        assertEquals(List.of("one"), ids(second));
        assertEquals(first.get(0).deliveryId(), second.get(0).deliveryId());
        assertNotEquals(first.get(0).leasedUntil(), second.get(0).leasedUntil());
    }

    @Test
    void those_that_waited_longest_come_first_and_those_of_later_do_not() throws SQLException {
        beside.row("shop", "{third}", ", next_at", ", now() - interval '1 s'");
        beside.row("shop", "{first}", ", next_at", ", now() - interval '3 s'");
        beside.row("shop", "{later}", ", next_at", ", now() + interval '1 hour'");
        beside.row("shop", "{second}", ", next_at", ", now() - interval '2 s'");
        assertEquals(List.of("first", "second"), claim(fresh("shop", 2)));
        assertEquals(List.of("third"), claim(fresh("shop", 2)));
    }

    @Test
    void below_the_floor_and_at_it_nothing_is_looked_at() throws SQLException {
        beside.row("shop", "{below}", ", next_at", ", '2026-01-01 00:00:00Z'");
        beside.row("shop", "{at}", ", next_at", ", '2026-01-01 00:00:01.000001Z'");
        beside.row("shop", "{above}", ", next_at", ", '2026-01-01 00:00:01.000002Z'");
        var floor = OffsetDateTime.parse("2026-01-01T00:00:01.000001Z");
        assertEquals(List.of("above"), claim(new Want("shop", false, 9, floor)));
        assertEquals(List.of("at", "below"), claim(fresh("shop", 9)));
    }

    @Test
    void what_is_sent_again_and_what_is_new_are_claimed_apart() throws SQLException {
        beside.row("shop", "{new}", "", "");
        beside.row("shop", "{again}", ", replay", ", true");
        assertEquals(List.of("again"), claim(new Want("shop", true, 9, FROM_THE_BEGINNING)));
        assertEquals(List.of("new"), claim(fresh("shop", 9)));
    }

    @Test
    void an_endpoint_that_is_paused_or_disabled_or_deleted_keeps_its_rows() throws SQLException {
        beside.endpoint("paused", "PAUSED");
        beside.endpoint("disabled", "DISABLED");
        for (String id : List.of("paused", "disabled", "deleted")) {
            beside.row(id, "{" + id + "}", "", "");
        }
        Want[] wants = {fresh("paused", 9), fresh("disabled", 9), fresh("deleted", 9)};
        assertEquals(List.of(), claim(wants));
        beside.execute("UPDATE endpoints SET state = 'ENABLED', disabled_because = NULL, disabled_at = NULL");
        assertEquals(List.of("disabled", "paused"), claim(wants));
    }

    @Test
    void one_claim_has_of_each_endpoint_what_it_has_room_for() throws SQLException {
        beside.endpoint("other", "ENABLED");
        for (int i = 1; i <= 3; i++) {
            String earlier = ", now() - interval '1 minute' + interval '%d s'".formatted(i);
            beside.row("shop", "{shop" + i + "}", ", next_at", earlier);
            beside.row("other", "{other" + i + "}", ", next_at", earlier);
        }
        assertEquals(List.of("other1", "other2", "shop1"), claim(fresh("shop", 1), fresh("other", 2)));
    }

    @Test
    void the_longest_queue_of_one_endpoint_is_in_nobodys_way() throws SQLException {
        beside.endpoint("slow", "ENABLED");
        beside.execute("INSERT INTO deliveries (endpoint_id, event, ids, next_at)"
                + " SELECT 'slow', 'p', ARRAY['id' || i], now() - interval '1 day' + i * interval '1 ms'"
                + " FROM generate_series(1, 100000) AS i");
        beside.row("shop", "{one}", "", "");
        assertEquals(List.of("one"), claim(fresh("shop", 9)));
        assertEquals(List.of("id1", "id2", "id3"), claim(fresh("slow", 3), fresh("shop", 9)));
    }
}
