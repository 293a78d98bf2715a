package dev.tallyhook.operations;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class ActivityTest {

    private static final String REPORT = """
            INSERT INTO activity (at, replica, accepted, replayed, conflicting, invalid, unauthenticated, shed, failed, lateness,
                                  waiting, overdue)
            VALUES (date_trunc('second', clock_timestamp()) - interval '%s', '%s', %d, 2, 3, 4, 5, 6, 7, '{%s}', %s, 0)
            """;

    @Inject
    DataSource dataSource;

    @Inject
    ActivityRecorder recorder;

    @AfterEach
    void forget() throws SQLException {
        Statements.execute(dataSource, "DELETE FROM activity WHERE replica LIKE 'other%'");
    }

    private static JsonPath activity(String query) {
        return given().get("/v1/activity" + query)
                .then()
                .statusCode(200)
                .contentType("application/json")
                .extract()
                .jsonPath();
    }

    private static long sum(String field, String since) {
        return activity("?since=" + since).getList("seconds." + field, Long.class).stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    @Test
    void what_this_replica_does_is_seen_within_seconds() {
        String start = activity("").getString("current_time");
        given().contentType("application/json")
                .body(Webhooks.body(Webhooks.newId()))
                .post(Webhooks.PATH);
        given().contentType("application/json").body("{").post(Webhooks.PATH);
        for (String field : new String[] {"accepted", "invalid", "finished"}) {
            await(field).until(() -> sum(field, start) >= 1);
        }
        assertEquals(1, activity("").getList("replicas").size());
    }

    @Test
    void the_reports_of_all_replicas_are_added_up() throws SQLException {
        // A tenth finished within 1 ms, the rest within 2 ms; so many that what the service itself finishes does not
        // show.
        Statements.execute(
                dataSource,
                REPORT.formatted("3 seconds", "other-1", 100, "50000,450000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0", "10"));
        Statements.execute(
                dataSource,
                REPORT.formatted("3 seconds", "other-2", 200, "50000,450000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0", "12"));
        await().untilAsserted(() -> {
            List<Map<String, Object>> seconds = activity("").getList("seconds");
            var second = seconds.stream()
                    .filter(each -> ((Number) each.get("finished")).longValue() >= 900_000) // No other test does that.
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(seconds.toString()));
            assertTrue(((Number) second.get("accepted")).longValue() >= 300);
            assertEquals(14, second.get("failed"));
            assertEquals(1_000_000, ((Number) second.get("finished")).doubleValue(), 5_000);
            assertEquals(0.00144, ((Number) second.get("lateness_p50_seconds")).doubleValue(), 0.0001);
            assertEquals(0.00199, ((Number) second.get("lateness_p99_seconds")).doubleValue(), 0.0001);
            assertTrue(((Number) second.get("waiting")).longValue() >= 12);
        });
        given().get("/v1/activity").then().body("replicas", hasItem("other-1")).body("replicas", hasItem("other-2"));
    }

    @Test
    void a_replica_that_no_longer_reports_is_not_alive_and_what_is_long_ago_is_forgotten() throws SQLException {
        Statements.execute(dataSource, REPORT.formatted("10 seconds", "other-dead", 1, "0", "NULL"));
        Statements.execute(dataSource, REPORT.formatted("16 minutes", "other-old", 1, "0", "NULL"));
        assertTrue(!activity("").getList("replicas").contains("other-dead"));
        recorder.forget();
        assertEquals(0, Statements.count(dataSource, "activity", "replica = 'other-old'"));
        assertEquals(1, Statements.count(dataSource, "activity", "replica = 'other-dead'"));
    }

    @Test
    void what_a_clock_that_was_set_back_has_left_behind_is_forgotten_before_it_is_of_now_once_more()
            throws SQLException {
        Statements.execute(dataSource, REPORT.formatted("-5 minutes", "other-ahead", 1, "0", "NULL"));
        Statements.execute(dataSource, REPORT.formatted("-5 seconds", "other-near", 1, "0", "NULL"));
        recorder.forget();
        assertEquals(0, Statements.count(dataSource, "activity", "replica = 'other-ahead'"));
        assertEquals(1, Statements.count(dataSource, "activity", "replica = 'other-near'"));
    }

    @Test
    void seconds_come_in_order_once_each_and_only_the_later_ones_where_asked() {
        await().until(() -> activity("").getList("seconds").size() >= 3);
        List<String> all = activity("").getList("seconds.at", String.class);
        assertEquals(all.stream().sorted().distinct().toList(), all);
        String since = all.get(all.size() - 2);
        List<String> later = activity("?since=" + since).getList("seconds.at", String.class);
        assertTrue(!later.isEmpty()
                && later.stream().allMatch(at -> Instant.parse(at).isAfter(Instant.parse(since))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"since=yesterday", "since=", "sinse=2025-01-01T00:00:00Z"})
    void a_wrong_parameter_is_named(String query) {
        given().get("/v1/activity?" + query)
                .then()
                .statusCode(422)
                .body("errors.field", is(List.of(query.substring(0, query.indexOf('=')))));
    }
}
