package dev.tallyhook.transaction;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An operator holds a transaction back, and releases it. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class HoldTest {

    private static final String READER = ReadersKnown.READER;
    private static final String HOLDER = ReadersKnown.HOLDER;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Inject
    DataSource dataSource;

    private static RequestSpecification as(String token) {
        return given().urlEncodingEnabled(false).header("Authorization", "Bearer " + token);
    }

    private static String stored() {
        String id = Webhooks.newId();
        post(id);
        return id;
    }

    private static void post(String id) {
        given().contentType(ContentType.JSON)
                .body(Webhooks.body(id))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }

    private static ValidatableResponse hold(String id) {
        return as(HOLDER).post(Webhooks.transactionPath(id) + "/hold").then();
    }

    private static ValidatableResponse release(String id) {
        return as(HOLDER).post(Webhooks.transactionPath(id) + "/release").then();
    }

    private static Response read(String id) {
        return as(READER).get(Webhooks.transactionPath(id));
    }

    private static String status(String id) {
        return answered(() -> read(id).then()).statusCode(200).extract().path("status");
    }

    /** Who finds all connections taken is answered 503, and asks again. */
    private static ValidatableResponse answered(Supplier<ValidatableResponse> request) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(request::get, answer -> answer.extract().statusCode() != 503);
    }

    private static void awaitFinished(String id) {
        Awaitility.await().atMost(PATIENCE).until(() -> status(id).equals("PROCESSED"));
    }

    @Test
    void what_is_held_is_not_finished_and_what_is_released_is() {
        String held = stored();
        String later = stored();
        hold(held).statusCode(200).body("status", equalTo("HELD")).body("processed_at", nullValue());
        awaitFinished(later);
        awaitFinished(stored()); // All that was due with it or after it has been finished meanwhile.
        assertEquals("HELD", status(held));
        release(held).statusCode(200).body("status", equalTo("PROCESSING"));
        awaitFinished(held);
        assertEquals(
                1,
                number("SELECT count(*) FROM transactions WHERE processed_at >= due_at AND transaction_id = '" + held
                        + "'"));
    }

    @Test
    void an_events_answer_is_what_reading_it_answers() throws SQLException {
        String id = stored();
        execute(
                "UPDATE transactions SET source = 'shop', amount_sent = '150050', amount_unit = 'i' WHERE transaction_id = '"
                        + id + "'");
        String held = hold(id).statusCode(200)
                .body("amount_sent", equalTo("150050"))
                .extract()
                .asString();
        assertEquals(held, read(id).asString());
        assertEquals(held, hold(id).statusCode(200).extract().asString(), "nothing was changed");
        String released = release(id)
                .statusCode(200)
                .body("amount_unit", equalTo("MINOR"))
                .extract()
                .asString();
        assertTrue(released.contains("\"amount_sent\":\"150050\""), released);
    }

    @Test
    void what_is_released_before_it_is_due_keeps_its_time() {
        String id = stored();
        double due = number("SELECT extract(epoch FROM due_at) FROM transactions WHERE transaction_id = '" + id + "'");
        hold(id).statusCode(200);
        double released = number(
                "SELECT extract(epoch FROM clock_timestamp()) FROM transactions WHERE transaction_id = '" + id + "'");
        release(id).statusCode(200);
        double then = number("SELECT extract(epoch FROM due_at) FROM transactions WHERE transaction_id = '" + id + "'");
        assertTrue(then == due || released >= due - 1, "it was held for long on a busy machine, or is due as before");
        awaitFinished(id);
    }

    @Test
    void what_was_held_and_released_is_on_record() {
        String id = stored();
        as(HOLDER)
                .contentType(ContentType.JSON)
                .body("{\"reason\":\"asked for by the bank\"}")
                .post(Webhooks.transactionPath(id) + "/hold")
                .then()
                .statusCode(200);
        release(id).statusCode(200);
        as(READER)
                .get(Webhooks.transactionPath(id) + "/holds")
                .then()
                .statusCode(200)
                .body("holds.action", equalTo(List.of("RELEASE", "HOLD")))
                .body("holds[1].reason", equalTo("asked for by the bank"))
                .body("holds[0].reason", nullValue())
                .body("holds[1].by", matchesPattern("[0-9a-f]{12}"))
                .body("holds[1].at", containsString("T"))
                .body(not(containsString(HOLDER)));
    }

    @Test
    void lists_show_what_is_held() {
        String id = stored();
        hold(id).statusCode(200);
        for (String query : List.of("status=HELD&limit=500", "limit=500")) {
            as(READER)
                    .get("/v1/transactions?" + query)
                    .then()
                    .statusCode(200)
                    .body("transactions.transaction_id", hasItem(id));
        }
        as(READER)
                .get("/v1/transactions?status=PROCESSING&limit=500")
                .then()
                .body("transactions.transaction_id", not(hasItem(id)));
        release(id).statusCode(200);
    }

    @Test
    void saying_it_again_changes_nothing() {
        String id = stored();
        release(id).statusCode(200).header("Idempotent-Replayed", equalTo("true"));
        hold(id).statusCode(200).header("Idempotent-Replayed", nullValue());
        hold(id).statusCode(200).header("Idempotent-Replayed", equalTo("true"));
        assertEquals(1, number("SELECT count(*) FROM holds WHERE transaction_id = '" + id + "'"));
        release(id).statusCode(200);
    }

    @Test
    void what_is_finished_is_neither_held_nor_released() {
        String id = stored();
        awaitFinished(id);
        hold(id).statusCode(409).contentType("application/problem+json").body("detail", containsString("finished"));
        release(id).statusCode(409);
        assertEquals(0, number("SELECT count(*) FROM holds WHERE transaction_id = '" + id + "'"));
    }

    @Test
    void what_is_not_there_is_not_found() {
        hold("never_stored").statusCode(404).body("detail", equalTo("Transaction not found"));
        release("never_stored").statusCode(404);
    }

    @Test
    void any_id_can_be_held() {
        String id = "a/b;c hold 😀 %2F" + Webhooks.newId() + "/hold";
        post(id);
        hold(id).statusCode(200).body("transaction_id", equalTo(id));
        release(id).statusCode(200).body("transaction_id", equalTo(id));
    }

    @Test
    void it_takes_a_token_with_the_right_to_hold() {
        String id = stored();
        for (String action : List.of("/hold", "/release")) {
            String path = Webhooks.transactionPath(id) + action;
            given().urlEncodingEnabled(false)
                    .post(path)
                    .then()
                    .statusCode(401)
                    .header("WWW-Authenticate", containsString("Bearer"));
            as("holder-two-0123456789").post(path).then().statusCode(401);
            as(READER)
                    .post(path)
                    .then()
                    .statusCode(403)
                    .contentType("application/problem+json")
                    .body("detail", containsString("tallyhook.api.hold-tokens"));
        }
        as(HOLDER).get(Webhooks.transactionPath(id)).then().statusCode(200);
        assertEquals(0, number("SELECT count(*) FROM holds WHERE transaction_id = '" + id + "'"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    application/json | {            | 400
                    application/json | []           | 400
                    application/json | {} {}        | 400
                    application/json | {"reason":1} | 422
                    application/json | {"reason":""} | 422
                    application/json | {"reason":"a","reason":"b"} | 400
                    text/plain       | {}           | 415
                    """)
    void a_body_that_is_wrong_changes_nothing(String type, String body, int status) {
        String id = stored();
        as(HOLDER)
                .contentType(type)
                .body(body)
                .post(Webhooks.transactionPath(id) + "/hold")
                .then()
                .statusCode(status)
                .contentType("application/problem+json");
        as(HOLDER)
                .contentType(ContentType.JSON)
                .body("{\"reason\":\"" + "a".repeat(5_000) + "\"}")
                .post(Webhooks.transactionPath(id) + "/hold")
                .then()
                .statusCode(413);
        assertTrue(!status(id).equals("HELD"));
    }

    /** Each ends in one of two ways, and the answer says in which. */
    @Test
    void a_hold_that_races_with_the_poller_holds_or_is_told_that_it_came_too_late() {
        List<String> ids = IntStream.range(0, 40).mapToObj(i -> stored()).toList();
        List<String> held = new ArrayList<>();
        double firstDue = number("SELECT extract(epoch FROM min(due_at) - clock_timestamp()) * 1000 FROM transactions"
                + " WHERE transaction_id = '" + ids.get(0) + "'");
        sleep(Math.max(0, (long) firstDue - 100));
        var answers = ids.stream()
                .map(id -> CompletableFuture.supplyAsync(
                        () -> answered(() -> hold(id)).extract().statusCode()))
                .toList();
        for (int i = 0; i < ids.size(); i++) {
            int answer = answers.get(i).join();
            String status = status(ids.get(i));
            assertEquals(answer == 200 ? "HELD" : "PROCESSED", status, "answered " + answer);
            if (answer == 200) {
                held.add(ids.get(i));
            }
        }
        held.forEach(id -> release(id).statusCode(200));
        ids.forEach(HoldTest::awaitFinished);
        assertEquals(0, number("SELECT count(*) FROM transactions WHERE processed_at < due_at"));
    }

    @ParameterizedTest
    @CsvSource({"infinity", "-infinity"})
    void a_due_time_that_is_not_finite_is_refused_by_the_table(String never) {
        String id = stored();
        var refused = assertThrows(
                SQLException.class,
                () -> execute("UPDATE transactions SET due_at = '" + never + "' WHERE transaction_id = '" + id + "'"));
        assertTrue(refused.getMessage().contains("time_is_finite"), refused.getMessage());
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private void execute(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private double number(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getDouble(1);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
