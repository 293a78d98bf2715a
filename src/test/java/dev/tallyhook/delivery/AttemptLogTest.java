package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.endpoint.EventKind;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The last attempts, for people to look at. */
@QuarkusTest
class AttemptLogTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    AttemptLog log;

    @Inject
    Housekeeping housekeeping;

    @Inject
    DataSource dataSource;

    private EndpointRows rows;

    @BeforeEach
    void begin() {
        rows = new EndpointRows(dataSource);
    }

    private static Attempt attempt(Outcome outcome, int status, @Nullable String answer) {
        return new Attempt(outcome, status, Duration.ofMillis(12), null, answer);
    }

    private long kept(String endpointId, String condition) {
        return rows.number("SELECT count(*) FROM attempts WHERE endpoint_id = '" + endpointId + "' AND " + condition);
    }

    /** While they are remembered at most one write may come in between. */
    @Test
    void of_many_attempts_few_are_kept() {
        String id = rows.paused();
        for (int i = 0; i < 50; i++) {
            log.record(id, EventKind.PROCESSED, "txn_" + i, attempt(Outcome.DELIVERED, 204, null));
            log.record(id, EventKind.PROCESSED, "txn_" + i, attempt(Outcome.TIMED_OUT, 0, "too late"));
        }
        Awaitility.await().atMost(PATIENCE).until(() -> kept(id, "outcome = 'TIMED_OUT'") >= 10);
        assertTrue(kept(id, "outcome = 'TIMED_OUT'") <= 20);
        assertTrue(kept(id, "outcome = 'DELIVERED'") <= 2);
        assertTrue(kept(id, "outcome = 'DELIVERED'") >= 1);
        assertTrue(kept(id, "at > clock_timestamp() - interval '5 minutes' AND took_millis = 12") >= 11);
    }

    @Test
    void they_are_shown_newest_first_with_what_was_answered() {
        String id = rows.paused();
        log.record(id, EventKind.ACCEPTED, "txn_first", attempt(Outcome.REFUSED, 500, "oops"));
        Awaitility.await().atMost(PATIENCE).until(() -> kept(id, "true") == 1);
        log.record(id, EventKind.PROCESSED, "txn_second", attempt(Outcome.DELIVERED, 200, null));
        Awaitility.await().atMost(PATIENCE).until(() -> kept(id, "true") == 2);
        given().get("/v1/endpoints/" + id + "/attempts")
                .then()
                .statusCode(200)
                .header("Cache-Control", equalTo("no-store"))
                .body("attempts.transaction_id", is(List.of("txn_second", "txn_first")))
                .body("attempts[0].webhook_id", equalTo(MessageId.of("transaction.processed", "txn_second")))
                .body("attempts[0].status", equalTo(200))
                .body("attempts[0].answer", nullValue())
                .body("attempts[1].event", equalTo("transaction.accepted"))
                .body("attempts[1].outcome", equalTo("REFUSED"))
                .body("attempts[1].took_ms", equalTo(12))
                .body("attempts[1].answer", equalTo("oops"));
        given().get("/v1/endpoints/" + id + "/attempts?limit=1").then().body("attempts", hasSize(1));
        given().get("/v1/endpoints/" + id + "/attempts?limit=0&slip=1")
                .then()
                .statusCode(422)
                .body("errors.field", is(List.of("limit", "slip")));
        given().get("/v1/endpoints/ep_none/attempts").then().statusCode(404);
    }

    @Test
    void an_endpoint_has_its_last_hundred_and_none_that_is_too_old() {
        String busy = rows.paused();
        String quiet = rows.paused();
        String insert = "INSERT INTO attempts (endpoint_id, at, event, id, outcome, took_millis) SELECT '%s', now() -"
                + " interval '%s', 'p', 'txn_' || i, 'REFUSED', 1 FROM generate_series(1, %d) AS i";
        rows.execute(insert.formatted(busy, "1 minute", 2_350));
        rows.execute(insert.formatted(quiet, "2 days", 7));
        rows.execute(insert.formatted(quiet, "1 minute", 3));
        Awaitility.await().atMost(PATIENCE).until(() -> {
            housekeeping.clean();
            return kept(busy, "true") == 100 && kept(quiet, "true") == 3;
        });
        given().get("/v1/endpoints/" + busy + "/attempts?limit=500")
                .then()
                .body("attempts", hasSize(100))
                .body("attempts[0].transaction_id", equalTo("txn_2350"))
                .body("attempts.outcome", everyItem(equalTo("REFUSED")));
    }
}
