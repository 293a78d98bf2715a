package dev.tallyhook;

import static dev.tallyhook.Calls.assertProblem;
import static dev.tallyhook.Calls.json;
import static dev.tallyhook.Calls.plain;
import static dev.tallyhook.Calls.post;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused, and how the answer names what is wrong. */
@QuarkusTest
class WebhookRulesTest {

    @TestHTTPResource
    URI root;

    @Test
    void fields_that_break_a_rule_are_all_named() {
        assertProblem(post("{\"transaction_id\":\"\",\"amount\":0,\"currency\":\"INR\"}"), 422, "Unprocessable Content")
                .body("errors.field", hasItems("transaction_id", "source_account", "destination_account", "amount"))
                .body("errors.find { it.field == 'amount' }.detail", is("must be greater than 0"))
                .body("errors.size()", is(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1e400", "NaN", "\"12.5\"", "true", "10.001"})
    void a_wrong_amount_is_refused_by_name(String amount) {
        post(Webhooks.body(Webhooks.newId(), amount, "INR"))
                .statusCode(amount.equals("NaN") ? 400 : 422)
                .body("detail", containsString("amount"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\u0000", "a\u0000b", "\n", "\u007f", "\ud800", "a\udc00", ".", ".."})
    void an_id_that_no_url_or_database_can_hold_is_refused(String id) {
        assertProblem(post(Webhooks.body(id)), 422, "Unprocessable Content")
                .body("errors.field", hasItems("transaction_id"));
    }

    @Test
    void an_id_of_256_characters_is_refused() {
        assertProblem(post(Webhooks.body("a".repeat(256))), 422, "Unprocessable Content");
        assertProblem(post(Webhooks.body("😀".repeat(256))), 422, "Unprocessable Content");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{}{}", "{\"amount\":1,\"amount\":1}"})
    void what_is_not_a_json_object_is_a_bad_request(String body) {
        assertProblem(post(body), 400, "Bad Request");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/jsonp",
                "application/problem+json"
            })
    void another_media_type_is_not_supported(String type) {
        assertProblem(
                given().config(plain())
                        .header("Content-Type", type)
                        .body(Webhooks.body("x"))
                        .post(Webhooks.PATH)
                        .then(),
                415,
                "Unsupported Media Type");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "application/json; charset=utf-8",
                "APPLICATION/JSON",
                "application/json ;x=y"
            })
    void json_is_json_however_it_is_written(String type) {
        given().config(plain())
                .header("Content-Type", type)
                .header("Accept", "text/html")
                .body(Webhooks.body(Webhooks.newId()).getBytes(StandardCharsets.UTF_8))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }

    @Test
    void a_body_over_the_limit_is_too_large_announced_or_not() {
        String large = "{\"note\":\"" + "a".repeat(65_536) + "\"}";
        assertProblem(post(large), 413, "Content Too Large");
        assertProblem(
                json().body(new java.io.ByteArrayInputStream(large.getBytes(StandardCharsets.UTF_8)))
                        .post(Webhooks.PATH)
                        .then(),
                413,
                "Content Too Large");
    }

    /** RFC 9112 section 9.6: it must not lose the answer because the connection is closed while it sends. */
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 8388608", "Transfer-Encoding: chunked"})
    void who_sends_far_too_much_before_it_reads_finds_the_answer(String length) throws IOException {
        byte[] megabyte = " ".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
        try (var socket = new Socket(root.getHost(), root.getPort())) {
            socket.setSoTimeout(10_000);
            var out = socket.getOutputStream();
            out.write(("POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + length + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            boolean chunked = length.startsWith("Transfer");
            for (int i = 0; i < 8; i++) {
                if (chunked) {
                    out.write("100000\r\n".getBytes(StandardCharsets.US_ASCII));
                }
                out.write(megabyte);
                if (chunked) {
                    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
            if (chunked) {
                out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
            assertTrue(answer.endsWith("}"), answer);
        }
    }

    @Test
    void a_body_at_the_limit_is_read() {
        String body = Webhooks.body(Webhooks.newId());
        post(body + " ".repeat(65_536 - body.length())).statusCode(202);
        post(body + " ".repeat(65_537 - body.length())).statusCode(413);
    }

    @Test
    void other_paths_and_methods_are_problems_too() {
        assertProblem(given().get("/v2/nothing").then(), 404, "Not Found");
        assertProblem(given().get("/v1/transactions/a/b").then(), 404, "Not Found");
        assertProblem(given().delete("/v1/transactions/a").then(), 405, "Method Not Allowed");
        assertProblem(given().post("/v1/webhooks/a/b").then(), 404, "Not Found");
        assertProblem(given().body("{}").post(Webhooks.PATH + ";a=b").then(), 404, "Not Found");
    }

    /** RFC 9110 section 15.5.6: who is answered 405 is told what is allowed. */
    @Test
    void where_webhooks_are_posted_it_is_told_that_they_are() {
        for (String path : List.of(Webhooks.PATH, "/v1/webhooks/nobody")) {
            for (String method : List.of("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "ANY")) {
                given().request(method, path).then().statusCode(405).header("Allow", "OPTIONS, POST");
            }
            given().options(path).then().statusCode(200).header("Allow", "OPTIONS, POST");
        }
        assertProblem(given().put(Webhooks.PATH).then(), 405, "Method Not Allowed");
    }
}
