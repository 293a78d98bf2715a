package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How PostgreSQL finds what is to be told: what it reads does not grow with what waits. */
@QuarkusTest
class QueuePlansTest {

    /** More than pgjdbc's prepareThreshold and PostgreSQL's five custom plans, after which a generic plan may come. */
    private static final int EXECUTIONS = 12;

    private static final String FILL = """
            INSERT INTO deliveries (endpoint_id, event, ids, next_at, leased_until)
            SELECT CASE WHEN i % 100 = 0 THEN 'shop' ELSE 'slow' END, 'p', ARRAY['id' || i],
                   now() - interval '1 day' + i * interval '1 ms',
                   CASE WHEN i % 3 = 0 AND i % 100 <> 0 THEN now() + interval '1 hour' END
            FROM generate_series(1, 100000) AS i
            """;

    private static final String PREPARE_CLAIM =
            "PREPARE claim (text[], boolean[], int[], timestamptz[], bigint) AS " + QueueBeside.numbered(Queue.CLAIM);

    private static final String EXECUTE_CLAIM =
            "EXECUTE claim ('{shop,slow,none}', '{f,f,t}', '{%d,%1$d,%1$d}', '{-infinity,-infinity,-infinity}', 1000)";

    private static final String PREPARE_SETTLE =
            "PREPARE settle (bigint[], timestamptz[], bigint[], text[], bigint[], text[], int[], bigint[], text[], int[], text[])"
                    + " AS " + QueueBeside.numbered(OutcomeWriter.SETTLE);

    private static final String EXECUTE_SETTLE = """
            EXECUTE settle (
                '{500,501,502}', '{2026-01-01Z,2026-01-01Z,2026-01-01Z}', '{500}', '{id500}',
                '{501,502}', '{id501,id502}', '{1,1}', '{1000,NULL}', '{REFUSED,REFUSED}', '{500,500}', '{no,no}')
            """;

    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String url;

    @ConfigProperty(name = "quarkus.datasource.delivery.jdbc.additional-jdbc-properties.options")
    String options;

    private QueueBeside beside;

    @BeforeEach
    void prepare() throws SQLException {
        beside = new QueueBeside(url, options);
        for (String id : List.of("shop", "slow", "none")) {
            beside.endpoint(id, "ENABLED");
        }
    }

    @AfterEach
    void close() throws SQLException {
        beside.close();
    }

    private JsonNode plan(String execute) throws SQLException {
        String plan = beside.rows("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + execute)
                .get(0);
        try {
            return new ObjectMapper().readTree(plan).get(0).get("Plan");
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private JsonNode planAfterMany(String prepare, String execute) throws SQLException {
        beside.execute(prepare);
        beside.execute("BEGIN");
        for (int i = 0; i < EXECUTIONS; i++) {
            beside.execute(execute);
        }
        JsonNode plan = plan(execute);
        beside.execute("ROLLBACK");
        return plan;
    }

    private static void assertFindsByIndex(JsonNode plan, String... indexes) {
        List<String> kinds = plan.findValuesAsText("Node Type");
        assertFalse(kinds.contains("Seq Scan"), plan::toPrettyString);
        assertFalse(kinds.contains("Sort"), plan::toPrettyString);
        assertFalse(kinds.contains("Incremental Sort"), plan::toPrettyString);
        assertEquals(Set.of(indexes), Set.copyOf(plan.findValuesAsText("Index Name")), plan::toPrettyString);
    }

    /** By the scans of the queue: those that came out of each, and those that a filter took away. */
    private static long rowsRead(JsonNode node) {
        long read = 0;
        if (node.path("Relation Name").asText().equals("deliveries")
                && node.path("Node Type").asText().contains("Scan")) {
            long each = node.path("Actual Rows").asLong()
                    + node.path("Rows Removed by Filter").asLong()
                    + node.path("Rows Removed by Index Recheck").asLong();
            read += each * node.path("Actual Loops").asLong();
        }
        for (JsonNode child : node.path("Plans")) {
            read += rowsRead(child);
        }
        return read;
    }

    @Test
    void a_claim_finds_its_rows_in_the_index_in_their_order_and_reads_few_others() throws SQLException {
        beside.execute(FILL);
        beside.execute("ANALYZE deliveries");
        JsonNode plan = planAfterMany(PREPARE_CLAIM, EXECUTE_CLAIM.formatted(2));
        assertFindsByIndex(plan, "endpoints_pkey", "deliveries_endpoint_id_replay_next_at_idx", "deliveries_pkey");
        assertTrue(rowsRead(plan) < 200, () -> rowsRead(plan) + " rows read by " + plan.toPrettyString());
    }

    @Test
    void and_so_it_does_when_it_was_prepared_on_an_empty_queue() throws SQLException {
        beside.execute("ANALYZE deliveries");
        JsonNode plan = planAfterMany(PREPARE_CLAIM, EXECUTE_CLAIM.formatted(8));
        assertFindsByIndex(plan, "endpoints_pkey", "deliveries_endpoint_id_replay_next_at_idx", "deliveries_pkey");
    }

    /** Of a hundred thousand that are in front of all others in time, and of which a third is claimed. */
    @Test
    void what_one_endpoint_has_waiting_costs_the_claim_of_another_nothing() throws SQLException {
        beside.execute(FILL);
        beside.execute("ANALYZE deliveries");
        beside.execute(PREPARE_CLAIM);
        JsonNode plan = plan("EXECUTE claim ('{shop}', '{f}', '{4}', '{-infinity}', 1000)");
        assertTrue(rowsRead(plan) <= 8, () -> rowsRead(plan) + " rows read by " + plan.toPrettyString());
    }

    @Test
    void an_outcome_finds_its_rows_by_their_numbers() throws SQLException {
        beside.execute(FILL);
        beside.execute("UPDATE deliveries SET leased_until = '2026-01-01Z' WHERE delivery_id BETWEEN 500 AND 502");
        beside.execute("ANALYZE deliveries");
        beside.execute(PREPARE_SETTLE);
        beside.execute("BEGIN");
        JsonNode plan = plan(EXECUTE_SETTLE);
        beside.execute("ROLLBACK");
        assertFalse(plan.findValuesAsText("Node Type").contains("Seq Scan"), plan::toPrettyString);
        assertTrue(rowsRead(plan) <= 6, () -> rowsRead(plan) + " rows read by " + plan.toPrettyString());
        JsonNode generic = planAfterMany("DEALLOCATE settle; " + PREPARE_SETTLE, EXECUTE_SETTLE);
        assertFalse(generic.findValuesAsText("Node Type").contains("Seq Scan"), generic::toPrettyString);
    }
}
