package dev.tallyhook.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShardMapTest {

    private static final Node ONE = new Node(1, "one", 5432);
    private static final Node TWO = new Node(2, "two", 5432);

    /** Four, the second and the fourth of which are on the second server. */
    private static ShardMap map(Node second) {
        List<Shard> shards = new ArrayList<>();
        for (int i = 3; i >= 0; i--) {
            shards.add(new Shard(
                    Integer.MIN_VALUE + (i << 30),
                    Map.of("transactions", 100L + i, "gone", 200L + i),
                    i % 2 == 0 ? ONE : second));
        }
        return new ShardMap(
                shards, List.of(new Shard(Integer.MIN_VALUE, Map.of(), ONE), new Shard(0, Map.of(), second)));
    }

    @Test
    void an_id_belongs_to_the_shard_with_the_greatest_least_hash_that_is_not_above_its_own() {
        ShardMap map = map(TWO);
        Set<Long> met = new HashSet<>();
        IntStream.range(0, 1_000).mapToObj(i -> "txn_" + i).forEach(id -> {
            Shard shard = map.shardOf(id);
            met.add(shard.number());
            int hash = DistributionHash.of(id);
            assertTrue(shard.least() <= hash && (long) shard.least() + (1L << 30) > hash, id);
        });
        assertEquals(Set.of(100L, 101L, 102L, 103L), met);
    }

    @Test
    void requests_are_found_by_their_own_numbers() {
        ShardMap map = map(TWO);
        for (long number = 0; number < 100; number++) {
            assertEquals(DistributionHash.of(number) < 0 ? ONE : TWO, map.nodeOfRequest(number));
        }
    }

    @Test
    void a_statement_is_asked_of_each_shard() {
        ShardMap map = map(TWO);
        assertEquals(
                """
                SELECT transactions_100.amount FROM transactions_100 JOIN gone_200 USING (transaction_id);
                SELECT transactions_102.amount FROM transactions_102 JOIN gone_202 USING (transaction_id)""",
                map.each(map.on(ONE), "SELECT transactions.amount FROM transactions JOIN gone USING (transaction_id)"));
        assertEquals("TABLE transactions_101", map.each(List.of(map.on(TWO).get(0)), "TABLE transactions"));
    }

    @Test
    void names_that_only_begin_or_end_like_a_table_stay() {
        String plain = "SELECT of_transactions, transaction_id, nextval('conflicts_conflict_id_seq')";
        assertEquals(plain, map(TWO).shards().get(0).statement(plain));
    }

    @Test
    void a_map_is_another_one_when_a_shard_has_moved() {
        assertEquals(map(TWO), map(TWO));
        assertNotEquals(map(TWO), map(ONE));
        assertEquals(List.of(), map(ONE).on(TWO));
    }

    @Test
    void a_url_leads_to_one_server_and_is_otherwise_the_same() {
        assertEquals(
                "jdbc:postgresql://two:5432/tallyhook?sslmode=require",
                NodeSessions.url("jdbc:postgresql://a:1,b:2/tallyhook?sslmode=require", TWO));
        assertEquals(
                "jdbc:postgresql://[::1]:5432/",
                NodeSessions.url("jdbc:postgresql://localhost/", new Node(3, "::1", 5432)));
    }
}
