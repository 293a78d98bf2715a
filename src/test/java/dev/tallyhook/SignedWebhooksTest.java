package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.Programs;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.http.Header;
import io.restassured.http.Headers;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which senders get in and which do not, where secrets are configured. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class SignedWebhooksTest {

    private static final String OTHER_SECRET = DocumentedService.OTHER_SECRET;

    private static final KeyPair PAIR = DocumentedService.PAIR;

    private static final String TOKEN = DocumentedService.TOKEN;

    @TestHTTPResource
    URI root;

    private static RequestSpecification webhook(String body) {
        return given().contentType(ContentType.JSON).body(body);
    }

    private static void isAccepted(Map<String, String> headers, String body) {
        webhook(body).headers(headers).post(Webhooks.PATH).then().statusCode(202);
    }

    @Test
    void what_the_official_library_signs_is_accepted_with_each_secret() {
        for (String secret : List.of(Senders.SECRET, OTHER_SECRET)) {
            String body = Webhooks.body(Webhooks.newId());
            isAccepted(Senders.headers(secret, "msg_1", body), body);
        }
    }

    /** Needs Node.js, and {@code npm ci --prefix src/test/javascript}. */
    @Test
    void what_the_official_javascript_library_signs_is_accepted() throws Exception {
        Path sender = Path.of("src/test/javascript");
        Assumptions.assumeTrue(Files.exists(sender.resolve("node_modules/standardwebhooks")), "no JavaScript library");
        for (String secret : List.of(Senders.SECRET, OTHER_SECRET, Senders.newSecret())) {
            String answered = Programs.run(
                            "node",
                            sender.resolve("send.mjs").toString(),
                            root.resolve(Webhooks.PATH).toString(),
                            secret,
                            Webhooks.body(Webhooks.newId()))
                    .output()
                    .strip();
            boolean known = secret.equals(Senders.SECRET) || secret.equals(OTHER_SECRET);
            assertEquals(known ? "202" : "401", answered);
        }
    }

    @Test
    void what_is_signed_with_ed25519_is_accepted() {
        String body = Webhooks.body(Webhooks.newId());
        long now = Senders.now();
        isAccepted(Senders.headers("msg_1", now, Senders.signAsymmetric(PAIR, "msg_1", now, body)), body);
    }

    @Test
    void one_good_signature_among_others_is_enough() {
        String body = Webhooks.body(Webhooks.newId());
        long now = Senders.now();
        String good = Senders.sign(OTHER_SECRET, "msg_1", now, body);
        isAccepted(
                Senders.headers(
                        "msg_1",
                        now,
                        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,AAAA " + good
                                + " v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="),
                body);
    }

    @ParameterizedTest
    @ValueSource(longs = {-299, 299})
    void a_timestamp_within_five_minutes_is_accepted(long off) {
        String body = Webhooks.body(Webhooks.newId());
        long timestamp = Senders.now() + off;
        isAccepted(Senders.headers("msg_1", timestamp, Senders.sign(Senders.SECRET, "msg_1", timestamp, body)), body);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("namesOfSvix")
    void what_comes_under_the_names_of_svix_is_accepted_like_the_same_under_those_of_the_standard(
            String name, List<Header> headers, String body) {
        webhook(body).headers(new Headers(headers)).post(Webhooks.PATH).then().statusCode(202);
    }

    static Stream<Arguments> namesOfSvix() {
        String body = Webhooks.body(Webhooks.newId());
        long now = Senders.now();
        String good = Senders.sign(Senders.SECRET, "msg_1", now, body);
        String asymmetric = Senders.signAsymmetric(PAIR, "msg_1", now, body);
        List<Header> svix = List.of(svix("id", "msg_1"), svix("timestamp", now), svix("signature", good));
        List<Header> standard = List.of(id("msg_1"), timestamp(now), signature(good));
        return Stream.of(
                Arguments.of("as Svix sends by default", svix, body),
                Arguments.of(
                        "as it writes them",
                        List.of(
                                new Header("Svix-Id", "msg_1"),
                                new Header("Svix-Timestamp", Long.toString(now)),
                                new Header("Svix-Signature", good)),
                        body),
                Arguments.of(
                        "v1a",
                        List.of(svix("id", "msg_1"), svix("timestamp", now), svix("signature", asymmetric)),
                        body),
                Arguments.of(
                        "both sets",
                        Stream.of(standard, svix).flatMap(List::stream).toList(),
                        body),
                Arguments.of("one of each", List.of(id("msg_1"), svix("timestamp", now), signature(good)), body));
    }

    @Test
    void bytes_beyond_ascii_are_signed_as_they_are_sent() {
        String body = Webhooks.body(Webhooks.newId()).replace("acc_user_789", "Žofie 😀");
        webhook(body)
                .contentType("application/json; charset=utf-8")
                .headers(Senders.headers(Senders.SECRET, "msg_1", body))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }

    static Stream<Arguments> refusals() {
        String body = Webhooks.body("txn_refused");
        long now = Senders.now();
        String good = Senders.sign(Senders.SECRET, "msg_1", now, body);
        String asymmetric = Senders.signAsymmetric(PAIR, "msg_1", now, body);
        return Stream.of(
                refusal("one bit of the body", body.replace("INR", "INS"), "msg_1", now, good),
                refusal("a space more", body + " ", "msg_1", now, good),
                refusal("another id", body, "msg_2", now, good),
                refusal("another timestamp", body, "msg_1", now - 1, good),
                refusal("301 s old", body, "msg_1", now - 301, Senders.sign(Senders.SECRET, "msg_1", now - 301, body)),
                refusal("far ahead", body, "msg_1", now + 310, Senders.sign(Senders.SECRET, "msg_1", now + 310, body)),
                refusal(
                        "milliseconds",
                        body,
                        "msg_1",
                        now * 1000,
                        Senders.sign(Senders.SECRET, "msg_1", now * 1000, body)),
                refusal(
                        "a secret not in the list",
                        body,
                        "msg_1",
                        now,
                        Senders.sign(Senders.newSecret(), "msg_1", now, body)),
                refusal("a signature cut short", body, "msg_1", now, good.substring(0, good.length() - 1)),
                refusal("a signature cut in its padding", body, "msg_1", now, good.replace("=", "")),
                refusal("a signature too long", body, "msg_1", now, good + "A"),
                refusal("an oversized header", body, "msg_1", now, good + " " + "v1,AAAA ".repeat(1000)),
                refusal("more than eight signatures", body, "msg_1", now, good + " v1,AAAA".repeat(8)),
                refusal("no label", body, "msg_1", now, good.substring(3)),
                refusal("the label alone", body, "msg_1", now, "v1,"),
                refusal("another version", body, "msg_1", now, good.replace("v1,", "v2,")),
                refusal("v1 on a v1a signature", body, "msg_1", now, asymmetric.replace("v1a,", "v1,")),
                refusal("v1a on a v1 signature", body, "msg_1", now, good.replace("v1,", "v1a,")),
                refusal("v1a with one bit of the body", body.replace("INR", "INS"), "msg_1", now, asymmetric),
                refusal(
                        "v1a of another pair",
                        body,
                        "msg_1",
                        now,
                        Senders.signAsymmetric(
                                Senders.keyPair(new SecureRandom().generateSeed(32)), "msg_1", now, body)),
                refusal(
                        "v1a 301 s old",
                        body,
                        "msg_1",
                        now - 301,
                        Senders.signAsymmetric(PAIR, "msg_1", now - 301, body)),
                Arguments.of("nothing at all", body, List.of()),
                Arguments.of("no id", body, List.of(timestamp(now), signature(good))),
                Arguments.of("no timestamp", body, List.of(id("msg_1"), signature(good))),
                Arguments.of("no signature", body, List.of(id("msg_1"), timestamp(now))),
                Arguments.of(
                        "an empty id",
                        body,
                        List.of(id(""), timestamp(now), signature(Senders.sign(Senders.SECRET, "", now, body)))),
                Arguments.of("an id twice", body, List.of(id("msg_1"), id("msg_1"), timestamp(now), signature(good))),
                Arguments.of(
                        "a timestamp twice",
                        body,
                        List.of(id("msg_1"), timestamp(now), timestamp(now), signature(good))),
                Arguments.of(
                        "a signature twice",
                        body,
                        List.of(id("msg_1"), timestamp(now), signature(good), signature(good))),
                Arguments.of(
                        "a signed timestamp",
                        body,
                        List.of(id("msg_1"), new Header("webhook-timestamp", "+" + now), signature(good))),
                Arguments.of(
                        "a timestamp that is none",
                        body,
                        List.of(id("msg_1"), new Header("webhook-timestamp", "now"), signature(good))),
                Arguments.of(
                        "an id that Svix' name contradicts",
                        body,
                        List.of(id("msg_1"), svix("id", "msg_2"), timestamp(now), signature(good))),
                Arguments.of(
                        "a timestamp that Svix' name contradicts",
                        body,
                        List.of(id("msg_1"), timestamp(now), svix("timestamp", now + 1), signature(good))),
                Arguments.of(
                        "a signature that Svix' name contradicts",
                        body,
                        List.of(id("msg_1"), timestamp(now), signature(good), svix("signature", good + " v1,AAAA"))),
                Arguments.of(
                        "a good signature by Svix' name, and a wrong one",
                        body,
                        List.of(id("msg_1"), timestamp(now), signature("v1,AAAA"), svix("signature", good))),
                Arguments.of(
                        "Svix' name twice",
                        body,
                        List.of(svix("id", "msg_1"), svix("id", "msg_1"), timestamp(now), signature(good))),
                Arguments.of(
                        "the same three times under two names",
                        body,
                        List.of(
                                id("msg_1"),
                                svix("id", "msg_1"),
                                svix("id", "msg_1"),
                                timestamp(now),
                                signature(good))),
                Arguments.of(
                        "an empty one beside Svix' name",
                        body,
                        List.of(id(""), svix("id", "msg_1"), timestamp(now), signature(good))),
                Arguments.of(
                        "Svix' names over another body",
                        body + " ",
                        List.of(svix("id", "msg_1"), svix("timestamp", now), svix("signature", good))),
                Arguments.of("a body that is not JSON", "{", List.of()),
                Arguments.of("a body that breaks rules", "{}", List.of()));
    }

    private static Arguments refusal(String name, String body, String id, long timestamp, String signature) {
        return Arguments.of(name, body, List.of(id(id), timestamp(timestamp), signature(signature)));
    }

    private static Header id(String id) {
        return new Header("webhook-id", id);
    }

    private static Header timestamp(long timestamp) {
        return new Header("webhook-timestamp", Long.toString(timestamp));
    }

    private static Header signature(String signature) {
        return new Header("webhook-signature", signature);
    }

    /** The same header by the name that Svix has for it. */
    private static Header svix(String name, Object value) {
        return new Header("svix-" + name, value.toString());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void what_is_not_signed_rightly_is_refused_with_one_answer(String name, String body, List<Header> headers) {
        Response plainest = decided(() -> webhook("{}").post(Webhooks.PATH));
        Response answer =
                decided(() -> webhook(body).headers(new Headers(headers)).post(Webhooks.PATH));
        assertEquals(401, answer.statusCode());
        assertEquals(plainest.asString(), answer.asString());
        assertEquals(plainest.headers().asList(), answer.headers().asList());
        answer.then().contentType("application/problem+json").header("WWW-Authenticate", "StandardWebhooks");
        given().auth().oauth2(TOKEN).get("/v1/transactions/txn_refused").then().statusCode(404);
    }

    /** Asks again as a sender does: on a machine that is short of CPU a check of ed25519 may not come to its turn in time. */
    private static Response decided(Supplier<Response> request) {
        Response answer = request.get();
        for (int i = 0; i < 20 && answer.statusCode() == 503; i++) {
            answer = request.get();
        }
        return answer;
    }

    @Test
    void a_signed_body_that_breaks_rules_is_told_what_is_wrong() {
        webhook("{}")
                .headers(Senders.headers(Senders.SECRET, "msg_1", "{}"))
                .post(Webhooks.PATH)
                .then()
                .statusCode(422);
        given().contentType("text/plain")
                .body("{}")
                .headers(Senders.headers(Senders.SECRET, "msg_1", "{}"))
                .post(Webhooks.PATH)
                .then()
                .statusCode(415);
    }

    @Test
    void a_sender_that_shows_some_other_authorization_is_not_refused_for_it() {
        String body = Webhooks.body(Webhooks.newId());
        webhook(body)
                .headers(Senders.headers(Senders.SECRET, "msg_1", body))
                .header("Authorization", "Basic dXNlcjpwYXNz")
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
    }
}
