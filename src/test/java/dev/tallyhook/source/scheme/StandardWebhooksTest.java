package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.bytes;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hmac;
import static dev.tallyhook.source.scheme.SchemeFixture.major;
import static dev.tallyhook.source.scheme.SchemeFixture.minor;
import static dev.tallyhook.source.scheme.SchemeFixture.refusal;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.standardwebhooks.Webhook;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import io.vertx.core.MultiMap;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StandardWebhooksTest {

    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String ANOTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    private static final Map<String, String> SETTINGS = settings("scheme", "standard-webhooks", "secrets", SECRET);
    private static final Scheme SCHEME = scheme("standard-webhooks", "secrets", SECRET);
    private static final long SECONDS = NOW.getEpochSecond();

    private static final String PAID = """
            {"type":"invoice.paid","timestamp":"2026-11-27T10:00:00Z","id":"outer","data":{"id":"inv_1","amount":"10.00","cents":1000,
            "currency":"EUR","customer":"cus_1","account":"acc_1"}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        SETTINGS,
                        ANOTHER,
                        PAID,
                        headers("msg_1", SECONDS),
                        "webhook-signature",
                        List.of("webhook-id", "webhook-timestamp"))
                .cases();
    }

    @TestFactory
    Stream<DynamicTest> what_is_signed_under_the_names_of_svix() {
        return new SchemeFixture.Signed(
                        SETTINGS,
                        ANOTHER,
                        PAID,
                        svix(headers("msg_1", SECONDS)),
                        "svix-signature",
                        List.of("svix-id", "svix-timestamp"))
                .cases();
    }

    @Test
    void under_both_names_each_header_must_be_the_same_and_come_once() {
        Map<String, String> both = new TreeMap<>(headers("msg_1", SECONDS));
        both.putAll(svix(both));
        assertEquals(Verdict.SIGNED, SCHEME.verify(new Delivery(multi(both), null, bytes(PAID))));
        for (String name : both.keySet()) {
            Map<String, String> different = new TreeMap<>(both);
            different.merge(name, name.endsWith("timestamp") ? "0" : "x", String::concat);
            assertEquals(Verdict.UNSIGNED, SCHEME.verify(new Delivery(multi(different), null, bytes(PAID))), name);
            MultiMap twice = multi(both).add(name, both.get(name));
            assertEquals(Verdict.UNSIGNED, SCHEME.verify(new Delivery(twice, null, bytes(PAID))), name);
            Map<String, String> oneOfThem = new TreeMap<>(both);
            oneOfThem.remove(name);
            assertEquals(Verdict.SIGNED, SCHEME.verify(new Delivery(multi(oneOfThem), null, bytes(PAID))), name);
        }
    }

    /** As it is mapped once more. */
    @ParameterizedTest
    @ValueSource(strings = {"header:webhook-id", "header:svix-id", ""})
    void of_what_is_kept_the_same_is_found_under_either_name(String id) {
        Scheme scheme = id.isEmpty() ? SCHEME : scheme("standard-webhooks", "secrets", SECRET, "id", id);
        Event expected = Event.of("msg_1").ofType("invoice.paid").at(NOW);
        Map<String, String> standard = headers("msg_1", SECONDS);
        for (Map<String, String> headers : List.of(standard, svix(standard))) {
            var came = new Delivery(multi(headers), null, bytes(PAID));
            MultiMap kept = MultiMap.caseInsensitiveMultiMap();
            scheme.headersToKeep().stream()
                    .filter(name -> !came.header(name).isEmpty())
                    .forEach(name -> kept.add(name, came.header(name)));
            var restored = new Delivery(kept, null, bytes(PAID));
            assertEvents(List.of(expected), scheme.events(came));
            assertEvents(List.of(expected), scheme.events(restored));
            assertEquals(Verdict.SIGNED, scheme.verify(restored));
        }
    }

    @TestFactory
    Stream<DynamicTest> time_is_held_on_both_sides() {
        return SchemeFixture.bounds(SETTINGS, PAID, 300, seconds -> headers("msg_1", seconds));
    }

    @Test
    void the_reference_library_signs_alike() throws Exception {
        String signature = new Webhook(SECRET).sign("msg_1", SECONDS, PAID);
        assertEquals(headers("msg_1", SECONDS).get("webhook-signature"), signature);
        assertEquals(Verdict.SIGNED, verdict(signature));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "v1,%1$s v1,%2$s",
                "v1,%2$s v1,%1$s",
                "v2,%2$s v1,%1$s",
                "v1a,%2$s v1,%1$s",
                "v1,%1$s v1a,%2$s",
                "v1a,a_-b.c~ v1,%1$s",
                "v2,alg=x;sig=0x00 v1,%1$s",
                "v2:%2$s v1,%1$s",
                "V3 v1,%1$s v4,",
                "v1,%1$s v2,a v2,b v2,c v2,d v2,e v2,f v2,g v2,h v2,i v2,j v2,k v2,l"
            })
    void any_signature_of_the_version_that_counts_may_fit(String form) {
        assertEquals(Verdict.SIGNED, verdict(form));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "v1,%1$s  v1,%2$s",
                "%1$s",
                "v1,%2$s %1$s",
                ",%1$s",
                "v1a,%1$s",
                "V1,%1$s",
                "v1 ,%1$s",
                "v1, %1$s",
                "v1=%1$s",
                "v2,%1$s",
                "v2:v1,%1$s",
                "v1,%1$s v1,a_-b",
                "v1,%1$s v1,",
                "v1,%1$s v2,\u00ff",
                "v1,%1$s v2,\t",
                "v1,%1$s,v1,%1$s",
                "v1,%2$s v1,%2$s v1,%2$s v1,%2$s v1,%2$s v1,%2$s v1,%2$s v1,%2$s v1,%1$s"
            })
    void a_header_that_is_not_as_specified_is_refused(String form) {
        assertEquals(Verdict.UNSIGNED, verdict(form));
    }

    @Test
    void thirty_two_parts_are_read_and_no_more() {
        assertEquals(Verdict.SIGNED, verdict("v2,x ".repeat(31) + "v1,%1$s"));
        assertEquals(Verdict.UNSIGNED, verdict("v2,x ".repeat(32) + "v1,%1$s"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"+1795773600", "1795773600.0", "1795773600000", " 1795773600", "now", "99999999999999999999"})
    void a_timestamp_that_is_no_number_of_seconds_is_refused(String timestamp) {
        String signature = "v1," + sign("msg_1." + timestamp + "." + PAID);
        assertEquals(
                Verdict.UNSIGNED,
                SCHEME.verify(delivery(
                        PAID, "webhook-id", "msg_1", "webhook-timestamp", timestamp, "webhook-signature", signature)));
    }

    @Test
    void a_secret_is_24_to_64_bytes_in_base64() {
        String where = "secrets: entry 1 ";
        assertEquals(where + "must start with whsec_", refusal("standard-webhooks", "secrets", "MfKQ9r8GKYqrTwjU"));
        assertEquals(where + "must be Base64 after whsec_", refusal("standard-webhooks", "secrets", "whsec_%%%"));
        for (int length : List.of(23, 65)) {
            assertEquals(
                    where + "must have 24 to 64 bytes after whsec_ is decoded",
                    refusal("standard-webhooks", "secrets", secret(length)));
        }
        for (int length : List.of(24, 64)) {
            scheme("standard-webhooks", "secrets", secret(length));
        }
    }

    @Test
    void unless_configured_the_identity_is_the_id_that_is_signed() {
        Event expected = Event.of("msg_1").ofType("invoice.paid").at(NOW);
        assertEvents(List.of(expected), SCHEME.events(delivery(PAID, "webhook-id", "msg_1")));
        assertEvents(
                List.of(Event.of("msg_1").because(Unmapped.UNREADABLE)),
                SCHEME.events(delivery("a=b", "webhook-id", "msg_1")));
    }

    @Test
    void what_is_configured_is_found() {
        Scheme scheme = scheme(
                "standard-webhooks",
                "secrets",
                SECRET,
                "id",
                "/id",
                "type",
                "header:Webhook-Id",
                "subject",
                "/data/id",
                "amount",
                "/data/amount",
                "currency",
                "/data/currency",
                "source-account",
                "/data/customer",
                "destination-account",
                "/data/account");
        Event expected = Event.of("outer")
                .ofType("msg_1")
                .about("inv_1")
                .at(NOW)
                .from("cus_1")
                .to("acc_1")
                .worth(major("10.00", "EUR"));
        assertEvents(List.of(expected), scheme.events(delivery(PAID, "webhook-id", "msg_1")));
        assertEvents(
                List.of(new Event("msg_1", "msg_1", null, null, null, null, null, Unmapped.NO_IDENTITY)),
                scheme.events(delivery("{}", "webhook-id", "msg_1")));
    }

    @Test
    void smallest_units_are_those_of_iso_4217() {
        Scheme scheme = scheme(
                "standard-webhooks",
                "secrets",
                SECRET,
                "amount",
                "/data/cents",
                "currency",
                "/data/currency",
                "unit",
                "minor");
        assertEquals(
                minor("10.00", "EUR", "1000"),
                scheme.events(delivery(PAID, "webhook-id", "m")).get(0).money());
        assertEquals(
                Unmapped.NO_AMOUNT,
                scheme.events(delivery("{}", "webhook-id", "m")).get(0).unmapped());
    }

    @Test
    void only_the_id_is_a_header_that_is_signed() {
        assertEquals(
                "type must be a header that is signed, one of webhook-id, svix-id",
                refusal("standard-webhooks", "secrets", SECRET, "type", "header:x-type"));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, headers("msg_1", SECONDS), PAID);
    }

    private static String secret(int length) {
        return "whsec_" + Base64.getEncoder().encodeToString(new byte[length]);
    }

    private static Verdict verdict(String form) {
        String content = "msg_1." + SECONDS + "." + PAID;
        String stranger = Base64.getEncoder().encodeToString(hmac("HmacSHA256", bytes("stranger"), content));
        return SCHEME.verify(delivery(
                PAID,
                "webhook-id",
                "msg_1",
                "webhook-timestamp",
                String.valueOf(SECONDS),
                "webhook-signature",
                form.formatted(sign(content), stranger)));
    }

    private static Map<String, String> headers(String id, long seconds) {
        return Map.of(
                "webhook-id",
                id,
                "webhook-timestamp",
                String.valueOf(seconds),
                "webhook-signature",
                "v1," + sign(id + "." + seconds + "." + PAID));
    }

    private static Map<String, String> svix(Map<String, String> standard) {
        Map<String, String> svix = new TreeMap<>();
        standard.forEach((name, value) -> svix.put(name.replace("webhook-", "svix-"), value));
        return svix;
    }

    private static MultiMap multi(Map<String, String> headers) {
        return MultiMap.caseInsensitiveMultiMap().addAll(headers);
    }

    private static String sign(String content) {
        byte[] key = Base64.getDecoder().decode(SECRET.substring("whsec_".length()));
        return Base64.getEncoder().encodeToString(hmac("HmacSHA256", key, content));
    }
}
