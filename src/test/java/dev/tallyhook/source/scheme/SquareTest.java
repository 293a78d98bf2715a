package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.base64;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
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

class SquareTest {

    private static final String HEADER = "x-square-hmacsha256-signature";
    private static final String SECRET = "square-key";
    private static final String URL = "https://hooks.example.com/v1/webhooks/square";
    private static final Scheme SCHEME = scheme("square", "secrets", SECRET, "url", URL);

    private static final String UPDATED = """
            {"merchant_id":"MLR1","type":"payment.updated","event_id":"e-1","created_at":"2026-11-27T10:00:00Z","data":{"type":"payment",
            "id":"OTHER","object":{"payment":{"id":"PAY1","amount_money":{"amount":1500,"currency":"USD"},
            "total_money":{"amount":1600,"currency":"USD"},"customer_id":"CUST1","status":"COMPLETED"}}}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        settings("scheme", "square", "secrets", SECRET, "url", URL),
                        "another",
                        UPDATED,
                        Map.of(HEADER, base64(SECRET, URL + UPDATED)),
                        HEADER,
                        List.of())
                .cases();
    }

    @ParameterizedTest
    @CsvSource({
        "http://hooks.example.com/v1/webhooks/square",
        "https://hooks.example.com/v1/webhooks/square/",
        "https://hooks.example.com:443/v1/webhooks/square",
        "https://hooks.example.com/v1/webhooks/Square",
        "https://hooks.example.com"
    })
    void the_url_is_signed_to_the_letter(String url) {
        Scheme other = scheme("square", "secrets", SECRET, "url", url);
        assertEquals(Verdict.UNSIGNED, other.verify(delivery(UPDATED, HEADER, base64(SECRET, URL + UPDATED))));
        assertEquals(Verdict.UNSIGNED, other.verify(delivery(UPDATED, HEADER, base64(SECRET, UPDATED))));
    }

    @Test
    void the_url_must_be_configured() {
        assertEquals(
                "url must be set: Square signs the notification URL as it is set there, such as"
                        + " https://hooks.example.com/v1/webhooks/square",
                refusal("square", "secrets", SECRET));
        for (String wrong : List.of("hooks.example.com", "ftp://a", "https://", "https://a b")) {
            assertEquals(
                    "url must be a URL that starts with https:// or http://, without blanks",
                    refusal("square", "secrets", SECRET, "url", wrong));
        }
    }

    @Test
    void a_payment_is_worth_its_amount_without_the_tip() {
        Event expected = Event.of("e-1")
                .ofType("payment.updated")
                .about("PAY1")
                .at(NOW)
                .from("CUST1")
                .to("MLR1")
                .worth(minor("15.00", "USD", "1500"));
        assertEvents(List.of(expected), SCHEME.events(delivery(UPDATED)));
        assertEvents(
                List.of(expected),
                SCHEME.events(delivery(UPDATED, "square-retry-number", "3", "square-retry-reason", "http_timeout")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            payment.created | "payment":{"id":"p","amount_money":{"amount":7,"currency":"JPY"}} | p | 7 JPY | -
            payment.created | "payment":{"id":"p"} | p | - | NO_AMOUNT
            payment.created | "payment":{"id":"p","amount_money":{"amount":7,"currency":"XUS"}} | p | - | UNKNOWN_CURRENCY
            refund.created | "refund":{"id":"r","payment_id":"p","amount_money":{"amount":250,"currency":"GBP"}} | p | 2.50 GBP | -
            payout.sent | "payout":{"id":"po","amount_money":{"amount":-250,"currency":"GBP"}} | po | -2.50 GBP | -
            dispute.created | "dispute":{"id":"d","disputed_payment":{"payment_id":"p"},"amount_money":{"amount":1,"currency":"USD"}} | p | 0.01 USD | -
            dispute.created | "object":{"id":"d","amount_money":{"amount":1,"currency":"USD"}} | d | 0.01 USD | -
            invoice.published | "invoice":{"id":"i","payment_requests":[]} | i | - | UNKNOWN_TYPE
            customer.created | "customer":{"id":"c"} | - | - | UNKNOWN_TYPE
            """)
    void each_object_has_its_amount(
            String type, String object, @Nullable String subject, @Nullable String worth, @Nullable Unmapped why) {
        Event event = SCHEME.events(delivery("{\"merchant_id\":\"M\",\"event_id\":\"e\",\"type\":\"" + type
                        + "\",\"data\":{\"id\":\"x\",\"object\":{" + object + "}}}"))
                .get(0);
        Event expected = Event.of("e").ofType(type).about(subject).to("M").because(why);
        assertEvents(List.of(expected), List.of(event.worth(null)));
        assertEquals(worth, SchemeFixture.worth(event));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, Map.of(HEADER, base64(SECRET, URL + UPDATED)), UPDATED);
    }
}
