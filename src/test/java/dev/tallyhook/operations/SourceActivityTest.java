package dev.tallyhook.operations;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is told of named senders. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class SourceActivityTest {

    private static final String REPORT = """
            INSERT INTO source_activity (at, replica, source, outcome, events)
            VALUES (clock_timestamp() - interval '%s', '%s', '%s', '%s', %d)
            """;

    @Inject
    DataSource dataSource;

    @Inject
    SourceActivity activity;

    @Inject
    ActivityRecorder recorder;

    @BeforeEach
    void forgetWhatOthersPosted() throws SQLException {
        activity.report();
        Statements.execute(dataSource, "TRUNCATE source_activity");
    }

    /** An answer is at most a second old. */
    private static JsonPath sourcesOnce(Predicate<JsonPath> came) {
        return await().until(SourceActivityTest::sources, came);
    }

    private static JsonPath sources() {
        return given().header("Authorization", "Bearer " + ReadersKnown.READER)
                .get("/v1/sources")
                .then()
                .statusCode(200)
                .header("Cache-Control", "no-store")
                .extract()
                .jsonPath();
    }

    private void report(String ago, String replica, String source, String outcome, int events) throws SQLException {
        Statements.execute(dataSource, REPORT.formatted(ago, replica, source, outcome, events));
    }

    @Test
    void reports_of_all_replicas_are_added_up_for_each_source_that_is_configured() throws SQLException {
        report("1 minute", "one", "shop", "accepted", 3);
        report("2 minutes", "two", "shop", "accepted", 4);
        report("14 minutes", "two", "shop", "unauthenticated", 5);
        report("16 minutes", "two", "shop", "accepted", 100);
        report("1 minute", "two", "shop", "of_a_later_version", 100);
        report("1 minute", "two", "no-longer", "accepted", 100);
        report("-1 minute", "two", "shop", "accepted", 100); // Of a clock that was set back since.
        JsonPath told = sourcesOnce(answer -> answer.getInt("sources[1].accepted") > 0);
        assertEquals(List.of("other", "shop"), told.getList("sources.source"));
        assertEquals(List.of("stripe", "stripe"), told.getList("sources.scheme"));
        assertEquals(List.of("/v1/webhooks/other", "/v1/webhooks/shop"), told.getList("sources.path"));
        assertEquals(List.of(0, 7), told.getList("sources.accepted"));
        assertEquals(List.of(0, 5), told.getList("sources.unauthenticated"));
        assertNull(told.get("sources[0].last_event_at"));
        Instant last = Instant.parse(told.getString("sources[1].last_event_at"));
        assertTrue(last.isAfter(Instant.now().minus(Duration.ofMinutes(2))), last::toString);
        assertTrue(last.isBefore(Instant.now()), last::toString);
    }

    @Test
    void strangers_do_not_make_a_source_look_alive() throws SQLException {
        report("1 minute", "one", "shop", "unauthenticated", 3);
        report("1 minute", "one", "shop", "invalid", 1);
        JsonPath told = sourcesOnce(answer -> answer.getInt("sources[1].unauthenticated") == 3);
        assertNull(told.get("sources[1].last_event_at"));
    }

    @Test
    void what_could_not_be_reported_is_reported_later_and_once() throws SQLException {
        Statements.execute(dataSource, "ALTER TABLE source_activity RENAME TO away");
        try {
            assertEquals(401, post("whsec_of_nobody", "{}"));
            activity.report();
        } finally {
            Statements.execute(dataSource, "ALTER TABLE away RENAME TO source_activity");
        }
        assertEquals(0, Statements.count(dataSource, "source_activity", "true"));
        activity.report();
        activity.report();
        assertEquals(1, Statements.count(dataSource, "source_activity", "outcome = 'unauthenticated' AND events = 1"));
        assertEquals(1, Statements.count(dataSource, "source_activity", "true"));
    }

    @Test
    void what_this_replica_takes_and_refuses_is_reported_once() {
        String id = Webhooks.newId();
        assertEquals(200, post(ReadersKnown.OTHER_SECRET, event(id, "payment_intent.succeeded")));
        assertEquals(200, post(ReadersKnown.OTHER_SECRET, event(id, "payment_intent.succeeded")));
        assertEquals(200, post(ReadersKnown.OTHER_SECRET, event(id + "-2", "something.of_tomorrow")));
        assertEquals(401, post("whsec_of_nobody", event(id, "payment_intent.succeeded")));
        activity.report();
        activity.report();
        JsonPath told = sourcesOnce(answer -> answer.getInt("sources[0].unauthenticated") > 0);
        assertEquals(2, told.getInt("sources[0].accepted"));
        assertEquals(1, told.getInt("sources[0].replayed"));
        assertEquals(1, told.getInt("sources[0].unmapped"));
        assertEquals(1, told.getInt("sources[0].unauthenticated"));
        assertEquals(0, told.getInt("sources[0].conflicting"));
    }

    @Test
    void what_is_long_ago_is_forgotten() throws SQLException {
        report("14 minutes", "one", "shop", "accepted", 1);
        report("16 minutes", "one", "shop", "accepted", 1);
        report("-2 minutes", "one", "shop", "accepted", 1); // Of a clock that was set back since.
        recorder.forget();
        assertEquals(1, Statements.count(dataSource, "source_activity", "replica = 'one'"));
    }

    @Test
    void strangers_are_told_nothing() {
        given().get("/v1/sources").then().statusCode(401);
    }

    private static String event(String id, String type) {
        return """
                {"id":"evt_%1$s","object":"event","created":1761733700,"type":"%2$s","data":{"object":{"id":"pi_%1$s","object":"%3$s",
                "amount":1099,"amount_received":1099,"currency":"usd","customer":"cus_1"}}}""".formatted(id, type, type.substring(0, type.indexOf('.')));
    }

    private static int post(String secret, String body) {
        SchemeSender.Signed signed =
                SchemeSender.of("stripe").signer().sign(secret, body.getBytes(StandardCharsets.UTF_8));
        var request = given().contentType("application/json").body(signed.body());
        signed.headers().forEach(request::header);
        return request.post("/v1/webhooks/other").statusCode();
    }
}
