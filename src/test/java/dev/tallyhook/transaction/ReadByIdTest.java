package dev.tallyhook.transaction;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.Webhooks;
import dev.tallyhook.packaged.Nginx;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction is read by its id, whatever the id is and whatever is on the way: rightly, or so that a reader can tell. */
@QuarkusTest
class ReadByIdTest {

    private static final String NOT_FOUND =
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"Transaction not found\"}";

    /** Each is put behind an id that is stored too, so that half of it names another transaction. */
    private static final List<String> TAILS = List.of(
            ";b", "/b", "//b", "/../b", "/./b", "/", "/..", "%2Fb", "%2e", "%", "%25", "?b", "#b", "+b", " b", "\\b",
            "&b=c", ".", "..", "é😀", "*~'", "/hold", "/raw");

    private static final Pattern UNDERSTOOD = Pattern.compile("(?i)\r\ncontent-location: ([^\r]*)\r\n");

    @TestHTTPResource("/")
    URI service;

    @TempDir
    Path directory;

    private final String id = UUID.randomUUID().toString();

    /** What came back, of a request whose path is not touched by a client's library. */
    private record Answer(int status, String understood, String body) {}

    private static Answer get(int port, String target) {
        try (var socket = new Socket("localhost", port)) {
            socket.getOutputStream()
                    .write(("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher understood = UNDERSTOOD.matcher(answer);
            return new Answer(
                    Integer.parseInt(answer.substring(9, 12)),
                    understood.find() ? understood.group(1) : null,
                    answer.substring(answer.indexOf("\r\n\r\n") + 4));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Answer get(String target) {
        return get(service.getPort(), target);
    }

    private static void store(String id) {
        given().contentType("application/json")
                .body(Webhooks.body(id))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }

    private static String idIn(Answer answer) {
        try {
            var body = new ObjectMapper().readTree(answer.body());
            return body.has("transactions")
                    ? body.at("/transactions/0/transaction_id").asText()
                    : body.path("transaction_id").asText();
        } catch (IOException noJson) {
            throw new UncheckedIOException(answer.body(), noJson);
        }
    }

    private static String byQuery(String id) {
        return "/v1/transactions?transaction_id="
                + Webhooks.transactionPath(id).substring("/v1/transactions/".length());
    }

    @ParameterizedTest
    @CsvSource({
        "a;b,a;b",
        "a;b=c,a;b=c",
        "a%3Bb,a;b",
        "a%2Fb,a/b",
        "a%2F..%2Fb,a/../b",
        "a%252Fb,a%2Fb",
        "a+b,a+b",
        "a%20b,a b",
        "a..,a.."
    })
    void the_path_means_what_it_says(String tail, String said) {
        store(id + "a");
        store(id + said);
        Answer answer = get("/v1/transactions/" + id + tail);
        assertEquals(200, answer.status(), answer.body());
        assertEquals(id + said, idIn(answer));
        assertEquals(Webhooks.transactionPath(id + said), answer.understood());
    }

    /** The framework takes all of it for a parameter of the list, whose path is before it. */
    @Test
    void an_id_that_begins_with_a_semicolon_is_read_percent_encoded_and_never_taken_for_the_list() {
        store(";" + id);
        assertEquals(";" + id, idIn(get("/v1/transactions/%3B" + id)));
        assertEquals(";" + id, idIn(get(byQuery(";" + id))));
        Answer answer = get("/v1/transactions/;" + id);
        assertEquals(400, answer.status(), answer.body());
        assertTrue(answer.body().contains("percent-encoded"), answer.body());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ID/", "ID/.", "x/../ID", "./ID", "/ID", "ID;/..", "x/..", "", "/", ".", "%2e", ";/..;/", "ID%2",
                "ID%FF", "ID%00"
            })
    void a_path_that_names_no_id_never_answers_with_another_resource(String path) {
        store(id);
        Answer answer = get("/v1/transactions/" + path.replace("ID", id));
        assertTrue(answer.status() == 404 || answer.status() == 400, answer.body());
    }

    @Test
    void not_found_is_the_contracts_body_and_says_which_id_was_not() {
        Answer answer = get("/v1/transactions/" + id + ";%2F");
        assertEquals(new Answer(404, "/v1/transactions/" + id + "%3B%2F", NOT_FOUND), answer);
    }

    @Test
    void the_list_narrows_to_one_id_with_other_filters_or_to_none() {
        store(id + "/;");
        for (String filters : List.of("", "&status=PROCESSING", "&source_account=acc_user_789&limit=1")) {
            Answer answer = get(byQuery(id + "/;") + filters);
            assertEquals(id + "/;", idIn(answer));
            assertEquals(byQuery(id + "/;") + filters, answer.understood());
            assertTrue(answer.body().endsWith("\"next_cursor\":null}"), answer.body());
        }
        for (String none : List.of(byQuery(id), byQuery(id + "/;") + "&source_account=x", byQuery("."))) {
            assertEquals("{\"transactions\":[],\"next_cursor\":null}", get(none).body());
        }
    }

    /** The framework would take {@code limit=1} for a parameter of its own, and another character for what is no UTF-8. */
    @Test
    void the_query_means_what_it_says() {
        store(id);
        store(id + ";limit=1");
        store(id + "\uFFFD");
        assertEquals(id + ";limit=1", idIn(get("/v1/transactions?transaction_id=" + id + ";limit=1")));
        for (String malformed : List.of("%FF", "%", "%C0%80")) {
            assertEquals(
                    400,
                    get("/v1/transactions?transaction_id=" + id + malformed).status());
            assertEquals(
                    400, get("/v1/conflicts?transaction_id=" + id + malformed).status());
        }
    }

    /** With a path in {@code proxy_pass} nginx decodes, merges and removes what is in the path, and encodes a part of it anew. */
    @Test
    void through_a_proxy_that_rewrites_paths_the_query_is_right_and_the_path_is_right_or_tells() throws Exception {
        Nginx.assumeInstalled();
        String location = "proxy_pass http://localhost:" + service.getPort() + "/;";
        try (var nginx = new Nginx(directory, location, "")) {
            store(id);
            store("b");
            int wrong = 0;
            for (String tail : TAILS) {
                store(id + tail);
                Answer byQuery = get(nginx.port(), byQuery(id + tail));
                assertEquals(id + tail, idIn(byQuery));
                assertEquals(byQuery(id + tail), byQuery.understood());

                String path = Webhooks.transactionPath(id + tail);
                Answer byPath = get(nginx.port(), path);
                if (byPath.status() == 200 && path.equals(byPath.understood())) {
                    assertEquals(id + tail, idIn(byPath));
                } else {
                    wrong++;
                    assertNotEquals(path, byPath.understood(), () -> tail + " " + byPath);
                }
            }
            assertTrue(wrong > 0, "this proxy rewrites nothing");
        }
    }
}
