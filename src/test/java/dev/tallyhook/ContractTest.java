package dev.tallyhook;

import static dev.tallyhook.Calls.assertProblem;
import static dev.tallyhook.Calls.get;
import static dev.tallyhook.Calls.json;
import static dev.tallyhook.Calls.post;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The HTTP contract that clients of the stack before rely on, field by field and status by status. */
@QuarkusTest
class ContractTest {

    private static final String RFC_3339_UTC = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z";

    @Test
    void the_probe_says_healthy_and_the_time() {
        given().get("/")
                .then()
                .statusCode(200)
                .contentType(ContentType.JSON)
                .body("status", is("HEALTHY"))
                .body("current_time", matchesPattern("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"))
                .body("size()", is(2));
    }

    @Test
    void a_webhook_is_accepted_and_can_be_asked_for() {
        // What comes first loads classes for longer than the second after which a transaction is finished.
        post(Webhooks.body(Webhooks.newId())).statusCode(202);
        get(Webhooks.newId()).then().statusCode(404);
        String id = Webhooks.newId();
        Response accepted = json().body(Webhooks.body(id)).post(Webhooks.PATH);
        Response stored = get(id);
        accepted.then()
                .statusCode(202)
                .contentType(ContentType.JSON)
                .body("status", is("ACCEPTED"))
                .body("message", is("Transaction queued for processing"))
                .body("size()", is(2))
                .header("Location", "/v1/transactions/" + id)
                .header("Idempotent-Replayed", nullValue());
        stored.then()
                .statusCode(200)
                .contentType(ContentType.JSON)
                .body("transaction_id", is(id))
                .body("source_account", is("acc_user_789"))
                .body("destination_account", is("acc_merchant_456"))
                .body("currency", is("INR"))
                .body("status", is("PROCESSING"))
                .body("created_at", matchesPattern(RFC_3339_UTC))
                .body("$", hasKey("processed_at"))
                .body("processed_at", nullValue())
                .body("size()", is(8));
        assertTrue(stored.asString().contains("\"amount\":1500.50,"), stored.asString());
    }

    @Test
    void an_unknown_transaction_is_not_found() {
        Response answer = given().get("/v1/transactions/nope");
        assertEquals(404, answer.statusCode());
        assertEquals("application/problem+json", answer.contentType());
        assertEquals(
                "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"Transaction not found\"}",
                answer.asString());
    }

    @Test
    void a_retry_is_the_same_202_and_says_that_it_is_one() {
        String id = Webhooks.newId();
        Response first = json().body(Webhooks.body(id, "1500.5", "INR")).post(Webhooks.PATH);
        Response retry = json().body(Webhooks.body(id, "1500.50", "INR")).post(Webhooks.PATH);
        assertEquals(202, retry.statusCode());
        assertEquals(first.asString(), retry.asString());
        assertEquals(first.header("Location"), retry.header("Location"));
        assertEquals("true", retry.header("Idempotent-Replayed"));
        assertTrue(get(id).asString().contains("\"amount\":1500.5,"), "the first stays as it is");
    }

    @ParameterizedTest
    @ValueSource(strings = {"source_account", "destination_account", "amount", "currency"})
    void the_same_id_with_other_content_is_a_conflict(String field) {
        String id = Webhooks.newId();
        post(Webhooks.body(id)).statusCode(202);
        Map<String, Object> before = content(id);
        Map<String, Object> other =
                Map.of("source_account", "x", "destination_account", "x", "amount", 1, "currency", "USD");
        Map<String, Object> body = new HashMap<>(before);
        body.put("amount", new java.math.BigDecimal("1500.50"));
        body.put(field, other.get(field));
        ValidatableResponse answer = json().body(body).post(Webhooks.PATH).then();
        assertProblem(answer, 409, "Conflict").body("detail", not(containsString("1500")));
        assertEquals(before, content(id));
    }

    /** What is stored, without what time changes. */
    private static Map<String, Object> content(String id) {
        Map<String, Object> stored = new HashMap<>(get(id).jsonPath().getMap("$"));
        stored.keySet().removeAll(Set.of("status", "processed_at"));
        return stored;
    }

    @ParameterizedTest
    @CsvSource({"9007199254740993.01,INR", "10.125,KWD", "999999999999999999.99,INR", "0.01,INR", "100,JPY"})
    void an_amount_comes_back_to_the_digit(String amount, String currency) {
        String id = Webhooks.newId();
        post(Webhooks.body(id, amount, currency)).statusCode(202);
        assertTrue(get(id).asString().contains("\"amount\":" + amount + ","));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/b c%?#",
                "/",
                "..a",
                "a+b",
                "a;b=c",
                "%2F",
                "\"\\",
                "😀",
                "שלום עולם",
                "e\u0301",
                " ",
                "a\u2028b",
                "\uFFFD"
            })
    void any_id_that_can_be_posted_can_be_fetched(String prefix) {
        String id = prefix + Webhooks.newId().substring(0, 8) + prefix;
        String location = post(Webhooks.body(id)).statusCode(202).extract().header("Location");
        assertEquals(Webhooks.transactionPath(id), location);
        get(id).then().statusCode(200).body("transaction_id", equalTo(id));
    }

    @Test
    void an_id_of_255_characters_outside_the_basic_plane_round_trips() {
        String id = Webhooks.newId().substring(0, 20) + "😀".repeat(235);
        post(Webhooks.body(id)).statusCode(202);
        get(id).then().statusCode(200).body("transaction_id", equalTo(id));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a%00b", "%FF", "%ED%A0%80", "%C0%AF"})
    void an_id_that_was_never_stored_is_not_found_and_never_a_failure(String encoded) {
        given().urlEncodingEnabled(false)
                .get("/v1/transactions/" + encoded)
                .then()
                .statusCode(404);
    }
}
