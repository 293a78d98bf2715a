package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hex;
import static dev.tallyhook.source.scheme.SchemeFixture.minor;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GitHubTest {

    private static final String HEADER = "X-Hub-Signature-256";
    private static final String SECRET = "It's a Secret to Everybody";
    private static final Scheme SCHEME = scheme("github", "secrets", SECRET);

    private static final String SPONSORED = """
            {"action":"created","sponsorship":{"node_id":"S_1","created_at":"2026-11-27T10:00:00+00:00",
            "sponsorable":{"login":"org-a"},"sponsor":{"login":"org-b"},"privacy_level":"public",
            "tier":{"node_id":"T_1","monthly_price_in_cents":500,"monthly_price_in_dollars":5,"name":"$5 a month"}},
            "sender":{"login":"org-b"}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        settings("scheme", "github", "secrets", SECRET),
                        "another",
                        SPONSORED,
                        Map.of(HEADER, "sha256=" + hex(SECRET, SPONSORED), "X-GitHub-Delivery", "d-1"),
                        HEADER,
                        List.of())
                .cases();
    }

    /** GitHub, "Validating webhook deliveries", "Testing the webhook payload validation". */
    @Test
    void the_documented_signature_fits() {
        String signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assertEquals(Verdict.SIGNED, SCHEME.verify(delivery("Hello, World!", HEADER, signature)));
    }

    @ParameterizedTest
    @CsvSource({"''", "SHA256=", "sha1=", "sha256:", "sha256=="})
    void another_prefix_is_refused(String prefix) {
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(SPONSORED, HEADER, prefix + hex(SECRET, SPONSORED))));
    }

    @Test
    void the_old_header_alone_is_refused() {
        assertEquals(
                Verdict.UNSIGNED,
                SCHEME.verify(delivery(SPONSORED, "X-Hub-Signature", "sha256=" + hex(SECRET, SPONSORED))));
    }

    @Test
    void a_redelivery_is_the_same_event_whatever_its_headers_say() {
        Event expected = Event.of(Event.digest(SPONSORED))
                .ofType("sponsorship.created")
                .about("S_1")
                .at(Instant.parse("2026-11-27T10:00:00Z"))
                .from("org-b")
                .to("org-a")
                .worth(minor("5.00", "USD", "500"));
        assertEvents(
                List.of(expected),
                SCHEME.events(delivery(SPONSORED, "X-GitHub-Event", "sponsorship", "X-GitHub-Delivery", "d-1")));
        assertEvents(
                List.of(expected),
                SCHEME.events(delivery(SPONSORED, "X-GitHub-Event", "push", "X-GitHub-Delivery", "d-2")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            {"action":"cancelled","sponsorship":{"node_id":"S","created_at":"2026-11-27T10:00:00Z","tier":{"monthly_price_in_cents":1250}}} | sponsorship.cancelled | S | - | 12.50 USD | -
            {"action":"created","sponsorship":{"node_id":"S","tier":{}}} | sponsorship.created | S | - | - | NO_AMOUNT
            {"sponsorship":{"tier":{"monthly_price_in_cents":"x"}}} | sponsorship | - | - | - | MALFORMED_AMOUNT
            {"action":"purchased","effective_date":"2026-11-27T10:00:00Z","marketplace_purchase":{"plan":{"monthly_price_in_cents":0}}} | marketplace_purchase.purchased | - | 2026-11-27T10:00:00Z | 0.00 USD | -
            {"zen":"Keep it simple.","hook_id":1,"hook":{"type":"Repository"}} | ping | - | - | - | -
            {"action":"opened","issue":{"id":1}} | opened | - | - | - | UNKNOWN_TYPE
            {"ref":"refs/heads/main","commits":[]} | - | - | - | - | UNKNOWN_TYPE
            """)
    void the_body_alone_tells_the_type(
            String body,
            @Nullable String type,
            @Nullable String subject,
            @Nullable Instant at,
            @Nullable String worth,
            @Nullable Unmapped why) {
        Event event = SCHEME.events(delivery(body)).get(0);
        assertEvents(
                List.of(Event.of(Event.digest(body))
                        .ofType(type)
                        .about(subject)
                        .at(at)
                        .because(why)),
                List.of(event.worth(null)));
        assertEquals(worth, SchemeFixture.worth(event));
    }

    @Test
    void who_bought_is_the_payer() {
        String body = "{\"action\":\"changed\",\"marketplace_purchase\":{\"account\":{\"id\":18404719},\"plan\":{}}}";
        assertEquals("18404719", SCHEME.events(delivery(body)).get(0).sourceAccount());
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, Map.of(HEADER, "sha256=" + hex(SECRET, SPONSORED)), SPONSORED);
    }
}
