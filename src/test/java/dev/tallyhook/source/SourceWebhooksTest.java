package dev.tallyhook.source;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(ReadersKnown.class)
class SourceWebhooksTest {

    private static final String SECRET = ReadersKnown.SHOP_SECRET;
    private static final String PATH = "/v1/webhooks/shop";

    @Inject
    DataSource dataSource;

    private static RequestSpecification reader() {
        return given().auth().oauth2(ReadersKnown.READER);
    }

    private static String newId() {
        return "evt_" + UUID.randomUUID();
    }

    private static String event(String id, String amount) {
        return """
                {"id":"%s","object":"event","created":1795820000,"type":"payment_intent.succeeded","pending_webhooks":1,
                "data":{"object":{"id":"pi_%s","object":"payment_intent","amount":9,"amount_received":%s,"currency":"usd","customer":"cus_1"}}}""".formatted(id, id, amount);
    }

    private static Response send(String path, String secret, String body) {
        SchemeSender.Signed signed = signed(secret, body);
        return given().headers(signed.headers())
                .contentType("application/json; charset=utf-8")
                .body(signed.body())
                .post(path);
    }

    private static SchemeSender.Signed signed(String secret, String body) {
        return SchemeSender.of("stripe").signer().sign(secret, body.getBytes(StandardCharsets.UTF_8));
    }

    private static ValidatableResponse read(String id) {
        return reader().urlEncodingEnabled(false)
                .get(Webhooks.transactionPath(id))
                .then();
    }

    @Test
    void an_event_becomes_a_transaction_that_tells_its_source() {
        String id = newId();
        send(PATH, SECRET, event(id, "1099"))
                .then()
                .statusCode(200)
                .header("Idempotent-Replayed", nullValue())
                .body("status", equalTo("ACCEPTED"));
        read("shop:" + id)
                .statusCode(200)
                .body("amount", equalTo(10.99f))
                .body("currency", equalTo("USD"))
                .body("status", notNullValue())
                .body("source", equalTo("shop"))
                .body("type", equalTo("payment_intent.succeeded"))
                .body("subject", equalTo("pi_" + id))
                .body("source_account", equalTo("cus_1"))
                .body("occurred_at", equalTo("2026-11-27T22:53:20Z"))
                .body("amount_sent", equalTo("1099"))
                .body("amount_unit", equalTo("MINOR"))
                .body("unmapped", nullValue());
    }

    @Test
    void one_of_the_built_in_source_is_answered_as_before() {
        String id = Webhooks.newId();
        given().contentType("application/json")
                .body(Webhooks.body(id))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
        read(id).statusCode(200).body("keySet()", hasSize(8)).body("$", not(containsString("source\"")));
    }

    @Test
    void whoever_does_not_know_the_secret_is_refused_with_one_answer() {
        String body = event(newId(), "1");
        String wrong = send(PATH, ReadersKnown.OTHER_SECRET, body)
                .then()
                .statusCode(401)
                .extract()
                .asString();
        assertEquals(
                wrong,
                given().body(body)
                        .contentType("application/json")
                        .post(PATH)
                        .then()
                        .statusCode(401)
                        .extract()
                        .asString());
    }

    @Test
    void a_source_that_is_none_is_not_found() {
        send("/v1/webhooks/nobody", SECRET, "{}").then().statusCode(404);
    }

    /** As Braintree does to check an address: nobody gets a signature for asking. */
    @Test
    void a_challenge_is_not_answered() {
        given().queryParam("bt_challenge", "20f9f8ed05f77439fe955c977e4c8a53")
                .get(PATH)
                .then()
                .statusCode(405);
    }

    @Test
    void a_body_over_the_limit_of_its_source_is_refused() {
        send("/v1/webhooks/other", ReadersKnown.OTHER_SECRET, " ".repeat(2049))
                .then()
                .statusCode(413);
    }

    @Test
    void a_retry_whose_counters_differ_is_a_replay_and_another_amount_a_conflict_on_record() {
        String id = newId();
        String body = event(id, "1099");
        send(PATH, SECRET, body).then().statusCode(200);
        send(PATH, SECRET, body.replace("\"pending_webhooks\":1", "\"pending_webhooks\":0"))
                .then()
                .statusCode(200)
                .header("Idempotent-Replayed", equalTo("true"));
        send(PATH, SECRET, event(id, "9999")).then().statusCode(200).header("Idempotent-Replayed", nullValue());
        reader().queryParam("transaction_id", "shop:" + id)
                .get("/v1/conflicts")
                .then()
                .body("conflicts", hasSize(1))
                .body("conflicts[0].amount", equalTo(99.99f))
                .body("conflicts[0].stored.source", equalTo("shop"));
        read("shop:" + id).body("amount", equalTo(10.99f));
    }

    @Test
    void what_cannot_be_mapped_is_kept_with_its_reason_and_its_bytes() {
        String id = newId();
        String body = "{\"id\":\"" + id + "\",\"object\":\"event\",\"type\":\"made.up\",\"data\":{}}\n";
        send(PATH, SECRET, body).then().statusCode(200);
        read("shop:" + id).body("unmapped", equalTo("unknown_type")).body("amount", nullValue());
        byte[] raw = given().auth()
                .oauth2(ReadersKnown.RAW_READER)
                .urlEncodingEnabled(false)
                .get(Webhooks.transactionPath("shop:" + id) + "/raw")
                .then()
                .statusCode(200)
                .contentType("application/json; charset=utf-8")
                .header("Tallyhook-Received-stripe-signature", containsString("v1="))
                .header("Content-Disposition", containsString("attachment"))
                .extract()
                .asByteArray();
        assertArrayEquals(body.getBytes(StandardCharsets.UTF_8), raw);
        reader().queryParam("unmapped", true)
                .queryParam("source", "shop")
                .queryParam("type", "made.up")
                .get("/v1/transactions")
                .then()
                .statusCode(200)
                .body("transactions.transaction_id", org.hamcrest.Matchers.hasItem("shop:" + id));
    }

