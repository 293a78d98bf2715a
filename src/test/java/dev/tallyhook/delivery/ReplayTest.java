package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What was finished, or given up, is told again on demand. */
@QuarkusTest
class ReplayTest {

    private static final Duration PATIENCE = Duration.ofSeconds(100);

    @Inject
    DataSource dataSource;

    private final String prefix = "replay_" + UUID.randomUUID();
    private EndpointRows rows;

    @BeforeEach
    void begin() {
        rows = new EndpointRows(dataSource);
    }

    private static ValidatableResponse post(String endpointId, String body) {
        return given().contentType(ContentType.JSON)
                .body(body)
                .post("/v1/endpoints/" + endpointId + "/replays")
                .then();
    }

    private static String begun(String endpointId, String body) {
        return post(endpointId, body).statusCode(202).extract().header("Location");
    }

    private static ValidatableResponse awaitState(String replay, String state) {
        String path = replay.substring(replay.indexOf("/v1/"));
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> given().get(path).path("state").equals(state));
        return given().get(path).then().statusCode(200);
    }

    /** All that waits for it, whole rows in the order in which they were queued. */
    private String queued(String endpointId) {
        return rows.text("SELECT array_to_string(ids, ' ') FROM deliveries WHERE replay AND endpoint_id = '"
                + endpointId + "' ORDER BY delivery_id");
    }

    private long messages(String endpointId) {
        return rows.number("SELECT coalesce(sum(cardinality(ids)), 0) FROM deliveries WHERE replay AND endpoint_id = '"
                + endpointId + "'");
    }

    @Test
    void one_that_is_finished_is_told_again_at_once() {
        String id = rows.paused();
        rows.finished(prefix, "2001-02-01 00:00:00Z", 1);
        post(id, "{\"transaction_id\":\"" + prefix + "_1\"}")
                .statusCode(202)
                .body("what", equalTo("ONE"))
                .body("state", equalTo("DONE"))
                .body("queued", equalTo(1))
                .body("progress", equalTo(1.0f))
                .body("since", nullValue())
                .body("by", equalTo("anyone"));
        assertEquals(prefix + "_1", queued(id));
    }

    @Test
    void one_that_is_not_finished_or_not_there_is_refused() {
        String id = rows.paused();
        rows.execute("INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,"
                + " due_at) VALUES ('" + prefix + "', 'a', 'b', 1, 'INR', now() + interval '1 day')");
        for (String dryRun : List.of("", ",\"dry_run\":true")) {
            post(id, "{\"transaction_id\":\"" + prefix + "\"" + dryRun + "}").statusCode(409);
            post(id, "{\"transaction_id\":\"never_stored\"" + dryRun + "}")
                    .statusCode(404)
                    .body("detail", equalTo("Transaction not found"));
        }
        assertEquals("", queued(id));
    }

    @Test
    void what_was_finished_in_a_stretch_of_time_is_told_again_if_the_filters_want_it() {
        rows.finished(prefix, "2001-03-01 00:00:00Z", 1_000);
        String all = rows.paused();
        String some = rows.paused("currencies = '{EUR}', accounts = '{from_0,from_7}', amount_min = 500.5");
        String ofSources = rows.paused("sources = '{transactions}', types = '{invoice.paid}'");
        String stretch = "\"since\":\"2001-03-01T00:00:10Z\",\"until\":\"2001-03-01T00:15:10Z\"";
        for (String id : List.of(all, some, ofSources)) {
            long count = id.equals(all) ? 900 : id.equals(some) ? 102 : 0;
            post(id, "{" + stretch + ",\"dry_run\":true}")
                    .statusCode(200)
                    .body("count", equalTo((int) count))
                    .body("exact", equalTo(true));
            awaitState(begun(id, "{" + stretch + "}"), "DONE")
                    .body("queued", equalTo((int) count))
                    .body("reached", equalTo("2001-03-01T00:15:10Z"))
                    .body("progress", equalTo(1.0f));
            assertEquals(count, messages(id));
        }
        assertEquals(
                250,
                rows.number("SELECT max(cardinality(ids)) FROM deliveries WHERE endpoint_id = '" + all + "'"),
                "as many in a row as it may have, once windows are long enough");
        List<String> ids = List.of(queued(all).split("\\s"));
        assertEquals(prefix + "_11", ids.get(0));
        assertEquals(prefix + "_910", ids.get(899));
        assertEquals(900, ids.stream().distinct().count());
    }

    @Test
    void what_was_finished_just_now_is_told_again_as_well() {
        String id = rows.paused();
        String since =
                rows.text("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
        String transactionId = Webhooks.newId();
        given().contentType(ContentType.JSON)
                .body(Webhooks.body(transactionId))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
        Awaitility.await().atMost(PATIENCE).until(() -> given().get(Webhooks.transactionPath(transactionId))
                .path("status")
                .equals("PROCESSED"));
        awaitState(begun(id, "{\"since\":\"" + since + "\"}"), "DONE");
        assertTrue(queued(id).contains(transactionId));
    }

    /** The transaction has its time, and nobody sees it before it is committed. */
    @Test
    void what_is_being_finished_when_it_is_asked_for_is_waited_for() throws Exception {
        String id = rows.paused();
        rows.execute("INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,"
                + " due_at) VALUES ('" + prefix + "', 'a', 'b', 1, 'INR', now() + interval '1 day')");
        String replay;
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("UPDATE transactions SET status = 'PROCESSED', due_at = now() - interval '1 second',"
                    + " processed_at = clock_timestamp() WHERE transaction_id = '" + prefix + "'");
            String since = rows.text("SELECT to_char((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC',"
                    + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
            replay = begun(id, "{\"since\":\"" + since + "\"}");
            Thread.sleep(3_000); // Time enough to look, and to find nothing.
            statement.execute("SELECT 1");
            connection.commit();
        }
        awaitState(replay, "DONE");
        assertTrue(queued(id).contains(prefix));
    }

    @Test
    void what_was_given_up_goes_back_into_the_queue() {
        String id = rows.paused();
        String other = rows.paused();
        rows.deadLetters(id, 1_500);
        rows.deadLetters(other, 2);
        post(id, "{\"failed\":true,\"dry_run\":true}").statusCode(200).body("count", equalTo(1_500));
        String replay = begun(id, "{\"failed\":true}");
        Awaitility.await().atMost(PATIENCE).until(() -> messages(id) == 1_000);
        given().get(replay.substring(replay.indexOf("/v1/")))
                .then()
                .body("state", equalTo("RUNNING"))
                .body("queued", equalTo(1_000));
        rows.execute("INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome) VALUES ('"
                + id + "', 'p', 'later', 10, now(), 'REFUSED')");
        rows.execute("DELETE FROM deliveries WHERE endpoint_id = '" + id + "'");
        awaitState(replay, "DONE").body("queued", equalTo(1_500)).body("progress", equalTo(1.0f));
        assertEquals(500, messages(id));
        assertEquals(
                500,
                rows.number(
                        "SELECT count(*) FROM deliveries WHERE attempts = 0 AND cardinality(ids) = 1 AND endpoint_id = '"
                                + id + "'"));
        assertEquals("later", rows.text("SELECT id FROM dead_letters WHERE endpoint_id = '" + id + "'"));
        assertEquals(2, rows.number("SELECT count(*) FROM dead_letters WHERE endpoint_id = '" + other + "'"));
    }

    /** Whatever it is about, which is told again as what it was. */
    @ParameterizedTest
    @CsvSource({"p, letter_1", "a, letter_1", "c, 7"})
    void one_that_was_given_up_goes_back_into_the_queue(String event, String what) {
        String id = rows.paused();
        String other = rows.paused();
        rows.deadLetters(other, 1);
        rows.deadLetters(id, 2);
        rows.execute("UPDATE dead_letters SET event = '" + event + "', id = '" + what + "' WHERE id = 'letter_1'"
                + " AND endpoint_id = '" + id + "'");
        int letter = given().get("/v1/endpoints/" + id + "/dead-letters").path("dead_letters[1].dead_letter_id");
        String body = "{\"dead_letter_id\":" + letter + "}";
        post(id, body.replace("}", ",\"dry_run\":true}"))
                .statusCode(200)
                .body("count", equalTo(1))
                .body("exact", equalTo(true));
        for (String wrong : List.of(body, body.replace("}", ",\"dry_run\":true}"))) {
            post(other, wrong).statusCode(404).body("detail", equalTo("Dead letter not found"));
        }
        post(id, body)
                .statusCode(202)
                .body("what", equalTo("ONE"))
                .body("state", equalTo("DONE"))
                .body("queued", equalTo(1))
                .body("since", nullValue());
        post(id, body).statusCode(404);
        assertEquals(
                event + " {" + what + "} t 0",
                rows.text("SELECT concat_ws(' ', event, ids, replay, attempts) FROM deliveries WHERE endpoint_id = '"
                        + id + "'"));
        assertEquals("letter_2", rows.text("SELECT id FROM dead_letters WHERE endpoint_id = '" + id + "'"));
    }

    @Test
    void it_rests_while_enough_of_it_waits_and_while_the_endpoint_is_switched_off() {
        String id = rows.paused();
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, replay) SELECT '" + id
                + "', 'p', '{x}', true FROM generate_series(1, 201)");
        rows.finished(prefix, "2001-04-01 00:00:00Z", 10);
        String replay = begun(id, "{\"since\":\"2001-04-01T00:00:00Z\",\"until\":\"2001-04-02T00:00:00Z\"}");
        String unaffected = rows.paused();
        awaitState(
                begun(unaffected, "{\"since\":\"2001-04-01T00:00:00Z\",\"until\":\"2001-04-02T00:00:00Z\"}"), "DONE");
        rows.execute("UPDATE endpoints SET state = 'DISABLED', disabled_because = 'FAILED', disabled_at = now() WHERE"
                + " endpoint_id = '" + id + "'");
        rows.execute("DELETE FROM deliveries WHERE endpoint_id = '" + id + "'");
        awaitState(
                begun(unaffected, "{\"since\":\"2001-04-01T00:00:00Z\",\"until\":\"2001-04-02T00:00:00Z\"}"), "DONE");
        assertEquals(0, messages(id));
        rows.execute(
                "UPDATE endpoints SET state = 'PAUSED', disabled_because = NULL, disabled_at = NULL WHERE endpoint_id"
                        + " = '" + id + "'");
        awaitState(replay, "DONE").body("queued", equalTo(10));
    }

    /** What failed may wait for days for its next try, and what comes behind it need not. */
    @Test
    void what_is_tried_again_later_holds_nothing_up() {
        String id = rows.paused();
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, replay, attempts, failed_at, next_at) SELECT '"
                + id + "', 'p', '{x}', true, 1, now(), now() + interval '1 day' FROM generate_series(1, 201)");
        rows.finished(prefix, "2001-08-01 00:00:00Z", 10);
        awaitState(begun(id, "{\"since\":\"2001-08-01T00:00:00Z\",\"until\":\"2001-08-02T00:00:00Z\"}"), "DONE")
                .body("queued", equalTo(10));
    }

    @Test
    void one_that_somebody_else_sends_meanwhile_does_not_end_the_replay_of_the_others() throws Exception {
        String id = rows.paused();
        rows.deadLetters(id, 1_500);
        String replay;
        try (Connection other = dataSource.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("DELETE FROM dead_letters WHERE id = 'letter_1' AND endpoint_id = '" + id + "'");
            replay = begun(id, "{\"failed\":true}");
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> rows.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                    + " AND query LIKE '%dead_letters%'")
                            > 0);
            other.commit();
        }
        // If it has waited for too long, it has begun once more.
        Awaitility.await().atMost(PATIENCE).until(() -> messages(id) >= 999);
        rows.execute("DELETE FROM deliveries WHERE endpoint_id = '" + id + "'");
        awaitState(replay, "DONE").body("queued", equalTo(1_499));
    }

    @Test
    void they_run_one_after_the_other_and_ten_of_them_at_most() {
        String id = rows.paused();
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, replay) SELECT '" + id
                + "', 'p', '{x}', true FROM generate_series(1, 201)");
        String body = "{\"since\":\"2001-05-01T00:00:00Z\",\"until\":\"2001-05-02T00:00:00Z\"}";
        String first = begun(id, body);
        for (int i = 1; i < 10; i++) {
            begun(id, body);
        }
        post(id, body).statusCode(409).contentType("application/problem+json").body("detail", containsString("10"));
        String path = first.substring(first.indexOf("/v1/"));
        given().delete(path).then().statusCode(200).body("state", equalTo("CANCELLED"));
        given().delete(path).then().statusCode(200).body("state", equalTo("CANCELLED"));
        String last = begun(id, body);
        rows.execute("DELETE FROM deliveries WHERE endpoint_id = '" + id + "'");
        awaitState(last, "DONE");
        String order = "SELECT count(*) FROM (SELECT done_at, lag(done_at) OVER (ORDER BY replay_id) AS before FROM"
                + " replays WHERE state = 'DONE' AND endpoint_id = '" + id + "') AS r WHERE done_at < before";
        assertEquals(0, rows.number(order));
        assertEquals(
                10, rows.number("SELECT count(*) FROM replays WHERE state = 'DONE' AND endpoint_id = '" + id + "'"));
        given().get(path).then().body("state", equalTo("CANCELLED")).body("queued", equalTo(0));
    }

    @Test
    void replays_and_dead_letters_are_listed_newest_first_page_by_page() {
        String id = rows.paused();
        rows.finished(prefix, "2001-06-01 00:00:00Z", 3);
        for (int i = 1; i <= 3; i++) {
            post(id, "{\"transaction_id\":\"" + prefix + "_" + i + "\"}").statusCode(202);
        }
        rows.deadLetters(id, 3);
        for (String list : List.of("replays", "dead-letters")) {
            String path = "/v1/endpoints/" + id + "/" + list;
            String rowsOf = list.replace('-', '_');
            String key = list.equals("replays") ? "replay_id" : "dead_letter_id";
            String cursor = given().get(path + "?limit=2")
                    .then()
                    .statusCode(200)
                    .body(rowsOf, hasSize(2))
                    .extract()
                    .path("next_cursor");
            List<Integer> ids = given().get(path + "?limit=500").path(rowsOf + "." + key);
            assertEquals(ids.stream().sorted((a, b) -> b - a).toList(), ids);
            given().get(path + "?limit=2&cursor=" + cursor)
                    .then()
                    .body(rowsOf + "." + key, is(List.of(ids.get(2))))
                    .body("next_cursor", nullValue());
            given().get("/v1/endpoints/" + rows.paused() + "/" + list + "?cursor=" + cursor)
                    .then()
                    .statusCode(400);
        }
        given().get("/v1/endpoints/" + id + "/dead-letters")
                .then()
                .body("dead_letters[0].transaction_id", equalTo("letter_3"))
                .body("dead_letters[0].webhook_id", equalTo(MessageId.of("transaction.processed", "letter_3")))
                .body("dead_letters[0].event", equalTo("transaction.processed"))
                .body("dead_letters[0].attempts", equalTo(10))
                .body("dead_letters[0].outcome", equalTo("REFUSED"))
                .body("dead_letters[0].status", equalTo(500))
                .body("dead_letters[0].answer", equalTo("no"))
                .body("dead_letters[0].first_failed_at", endsWith("Z"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {                                                            | 400 |
                    []                                                           | 400 |
                    {"failed":true,"failed":true}                                | 400 |
                    {}                                                           | 422 | transaction_id
                    {"failed":true,"since":"2001-01-01T00:00:00Z"}               | 422 | transaction_id
                    {"failed":false}                                             | 422 | failed
                    {"failed":true,"dead_letter_id":1}                           | 422 | transaction_id
                    {"dead_letter_id":"1"}                                       | 422 | dead_letter_id
                    {"dead_letter_id":0}                                         | 422 | dead_letter_id
                    {"dead_letter_id":1.5}                                       | 422 | dead_letter_id
                    {"dead_letter_id":9223372036854775808}                       | 422 | dead_letter_id
                    {"dead_letter_id":null}                                      | 422 | dead_letter_id
                    {"failed":true,"dryrun":true}                                | 422 | dryrun
                    {"failed":true,"dry_run":"yes"}                              | 422 | dry_run
                    {"failed":true,"until":"2001-01-01T00:00:00Z"}               | 422 | until
                    {"transaction_id":7}                                         | 422 | transaction_id
                    {"since":"yesterday","until":"9999-01-01T00:00:00Z","a":1}   | 422 | a,since,until
                    {"since":"2001-01-02T00:00:00Z","until":"2001-01-01T00:00:00Z"} | 422 | until
                    """)
    void a_body_that_is_wrong_replays_nothing(String body, int status, String fields) {
        String id = rows.paused();
        ValidatableResponse answer = post(id, body).statusCode(status).contentType("application/problem+json");
        if (fields != null) {
            answer.body("errors.field", is(List.of(fields.split(","))));
        }
        assertEquals(0, rows.number("SELECT count(*) FROM replays WHERE endpoint_id = '" + id + "'"));
    }

    @Test
    void what_is_not_there_is_not_found() {
        String id = rows.paused();
        post("ep_none", "{\"failed\":true}").statusCode(404).body("detail", equalTo("Endpoint not found"));
        for (String replay : List.of("1234567890123", "99999999999999999999", "x")) {
            String path = "/v1/endpoints/" + id + "/replays/" + replay;
            given().get(path).then().statusCode(404).body("detail", equalTo("Replay not found"));
            given().delete(path).then().statusCode(404);
        }
        given().get("/v1/endpoints/ep_none/replays").then().statusCode(404);
        given().get("/v1/endpoints/ep_none/dead-letters").then().statusCode(404);
    }
}
