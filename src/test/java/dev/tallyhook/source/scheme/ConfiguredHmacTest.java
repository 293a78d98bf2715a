package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.bytes;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hmac;
import static dev.tallyhook.source.scheme.SchemeFixture.major;
import static dev.tallyhook.source.scheme.SchemeFixture.refusal;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfiguredHmacTest {

    private static final String BODY = """
            {"id":"e-1","kind":"paid","at":1795773600000,"money":{"value":10.50,"code":"usd"},"payment":"p-1","from":"a","to":"b"}""";

    private static final String[] PLAIN = {"header", "X-Signature", "secrets", "key", "id", "/id"};

    private static final Map<String, String> TIMED = settings(
            "scheme", "hmac",
            "header", "X-Signature",
            "prefix", "v0=",
            "secrets", "key",
            "signed", "v0:{timestamp}:{header:X-Event-Id}:{body}",
            "timestamp-header", "X-Timestamp",
            "id", "header:x-event-id");

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        TIMED,
                        "another",
                        BODY,
                        timed(NOW.getEpochSecond()),
                        "X-Signature",
                        List.of("X-Timestamp", "X-Event-Id"))
                .cases();
    }

    @TestFactory
    Stream<DynamicTest> the_body_alone_in_base64_of_another_length() {
        String signature = Base64.getEncoder().encodeToString(hmac("HmacSHA512", new byte[] {1, 2, 3}, BODY));
        return new SchemeFixture.Signed(
                        settings(
                                "scheme", "hmac",
                                "header", "x-sign",
                                "secrets", "010203",
                                "secret-encoding", "hex",
                                "algorithm", "sha512",
                                "encoding", "base64",
                                "id", "/id"),
                        "010204",
                        BODY,
                        Map.of("x-sign", signature),
                        "x-sign",
                        List.of())
                .cases();
    }

    @TestFactory
    Stream<DynamicTest> time_is_held_on_both_sides() {
        return SchemeFixture.bounds(TIMED, BODY, 300, ConfiguredHmacTest::timed);
    }

    @ParameterizedTest
    @CsvSource({
        "1795773600, SIGNED",
        "1795773600999, SIGNED",
        "1795773901000, UNSIGNED",
        "1795773299000, UNSIGNED",
        "01795773600, SIGNED",
        "+1795773600, UNSIGNED",
        "1795773600.0, UNSIGNED",
        "17957736000000, UNSIGNED",
        "2026-11-27T10:00:00Z, UNSIGNED"
    })
    void a_timestamp_is_seconds_or_milliseconds(String timestamp, Verdict verdict) {
        String signature = "v0=" + hex("key", "v0:" + timestamp + ":e-7:" + BODY);
        assertEquals(
                verdict,
                of(TIMED)
                        .verify(delivery(
                                BODY, "X-Signature", signature, "X-Timestamp", timestamp, "X-Event-Id", "e-7")));
    }

    /** RFC 2202, case 2 of SHA-1, and RFC 4231, case 2. */
    @ParameterizedTest
    @CsvSource({
        "sha1, effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "sha256, 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "sha512, 164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    })
    void the_published_digests_fit(String algorithm, String digest) {
        String body = "what do ya want for nothing?";
        for (String[] key : List.of(
                new String[] {"text", "Jefe"}, new String[] {"hex", "4a656665"}, new String[] {"base64", "SmVmZQ=="})) {
            Scheme scheme = scheme(
                    "hmac",
                    "header",
                    "x-s",
                    "secrets",
                    key[1],
                    "secret-encoding",
                    key[0],
                    "algorithm",
                    algorithm,
                    "id",
                    "/id");
            assertEquals(Verdict.SIGNED, scheme.verify(delivery(body, "X-S", digest)));
        }
    }

    @Test
    void the_url_is_signed_to_the_letter() {
        String url = "https://hooks.example.com/v1/webhooks/shop?x=1";
        Scheme scheme = with("signed", "POST{url}{body}", "url", url);
        assertEquals(Verdict.SIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", "POST" + url + BODY))));
        assertEquals(
                Verdict.UNSIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", "POST" + url + "/" + BODY))));
        assertEquals(Verdict.UNSIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", BODY))));
    }

    @Test
    void a_signed_header_that_is_empty_is_refused() {
        Scheme scheme = with("signed", "{header:x-a}{body}");
        assertEquals(Verdict.UNSIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", BODY))));
        assertEquals(Verdict.UNSIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", BODY), "x-a", "")));
        assertEquals(Verdict.SIGNED, scheme.verify(delivery(BODY, "x-signature", hex("key", "z" + BODY), "X-A", "z")));
    }

    @Test
    void what_is_configured_is_found() {
        Scheme scheme = with(
                "signed", "{header:x-kind}.{body}",
                "type", "header:X-Kind",
                "subject", "/payment",
                "occurred-at", "/at",
                "amount", "/money/value",
                "currency", "/money/code",
                "source-account", "/from",
                "destination-account", "/to");
        Event expected = Event.of("e-1")
                .ofType("paid")
                .about("p-1")
                .at(NOW)
                .from("a")
                .to("b")
                .worth(major("10.50", "USD"));
        assertEvents(List.of(expected), scheme.events(delivery(BODY, "x-kind", "paid")));
        assertEquals(List.of("x-signature", "x-kind"), scheme.headersToKeep());
    }

    @Test
    void names_with_slashes_and_tildes_are_found() {
        Scheme scheme = with("id", "/a~1b/c~0d/0");
        assertEquals(
                "x",
                scheme.events(delivery("{\"a/b\":{\"c~d\":[\"x\"]}}")).get(0).identity());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            {"id":"e","v":1234,"c":"JPY"} | 1234 JPY | -
            {"id":"e","v":1234,"c":"KWD"} | 1.234 KWD | -
            {"id":"e","v":1234,"c":"CLF"} | 0.1234 CLF | -
            {"id":"e","v":-1234,"c":"ISK"} | -1234 ISK | -
            {"id":"e","v":12.5,"c":"EUR"} | - | MALFORMED_AMOUNT
            {"id":"e","v":1234,"c":"XXX"} | - | UNKNOWN_CURRENCY
            {"id":"e","v":1234} | - | NO_CURRENCY
            {"id":"e","c":"EUR"} | - | NO_AMOUNT
            """)
    void smallest_units_are_those_of_iso_4217(String body, @Nullable String worth, @Nullable Unmapped why) {
        Event event = with("amount", "/v", "currency", "/c", "unit", "minor")
                .events(delivery(body))
                .get(0);
        assertEquals(worth, SchemeFixture.worth(event));
        assertEquals(why, event.unmapped());
    }

    @Test
    void an_event_whose_id_is_not_found_is_told_apart_by_its_bytes() {
        Scheme scheme = with();
        assertEvents(
                List.of(Event.of(Event.digest("{}")).because(Unmapped.NO_IDENTITY)), scheme.events(delivery("{}")));
        assertEvents(
                List.of(Event.of(Event.digest("a=b")).because(Unmapped.UNREADABLE)), scheme.events(delivery("a=b")));
        assertEvents(
                List.of(Event.of("e-7").because(Unmapped.UNREADABLE)),
                of(TIMED).events(delivery("a=b", "x-event-id", "e-7")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            header | - | header must be set: the one with the signature
            header | x signature | header must be the name of a header, such as x-signature
            id | - | id must be set: where the event's own id stands, such as /id or header:x-event-id
            id | id | id must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            id | $.id | id must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            id | /a~2 | id must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            id | header:x-id | id must be a header that is signed, and none is: signed would have to say {header:x-name}
            type | kind | type must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            subject | header:x-a | subject must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            occurred-at | at | occurred-at must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            source-account | a~ | source-account must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            destination-account | a | destination-account must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~
            amount | /v | currency must be set too: an amount needs both, such as /data/amount and /data/currency
            currency | /c | amount must be set too: an amount needs both, such as /data/amount and /data/currency
            unit | cents | unit must be one of minor, major
            algorithm | md5 | algorithm must be one of sha1, sha256, sha512
            algorithm | SHA256 | algorithm must be one of sha1, sha256, sha512
            encoding | hexadecimal | encoding must be one of hex, base64
            secret-encoding | utf8 | secret-encoding must be one of text, hex, base64
            secret-encoding | hex | secrets: entry 1 must be hexadecimal digits, two for each byte
            prefix | é | prefix must be printable ASCII, such as sha256=
            tolerance | PT5M | timestamp-header must be set too: a tolerance needs a time that is signed
            timestamp-header | x-time | signed must have {timestamp} in it: a timestamp-header that is not signed proves nothing
            timestamp-header | x time | timestamp-header must be the name of a header, such as x-signature
            signed | {timestamp}{body} | timestamp-header must be set: signed has {timestamp} in it
            signed | {url}{body} | url must be set: signed has {url} in it, such as https://hooks.example.com/v1/webhooks/square
            signed | {header:x-a} | signed must have {body} in it once: nothing else of the body could be relied on
            signed | {body}{body} | signed must have {body} in it once: nothing else of the body could be relied on
            signed | {query}{body} | signed must have no other places than {body}, {url}, {timestamp} and {header:x-name} in it
            signed | {header:}{body} | signed must have no other places than {body}, {url}, {timestamp} and {header:x-name} in it
            signed | {header:x a}{body} | signed must have no other places than {body}, {url}, {timestamp} and {header:x-name} in it
            signed | {body | signed must be text with {body}, {url}, {timestamp} and {header:x-name} in it, of at most 32 parts and without other braces
            signed | {body}} | signed must be text with {body}, {url}, {timestamp} and {header:x-name} in it, of at most 32 parts and without other braces
            signed | {}{body} | signed must be text with {body}, {url}, {timestamp} and {header:x-name} in it, of at most 32 parts and without other braces
            secrets | - | secrets or secrets-file must be set: what the provider signs with
            """)
    void each_setting_that_is_wrong_is_told_in_one_line(String setting, @Nullable String value, String problem) {
        Map<String, String> all = settings(PLAIN);
        all.remove(setting);
        if (value != null) {
            all.put(setting, value);
        }
        assertEquals(problem, refusal("hmac", flat(all)));
    }

    @Test
    void a_template_of_too_many_parts_is_refused() {
        Map<String, String> all = settings(PLAIN);
        all.put("signed", "{body}" + "{header:x-a}".repeat(32));
        assertEquals(true, refusal("hmac", flat(all)).startsWith("signed must be text"));
        all.put("signed", "{body}" + "{header:x-a}".repeat(31));
        scheme("hmac", flat(all));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        Scheme scheme = with(
                "subject",
                "/payment",
                "occurred-at",
                "/at",
                "amount",
                "/money/value",
                "currency",
                "/money/code",
                "type",
                "/kind");
        return SchemeFixture.survived(scheme, Map.of("X-Signature", hex("key", BODY)), BODY + "\n");
    }

    private static Map<String, String> timed(long seconds) {
        return Map.of(
                "X-Signature",
                "v0=" + hex("key", "v0:" + seconds + ":e-7:" + BODY),
                "X-Timestamp",
                String.valueOf(seconds),
                "X-Event-Id",
                "e-7");
    }

    private static String hex(String key, String content) {
        return HexFormat.of().formatHex(hmac("HmacSHA256", bytes(key), content));
    }

    private static Scheme with(String... more) {
        Map<String, String> all = settings(PLAIN);
        all.putAll(settings(more));
        return scheme("hmac", flat(all));
    }

    private static Scheme of(Map<String, String> settings) {
        return scheme("hmac", flat(settings));
    }

    private static String[] flat(Map<String, String> settings) {
        List<String> flat = new ArrayList<>();
        settings.forEach((name, value) -> {
            flat.add(name);
            flat.add(value);
        });
        return flat.toArray(String[]::new);
    }
}