    @Test
    void bytes_that_are_no_json_are_kept_once() {
        String body = "not json " + UUID.randomUUID();
        send(PATH, SECRET, body).then().statusCode(200);
        send(PATH, SECRET, body).then().statusCode(200).header("Idempotent-Replayed", equalTo("true"));
        read("shop:" + Event.digest(body)).statusCode(200).body("unmapped", equalTo("unreadable"));
    }

    @Test
    void the_built_in_source_cannot_take_the_id_of_a_named_one() {
        given().contentType("application/json")
                .body(Webhooks.body("shop:" + newId()))
                .post(Webhooks.PATH)
                .then()
                .statusCode(422)
                .body("errors[0].field", equalTo("transaction_id"));
        given().contentType("application/json")
                .body(Webhooks.body("somebody:" + newId()))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }

    @Test
    void a_payments_events_stand_in_the_order_of_its_providers_times_and_in_pages() {
        String subject = "pi_" + UUID.randomUUID();
        List<String> ids = new ArrayList<>();
        for (long created : new long[] {300, 100, 200}) {
            String id = newId();
            ids.add("shop:" + id);
            send(PATH, SECRET, """
                            {"id":"%s","type":"payment_intent.created","created":%d,
                            "data":{"object":{"id":"%s","object":"payment_intent","amount":1,"currency":"usd"}}}""".formatted(id, created, subject)).then().statusCode(200);
        }
        List<String> listed = new ArrayList<>();
        String cursor = null;
        do {
            var request = reader().queryParam("subject", subject).queryParam("limit", 2);
            if (cursor != null) {
                request.queryParam("cursor", cursor);
            }
            var page = request.get("/v1/transactions").then().statusCode(200).extract();
            listed.addAll(page.path("transactions.transaction_id"));
            cursor = page.path("next_cursor");
        } while (cursor != null);
        assertEquals(List.of(ids.get(0), ids.get(2), ids.get(1)), listed);
    }

    @Test
    void the_same_event_by_a_hundred_connections_at_once_is_one_row() throws Exception {
        String id = newId();
        var pool = Executors.newFixedThreadPool(100);
        try {
            List<Callable<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                String body = event(id, "5").replace("\"pending_webhooks\":1", "\"pending_webhooks\":" + i);
                all.add(() -> statusOnceThereIsRoom(body));
            }
            for (Future<Integer> status : pool.invokeAll(all)) {
                assertEquals(200, status.get());
            }
        } finally {
            pool.shutdownNow();
        }
        assertEquals(1, count("SELECT count(*) FROM transactions WHERE transaction_id = '" + "shop:" + id + "'"));
        assertEquals(0, count("SELECT count(*) FROM conflicts WHERE transaction_id = '" + "shop:" + id + "'"));
    }

    @Test
    void a_content_type_that_is_none_is_kept_and_answered_as_bytes() throws Exception {
        String id = newId();
        SchemeSender.Signed signed = signed(SECRET, event(id, "1"));
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + PATH))
                .header("Content-Type", "garbage")
                .POST(HttpRequest.BodyPublishers.ofByteArray(signed.body()));
        signed.headers().forEach(request::header);
        assertEquals(
                200,
                HttpClient.newHttpClient()
                        .send(request.build(), HttpResponse.BodyHandlers.discarding())
                        .statusCode());
        given().auth()
                .oauth2(ReadersKnown.RAW_READER)
                .urlEncodingEnabled(false)
                .get(Webhooks.transactionPath("shop:" + id) + "/raw")
                .then()
                .statusCode(200)
                .header("Content-Type", "application/octet-stream")
                .header("Tallyhook-Received-content-type", "garbage");
    }

    /** Which may run beside this one, and had a table for it. */
    @Test
    void what_the_version_of_before_kept_is_read() throws SQLException {
        String id = "shop:" + newId();
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("INSERT INTO transactions (transaction_id, source, amount, currency, due_at) VALUES ('"
                    + id + "', 'shop', 10.99, 'EUR', now())");
            statement.execute("INSERT INTO events (transaction_id, amount_sent, amount_unit, raw) VALUES ('" + id
                    + "', '1099', 'i', decode('01436db4950053927e410eb0da01b531e0a161a8540b00', 'hex'))");
        }
        var asRawReader = given().urlEncodingEnabled(false);
        asRawReader
                .auth()
                .oauth2(ReadersKnown.RAW_READER)
                .get(Webhooks.transactionPath(id) + "/raw")
                .then()
                .statusCode(200)
                .header("Content-Type", startsWith("text/plain"))
                .body(equalTo("{\"id\":\"evt_1\"}"));
        asRawReader
                .get(Webhooks.transactionPath(id))
                .then()
                .statusCode(200)
                .body("amount_sent", equalTo("1099"))
                .body("amount_unit", equalTo("MINOR"));
    }

    /** A busy machine may refuse some, which their sender sends again. */
    private static int statusOnceThereIsRoom(String body) throws InterruptedException {
        int status = send(PATH, SECRET, body).statusCode();
        for (int tries = 1; status == 503 && tries < 50; tries++) {
            Thread.sleep(100);
            status = send(PATH, SECRET, body).statusCode();
        }
        return status;
    }

    private int count(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        }
    }
}
