package dev.tallyhook.endpoint;

import static dev.tallyhook.endpoint.EndpointRequests.PATH;
import static dev.tallyhook.endpoint.EndpointRequests.URL;
import static dev.tallyhook.endpoint.EndpointRequests.as;
import static dev.tallyhook.endpoint.EndpointRequests.change;
import static dev.tallyhook.endpoint.EndpointRequests.made;
import static dev.tallyhook.endpoint.EndpointRequests.make;
import static dev.tallyhook.endpoint.EndpointRequests.read;
import static dev.tallyhook.endpoint.EndpointRequests.remove;
import static dev.tallyhook.endpoint.EndpointRequests.rotate;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.LogLines;
import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Senders;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is told, as operators see it and change it. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class EndpointResourceTest {

    private static final String READER = ReadersKnown.READER;
    private static final String WRITER = ReadersKnown.WRITER;

    @Inject
    DataSource dataSource;

    @BeforeEach
    void empty() {
        execute("DELETE FROM endpoints");
    }

    private void execute(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private String text(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void configured(String name) {
        execute("INSERT INTO endpoints (endpoint_id, url, events, signature, configured_at) VALUES ('" + name
                + "', 'https://example.com/', '{transaction.processed}', 'v1', now())");
    }

    @Test
    void what_is_made_says_its_secret_once_and_is_found() {
        String id = make("{\"url\":\"" + URL + "\"}")
                .statusCode(201)
                .header("Location", matchesPattern("(https?://[^/]+)?/v1/endpoints/ep_[0-9a-z]{22}"))
                .header("Cache-Control", "no-store")
                .body("secret", matchesPattern("whsec_[A-Za-z0-9+/]{43}="))
                .body("url", equalTo(URL))
                .body("state", equalTo("ENABLED"))
                .body("events", equalTo(List.of("transaction.processed")))
                .body("signature", equalTo("v1"))
                .body("configured", equalTo(false))
                .extract()
                .path("endpoint_id");
        read(id, WRITER)
                .statusCode(200)
                .body("$", not(hasKey("secret")))
                .body("$", not(hasKey("public_key")))
                .body("$", hasKey("sources"))
                .body("sources", nullValue())
                .body("secrets", hasSize(1))
                .body("secrets[0].hint", matchesPattern("whsec_….{4}"))
                .body("secrets[0].expires_at", nullValue())
                .body("failures", equalTo(0))
                .body("created_at", notNullValue());
    }

    @Test
    void everything_that_is_said_of_it_comes_back() {
        String id = make("""
                        {"url":"https://example.com/","description":"für 😀","events":["transaction.accepted","transaction.conflicting"],
                         "sources":["shop","transactions"],"types":["payment_intent.succeeded"],"currencies":["INR","USDC"],
                         "accounts":["acc_1","Žofie"],"amount_min":12.50,"secret":"%s"}""".formatted(Senders.SECRET))
                .statusCode(201)
                .body("secret", equalTo(Senders.SECRET))
                .extract()
                .path("endpoint_id");
        read(id, READER)
                .body("description", equalTo("für 😀"))
                .body("events", equalTo(List.of("transaction.accepted", "transaction.conflicting")))
                .body("sources", equalTo(List.of("shop", "transactions")))
                .body("types", equalTo(List.of("payment_intent.succeeded")))
                .body("currencies", equalTo(List.of("INR", "USDC")))
                .body("accounts", equalTo(List.of("acc_1", "Žofie")))
                .body("amount_min", equalTo(12.5f))
                .body("secrets[0].hint", equalTo("whsec_…LaSw"));
    }

    @Test
    void a_key_pair_shows_its_public_half_and_no_secret() {
        String id = make("{\"url\":\"https://example.com/\",\"signature\":\"v1a\"}")
                .statusCode(201)
                .body("$", not(hasKey("secret")))
                .body("public_key", matchesPattern("whpk_[A-Za-z0-9+/]{43}="))
                .extract()
                .path("endpoint_id");
        String before = read(id, READER).extract().path("public_key");
        rotate(id, "{}").statusCode(200).body("$", not(hasKey("secret"))).body("public_key", not(equalTo(before)));
        read(id, READER).body("secrets", hasSize(2)).body("secrets[0].hint", matchesPattern("whpk_….{4}"));
    }

    @Test
    void what_stands_in_the_table_tells_nobody_the_secret() {
        String secret = make("{\"url\":\"https://example.com/\"}").extract().path("secret");
        String stored = text("SELECT endpoints::text || encode(sealed_secrets, 'escape') FROM endpoints");
        assertFalse(stored.contains(secret.substring(6)));
        byte[] key = Base64.getDecoder().decode(secret.substring(6));
        assertEquals(
                "0",
                text("SELECT position(decode('" + Base64.getEncoder().encodeToString(key)
                        + "', 'base64') IN sealed_secrets) FROM endpoints"));
    }

    @Test
    void who_only_reads_does_not_see_what_a_url_asks() {
        String id = made();
        read(id, READER).body("url", equalTo("https://example.com/hooks?***"));
        read(id, WRITER).body("url", equalTo(URL));
        for (String path : List.of(PATH, PATH + "/" + id)) {
            as(READER).get(path).then().statusCode(200).body(not(containsString("very-secret")));
        }
        as(WRITER).get(PATH).then().body("endpoints[0].url", equalTo(URL));
    }

    @Test
    void nothing_in_the_log_is_a_secret() {
        try (var log = new LogLines("dev.tallyhook")) {
            var answer = make("{\"url\":\"" + URL + "\"}").extract();
            String id = answer.path("endpoint_id");
            String secret = rotate(id, "{}").extract().path("secret");
            change(id, "{\"state\":\"PAUSED\"}").statusCode(200);
            remove(id).statusCode(204);
            for (String hidden : List.of("very-secret", answer.path("secret"), secret, WRITER)) {
                assertEquals(0, log.with(hidden), log.toString());
            }
            String by = text("SELECT substring(encode(sha256('" + WRITER + "'), 'hex') FOR 12)");
            assertEquals(4, log.with("by " + by), log.toString());
        }
    }

    @Test
    void it_takes_a_token_with_the_right_to_write() {
        String id = made();
        for (String path : List.of("POST ", "PATCH /" + id, "DELETE /" + id, "POST /" + id + "/secret/rotate")) {
            String[] parts = path.split(" ", 2);
            String where = PATH + parts[1];
            given().contentType("application/json")
                    .body("{}")
                    .request(parts[0], where)
                    .then()
                    .statusCode(401);
            for (String token : List.of(READER, ReadersKnown.HOLDER, ReadersKnown.RAW_READER)) {
                as(token)
                        .contentType("application/json")
                        .body("{}")
                        .request(parts[0], where)
                        .then()
                        .statusCode(403)
                        .contentType("application/problem+json")
                        .body("detail", containsString("tallyhook.api.write-tokens"));
            }
        }
        given().get(PATH).then().statusCode(401);
        as(WRITER).get("/v1/transactions").then().statusCode(200);
        as(WRITER).post("/v1/transactions/txn_1/hold").then().statusCode(403);
        read(id, READER).statusCode(200).body("state", equalTo("ENABLED"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {}                                                  | url         | is required
                    {"url":null}                                        | url         | is required
                    {"url":1}                                           | url         | must be a string
                    {"url":""}                                          | url         | must have 1 to 2048 characters
                    {"url":"example.com/hook"}                          | url         | must begin with https:// or http://
                    {"url":"ftp://example.com/"}                        | url         | must begin with https:// or http://
                    {"url":"https:///hook"}                             | url         | must name a host
                    {"url":"https:hook"}                                | url         | must name a host
                    {"url":"https://ex_ample.com/"}                     | url         | must name a host
                    {"url":"https://user:word@example.com/"}            | url         | must have no user and no password
                    {"url":"https://@example.com/"}                     | url         | must have no user and no password
                    {"url":"https://example.com/#part"}                 | url         | must have no fragment
                    {"url":"https://example.com:22/"}                   | url         | must have a port that tallyhook.telling.allow-ports allows: 443,1024-65535
                    {"url":"http://example.com/"}                       | url         | must have a port that tallyhook.telling.allow-ports allows: 443,1024-65535
                    {"url":"https://example.com:99999/"}                | url         | must have a port that tallyhook.telling.allow-ports allows: 443,1024-65535
                    {"url":"https://example.com/a b"}                   | url         | must have no spaces, control characters or characters beyond ASCII: they are percent-encoded
                    {"url":"https://example.com/\\r\\nHost:x"}          | url         | must have no spaces, control characters or characters beyond ASCII: they are percent-encoded
                    {"url":"https://exämple.com/"}                      | url         | must have no spaces, control characters or characters beyond ASCII: they are percent-encoded
                    {"url":"https://example.com/%zz"}                   | url         | must be a URL
                    {"url":"https://a.b/","description":""}             | description | must not be empty
                    {"url":"https://a.b/","events":[]}                  | events      | must have 1 to 100 entries, or not be given
                    {"url":"https://a.b/","events":"all"}               | events      | must be a list of strings
                    {"url":"https://a.b/","events":["endpoint.test"]}   | events      | entry 1 must be one of transaction.processed, transaction.accepted, transaction.conflicting
                    {"url":"https://a.b/","events":["transaction.accepted","transaction.accepted"]} | events | must have no entry twice
                    {"url":"https://a.b/","sources":["Shop"]}           | sources     | entry 1 must be the name of a source: 1 to 32 lower-case letters, digits and dashes
                    {"url":"https://a.b/","types":["a",""]}             | types       | entry 2 must not be empty
                    {"url":"https://a.b/","types":[1]}                  | types       | must be a list of strings
                    {"url":"https://a.b/","currencies":["inr"]}         | currencies  | entry 1 must be the code of a currency, such as INR
                    {"url":"https://a.b/","accounts":["a\\u0000b"]}     | accounts    | entry 1 must not contain control characters
                    {"url":"https://a.b/","amount_min":0}               | amount_min  | must be greater than 0
                    {"url":"https://a.b/","amount_min":"1"}             | amount_min  | must be a JSON number, not a string or another type
                    {"url":"https://a.b/","amount_min":1e18}            | amount_min  | must have at most 18 digits before the decimal point and 18 behind it
                    {"url":"https://a.b/","amount_min":1e999999999}     | amount_min  | must have at most 18 digits before the decimal point and 18 behind it
                    {"url":"https://a.b/","amount_min":1e-19}           | amount_min  | must have at most 18 digits before the decimal point and 18 behind it
                    {"url":"https://a.b/","signature":"v2"}             | signature   | must be v1 or v1a
                    {"url":"https://a.b/","secret":"secret"}            | secret      | must start with whsec_
                    {"url":"https://a.b/","signature":"v1a","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} | secret | must not be given with v1a, whose key is made here
                    {"url":"https://a.b/","state":"PAUSED"}             | state       | is none of url, description, events, sources, types, currencies, accounts, amount_min, signature, secret
                    """)
    void a_rule_that_is_broken_is_named(String body, String field, String detail) {
        make(body)
                .statusCode(422)
                .body("errors.size()", equalTo(1))
                .body("errors[0].field", equalTo(field))
                .body("errors[0].detail", equalTo(detail));
        assertEquals("0", text("SELECT count(*) FROM endpoints"));
    }

    @Test
    void all_rules_that_are_broken_are_named_at_once() {
        make("{\"url\":\"ftp://a.b/\",\"event\":[],\"events\":[\"x\"],\"amount_min\":-1,\"secret\":1}")
                .statusCode(422)
                .body("errors.field", hasItems("url", "event", "events", "amount_min", "secret"))
                .body("errors.size()", equalTo(5));
    }

    @Test
    void a_list_and_a_url_have_a_length() {
        String entries =
                IntStream.rangeClosed(1, 100).mapToObj(n -> "\"a" + n + "\"").collect(Collectors.joining(","));
        String url = "https://example.com/".concat("a".repeat(2028));
        make("{\"url\":\"" + url + "\",\"accounts\":[" + entries + "]}").statusCode(201);
        make("{\"url\":\"" + url + "a\",\"accounts\":[" + entries + ",\"a\"]}")
                .statusCode(422)
                .body("errors.field", hasItems("url", "accounts"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    application/json | {                     | 400
                    application/json | []                    | 400
                    application/json | {} {}                 | 400
                    application/json | {"url":"a","url":"b"} | 400
                    text/plain       | {}                    | 415
                    application/merge-patch+json | {}        | 415
                    """)
    void a_body_that_is_wrong_makes_nothing(String type, String body, int status) {
        as(WRITER)
                .header("Content-Type", type)
                .body(body.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .post(PATH)
                .then()
                .statusCode(status)
                .contentType("application/problem+json");
        make(" ".repeat(262_145)).statusCode(413);
        assertEquals("0", text("SELECT count(*) FROM endpoints"));
    }

    @Test
    void a_merge_patch_changes_what_it_names_and_takes_away_what_it_says_is_null() {
        String id = make("{\"url\":\"https://a.b/\",\"description\":\"x\",\"currencies\":[\"INR\"],\"amount_min\":5}")
                .extract()
                .path("endpoint_id");
        change(id, "{\"description\":null,\"amount_min\":null,\"types\":[\"t\"]}")
                .statusCode(200)
                .body("url", equalTo("https://a.b/"))
                .body("description", nullValue())
                .body("currencies", equalTo(List.of("INR")))
                .body("amount_min", nullValue())
                .body("types", equalTo(List.of("t")));
        change(id, "{\"events\":[\"transaction.accepted\"]}").body("types", equalTo(List.of("t")));
        change(id, "{\"events\":null}").body("events", equalTo(List.of("transaction.processed")));
        change(id, "{\"url\":null}").statusCode(422).body("errors[0].detail", equalTo("is required"));
        change(id, "{\"secret\":\"x\",\"signature\":\"v1a\",\"state\":\"DISABLED\",\"types\":{}}")
                .statusCode(422)
                .body("errors.field", hasItems("secret", "signature", "state", "types"));
        as(WRITER)
                .contentType("application/json")
                .body("{\"url\":\"https://c.d/\"}")
                .patch(PATH + "/" + id)
                .then()
                .statusCode(200)
                .body("url", equalTo("https://c.d/"));
        as(WRITER)
                .contentType("text/plain")
                .body("{}")
                .patch(PATH + "/" + id)
                .then()
                .statusCode(415);
    }

    @Test
    void what_is_said_again_changes_nothing() {
        String id = made();
        String before = read(id, READER).extract().path("changed_at");
        change(id, "{\"state\":\"ENABLED\",\"url\":\"" + URL + "\"}")
                .statusCode(200)
                .body("changed_at", equalTo(before));
        change(id, "{\"state\":\"PAUSED\"}").body("state", equalTo("PAUSED")).body("changed_at", not(equalTo(before)));
    }

    @Test
    void one_that_was_disabled_begins_anew_when_it_is_enabled() {
        String id = made();
        execute(
                "UPDATE endpoints SET state = 'DISABLED', disabled_because = 'FAILED', disabled_at = now(), failures = 50,"
                        + " failing_since = now() - interval '5 days', retry_at = now() + interval '1 hour'");
        read(id, READER)
                .body("disabled_because", equalTo("FAILED"))
                .body("retry_at", notNullValue())
                .body("failures", equalTo(50));
        change(id, "{\"description\":\"still\"}")
                .body("state", equalTo("DISABLED"))
                .body("failures", equalTo(50));
        try (var log = new LogLines("dev.tallyhook.endpoint")) {
            change(id, "{\"state\":\"ENABLED\"}").statusCode(200);
            assertEquals(1, log.with("switched off since 20"), log::toString);
        }
        read(id, READER)
                .body("state", equalTo("ENABLED"))
                .body("disabled_because", nullValue())
                .body("disabled_at", nullValue())
                .body("failures", equalTo(0))
                .body("failing_since", nullValue())
                .body("retry_at", nullValue());
    }

    /** The days of a pause are no days of failing. */
    @Test
    void one_that_was_paused_begins_anew_when_it_is_enabled() {
        String id = made();
        execute("UPDATE endpoints SET failures = 10, failing_since = now() - interval '6 days'");
        change(id, "{\"state\":\"PAUSED\"}").body("failures", equalTo(10));
        change(id, "{\"state\":\"ENABLED\"}")
                .statusCode(200)
                .body("failures", equalTo(0))
                .body("failing_since", nullValue());
    }

    @Test
    void a_url_that_is_not_allowed_any_more_is_in_the_way_of_nothing_else() {
        String id = made();
        execute("UPDATE endpoints SET url = 'https://example.com:22/'");
        change(id, "{\"state\":\"PAUSED\"}").statusCode(200);
    }

    @Test
    void what_is_removed_is_gone() {
        String id = made();
        remove(id).statusCode(204);
        read(id, READER).statusCode(404).body("detail", equalTo("Endpoint not found"));
        remove(id).statusCode(404);
        change(id, "{}").statusCode(404);
        rotate(id, "{}").statusCode(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ep_none", "%00", "EP_A", "a;b", "%2F", "..."})
    void what_no_endpoint_is_called_is_not_found(String id) {
        as(READER).urlEncodingEnabled(false).get(PATH + "/" + id).then().statusCode(404);
    }

    @Test
    void of_a_configured_one_only_the_state_is_changed() {
        configured("shop");
        change("shop", "{\"state\":\"PAUSED\"}")
                .statusCode(200)
                .body("state", equalTo("PAUSED"))
                .body("configured", equalTo(true));
        change("shop", "{\"url\":\"https://c.d/\"}")
                .statusCode(409)
                .body("detail", containsString("tallyhook.endpoints.shop"));
        change("shop", "{\"url\":\"https://example.com/\"}").statusCode(200);
        remove("shop").statusCode(409);
        rotate("shop", "{}").statusCode(409);
        execute("UPDATE endpoints SET state = 'DISABLED', disabled_because = 'NOT_CONFIGURED', disabled_at = now()");
        remove("shop").statusCode(204);
    }

    @Test
    void a_new_secret_stands_before_the_one_that_signs_on_for_a_while() {
        String id = made();
        String first = read(id, READER).extract().path("secrets[0].hint");
        rotate(id, "{\"overlap\":\"PT1H\"}").statusCode(200).body("secret", matchesPattern("whsec_.{44}"));
        read(id, READER)
                .body("secrets", hasSize(2))
                .body("secrets[0].expires_at", nullValue())
                .body("secrets[1].hint", equalTo(first))
                .body("secrets[1].expires_at", notNullValue());
        as(WRITER).post(PATH + "/" + id + "/secret/rotate").then().statusCode(200);
        read(id, READER).body("secrets", hasSize(3));
        rotate(id, "{\"overlap\":\"PT0S\"}").statusCode(200);
        read(id, READER).body("secrets", hasSize(1));
        for (String overlap : List.of("\"P8D\"", "\"PT-1S\"", "\"a day\"", "1")) {
            rotate(id, "{\"overlap\":" + overlap + "}").statusCode(422).body("errors[0].field", equalTo("overlap"));
        }
    }

    @Test
    void secrets_that_no_key_opens_are_told_of_and_can_be_replaced() {
        String id = made();
        execute("UPDATE endpoints SET sealed_secrets = '\\x00'");
        try (var log = new LogLines("dev.tallyhook.endpoint")) {
            read(id, READER).statusCode(200).body("secrets", nullValue());
            read(id, READER).statusCode(200);
            assertTrue(log.with("cannot be opened") <= 1, log.toString());
        }
        // Another replica may be able to open them, and then they are still to sign.
        rotate(id, "{}").statusCode(409).body("detail", containsString("PT0S"));
        rotate(id, "{\"overlap\":\"PT0S\"}").statusCode(200);
        read(id, READER).body("secrets", hasSize(1));
    }

    @Test
    void older_seals_are_replaced_by_the_newest_key() throws SQLException {
        String old = Base64.getEncoder().encodeToString(new byte[32]);
        String newer =
                Base64.getEncoder().encodeToString("0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8));
        byte[] sealed = box(old).seal(
                        "ep_1", KeyRing.of(SharedKey.parse(Senders.SECRET)).write());
        try (var connection = dataSource.getConnection();
                var insert = connection.prepareStatement(
                        "INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets)"
                                + " VALUES (?, 'https://a.b/', '{transaction.processed}', 'v1', ?)")) {
            insert.setString(1, "ep_1");
            insert.setBytes(2, sealed);
            insert.execute();
            insert.setString(1, "ep_2");
            insert.setBytes(2, new byte[] {1});
            insert.execute();
        }
        assertEquals(1, Resealing.reseal(dataSource, box(newer + "," + old)));
        assertEquals(0, Resealing.reseal(dataSource, box(newer + "," + old)), "it is done once");
        byte[] anew = Base64.getMimeDecoder()
                .decode(text("SELECT encode(sealed_secrets, 'base64') FROM endpoints WHERE endpoint_id = 'ep_1'"));
        assertTrue(new String(box(newer).open("ep_1", anew).orElseThrow(), StandardCharsets.UTF_8)
                .contains(Senders.SECRET));
    }

    private static SecretBox box(String keys) {
        return new SecretBox(
                TestSettings.of(Map.of("tallyhook.telling.keys", keys)).telling(), LaunchMode.NORMAL);
    }

    @Test
    void pages_have_each_of_them_once_oldest_first() {
        List<String> made = IntStream.range(0, 5).mapToObj(i -> made()).toList();
        List<String> found = new ArrayList<>();
        String cursor = "";
        do {
            var page = as(READER)
                    .get(PATH + "?limit=2" + cursor)
                    .then()
                    .statusCode(200)
                    .extract();
            found.addAll(page.path("endpoints.endpoint_id"));
            String next = page.path("next_cursor");
            cursor = next == null ? null : "&cursor=" + next;
        } while (cursor != null);
        assertEquals(made, found);
        as(READER).get(PATH + "?limit=0&state=PAUSED").then().statusCode(422).body("errors.size()", equalTo(2));
        as(READER).get(PATH + "?cursor=none").then().statusCode(400);
    }

    @Test
    void there_are_a_thousand_at_most_however_many_come_at_once() {
        execute(
                "INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets)"
                        + " SELECT n, 'https://a.b/', '{transaction.processed}', 'v1', '\\x00' FROM generate_series(1, 997) AS n");
        var answers = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> make("{\"url\":\"https://a.b/\"}").extract().statusCode()))
                .toList();
        var statuses = answers.stream().map(CompletableFuture::join).toList();
        assertEquals(3, statuses.stream().filter(status -> status == 201).count(), statuses.toString());
        assertEquals("1000", text("SELECT count(*) FROM endpoints"));
        make("{\"url\":\"https://a.b/\"}").statusCode(409).body("detail", containsString("1000"));
    }
}
