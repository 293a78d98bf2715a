package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.agroal.DataSource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a replay reads of a ledger that has more than it looks for. */
@QuarkusTest
class ReplayPlanTest {

    private static final int ROWS = 100_000;
    private static final Duration VACUUM_MAX = Duration.ofMinutes(1);
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final Instant BEGIN = Instant.parse("2002-01-01T00:00:00Z");

    @Inject
    @DataSource("delivery")
    javax.sql.DataSource dataSource;

    @Inject
    ReplayPieces pieces;

    private EndpointRows rows;

    @BeforeEach
    void begin() {
        rows = new EndpointRows(dataSource);
    }

    private void store(Instant begin, int count) throws Exception {
        rows.finished("plan_" + UUID.randomUUID(), begin.toString(), "10 milliseconds", count);
        awaitSummary();
        rows.execute("ANALYZE transactions");
    }

    /** The service makes way for an autovacuum, which may come upon so many new rows. */
    private void awaitSummary() {
        Awaitility.await()
                .atMost(VACUUM_MAX)
                .ignoreExceptionsMatching(failure ->
                        failure instanceof SQLException held && LOCK_NOT_AVAILABLE.equals(held.getSQLState()))
                .until(() -> {
                    pieces.prepare();
                    return true;
                });
    }

    private JsonNode explain(String sql, Object... values) throws Exception {
        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql)) {
            connection.setAutoCommit(false);
            for (int i = 0; i < values.length; i++) {
                statement.setObject(
                        i + 1, values[i] instanceof Instant time ? time.atOffset(ZoneOffset.UTC) : values[i]);
            }
            try (var row = statement.executeQuery()) {
                row.next();
                return new ObjectMapper().readTree(row.getString(1)).get(0).get("Plan");
            } finally {
                connection.rollback();
            }
        }
    }

    private static long pages(JsonNode node) {
        return node.path("Shared Hit Blocks").asLong()
                + node.path("Shared Read Blocks").asLong();
    }

    @Test
    void a_window_costs_what_it_holds_and_not_the_whole_ledger() throws Exception {
        store(BEGIN, ROWS);
        String endpointId = rows.paused();
        Instant from = BEGIN.plusSeconds(500);
        JsonNode plan = explain(
                ReplayPieces.QUEUE_FINISHED,
                endpointId,
                from,
                from.plusSeconds(20),
                ReplayWindow.ROWS_MAX + 1,
                ReplayWindow.ROWS_MAX + 1,
                endpointId);
        JsonNode scan = plan.findParents("Index Name").stream()
                .filter(node -> node.get("Index Name").asText().startsWith("transactions"))
                .findFirst()
                .orElseThrow();
        assertEquals("transactions_finished_when", scan.get("Index Name").asText(), plan.toString());
        JsonNode found = plan.findParents("Relation Name").stream()
                .filter(node -> node.get("Relation Name").asText().equals("transactions"))
                .findFirst()
                .orElseThrow();
        long all = rows.number("SELECT pg_relation_size('transactions') / 8192");
        assertEquals(2_000, found.get("Actual Rows").asLong(), plan.toString());
        assertTrue(pages(found) < 300 && all > 1_000, pages(found) + " of " + all + " pages: " + plan);
    }

    @Test
    void what_is_counted_beforehand_is_looked_at_to_a_limit_and_estimated_beyond() throws Exception {
        Instant begin = BEGIN.plus(Duration.ofDays(365));
        int stored = ReplayCount.LOOKED_AT_MAX + ROWS;
        store(begin, stored);
        String id = rows.paused("currencies = '{EUR}'");
        given().contentType(ContentType.JSON)
                .body("{\"since\":\"%s\",\"until\":\"%s\",\"dry_run\":true}"
                        .formatted(begin, begin.plus(Duration.ofDays(1))))
                .post("/v1/endpoints/" + id + "/replays")
                .then()
                .statusCode(200)
                .body("exact", equalTo(false))
                .body("count", allOf(greaterThan(stored / 8), lessThan(stored / 2)));
    }
}
