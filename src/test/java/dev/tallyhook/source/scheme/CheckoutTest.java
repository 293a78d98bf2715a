package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hex;
import static dev.tallyhook.source.scheme.SchemeFixture.minor;
import static dev.tallyhook.source.scheme.SchemeFixture.refusal;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckoutTest {

    private static final String HEADER = "Cko-Signature";
    private static final String SECRET = "cko-key";
    private static final Scheme SCHEME = scheme("checkout", "secrets", SECRET);

    private static final String CAPTURED = """
            {"id":"evt_1","type":"payment_captured","version":"1.0.0","created_on":"2026-11-27T10:00:00.0000000Z","data":{"id":"pay_1",
            "action_id":"act_1","amount":1000,"currency":"GBP","reference":"ORD-1","processed_on":"2026-11-27T09:59:59Z",
            "customer":{"id":"cus_1"},"source":{"id":"src_1","type":"card"}},"_links":{}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        settings("scheme", "checkout", "secrets", SECRET),
                        "another",
                        CAPTURED,
                        Map.of(HEADER, hex(SECRET, CAPTURED), "Authorization", "fixed"),
                        HEADER,
                        List.of())
                .cases();
    }

    @Test
    void a_signature_is_required() {
        assertEquals("secrets or secrets-file must be set: what the provider signs with", refusal("checkout"));
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(CAPTURED, "Authorization", SECRET)));
    }

    @Test
    void an_event_is_about_a_payment() {
        Event expected = Event.of("evt_1")
                .ofType("payment_captured")
                .about("pay_1")
                .at(NOW)
                .from("cus_1")
                .worth(minor("10.00", "GBP", "1000"));
        assertEvents(List.of(expected), SCHEME.events(delivery(CAPTURED)));
        assertEvents(
                List.of(expected.from("src_1")),
                SCHEME.events(
                        delivery(CAPTURED.replace("created_on", "timestamp").replace("cus_1", ""))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            payment_refunded | "id":"p","amount":12340,"currency":"KWD" | p | - | 12.340 KWD | -
            payment_refunded | "id":"p","amount":12345,"currency":"KWD" | p | - | 12.345 KWD | BROKEN_AMOUNT_RULE
            payment_approved | "id":"p","amount":500,"currency":"CLP" | p | - | 5.00 CLP | -
            payment_approved | "id":"p","currency":"USD" | p | - | - | NO_AMOUNT
            payment_voided | "id":"p" | p | - | - | -
            payment_voided | "id":"p","amount":500,"currency":"USD" | p | - | 5.00 USD | -
            payment_canceled | "id":"p","amount":"x","currency":"USD" | p | - | - | MALFORMED_AMOUNT
            payment_paid | "id":"p","amount":5,"currency":"JPY","destination":{"id":"dst_1"} | p | dst_1 | 5 JPY | -
            authentication_failed | "id":"sid_1","payment_id":"p","amount":"500","currency":"USD" | p | - | 5.00 USD | -
            authentication_started | "id":"sid_1" | sid_1 | - | - | -
            dispute_received | "id":"dsp_1","payment_id":"p","amount":500,"currency":"USD" | p | - | 5.00 USD | -
            card_verified | "id":"p","amount":0,"currency":"USD" | p | - | - | UNKNOWN_TYPE
            """)
    void each_kind_has_its_amount(
            String type,
            String data,
            String subject,
            @Nullable String to,
            @Nullable String worth,
            @Nullable Unmapped why) {
        Event event = SCHEME.events(delivery("{\"id\":\"e\",\"type\":\"" + type + "\",\"data\":{" + data + "}}"))
                .get(0);
        Event expected = Event.of("e").ofType(type).about(subject).to(to).because(why);
        assertEvents(List.of(expected), List.of(event.worth(null)));
        assertEquals(worth, SchemeFixture.worth(event));
    }

    @Test
    void what_is_no_json_is_kept() {
        String broken = "{\"type\":\"authentication_failed\",\"id\":\"e\"";
        assertEvents(
                List.of(Event.of(Event.digest(broken)).because(Unmapped.UNREADABLE)), SCHEME.events(delivery(broken)));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, Map.of(HEADER, hex(SECRET, CAPTURED)), CAPTURED);
    }
}
