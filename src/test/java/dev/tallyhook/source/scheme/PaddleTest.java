package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
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
import org.junit.jupiter.params.provider.ValueSource;

class PaddleTest {

    private static final String HEADER = "Paddle-Signature";
    private static final String SECRET = "pdl_ntfset_01_secret";
    private static final Map<String, String> SETTINGS = settings("scheme", "paddle", "secrets", SECRET);
    private static final Scheme SCHEME = scheme("paddle", "secrets", SECRET);

    private static final String COMPLETED = """
            {"event_id":"evt_01","event_type":"transaction.completed","occurred_at":"2026-11-27T10:00:00.123456Z",
            "notification_id":"ntf_01","data":{"id":"txn_01","status":"completed","customer_id":"ctm_01","currency_code":"USD",
            "subscription_id":null,"invoice_id":"inv_01","details":{"totals":{"subtotal":"1000","tax":"200","total":"1100",
            "grand_total":"1200","currency_code":"USD"}}}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        SETTINGS, "pdl_ntfset_2", COMPLETED, at(NOW.getEpochSecond()), HEADER, List.of())
                .cases();
    }

    @TestFactory
    Stream<DynamicTest> time_is_held_on_both_sides() {
        return SchemeFixture.bounds(SETTINGS, COMPLETED, 30, PaddleTest::at);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ts=%1$d;h1=%2$s", "ts=%1$d;h1=%3$s;h1=%2$s", "ts=%1$d;h1=%2$s;h1=%3$s", "h1=%2$s;ts=%1$d"})
    void any_of_several_signatures_may_fit(String form) {
        assertEquals(Verdict.SIGNED, SCHEME.verify(delivery(COMPLETED, HEADER, header(form, ":"))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ts=%1$d,h1=%2$s",
                "ts=%1$d; h1=%2$s",
                "ts=%1$d;ts=%1$d;h1=%2$s",
                "t=%1$d;h1=%2$s",
                "ts=%1$d;v1=%2$s",
                "ts=%1$d;h1=%2$s;",
                "ts=%1$d",
                "h1=%2$s"
            })
    void a_header_that_is_not_as_documented_is_refused(String form) {
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(COMPLETED, HEADER, header(form, ":"))));
    }

    @Test
    void a_colon_and_no_full_stop_is_signed() {
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(COMPLETED, HEADER, header("ts=%1$d;h1=%2$s", "."))));
    }

    @Test
    void a_retry_is_the_same_event() {
        Event expected = Event.of("evt_01")
                .ofType("transaction.completed")
                .about("txn_01")
                .at(Instant.parse("2026-11-27T10:00:00.123456Z"))
                .from("ctm_01")
                .worth(minor("12.00", "USD", "1200"));
        assertEvents(List.of(expected), SCHEME.events(delivery(COMPLETED)));
        assertEvents(List.of(expected), SCHEME.events(delivery(COMPLETED.replace("\"ntf_01\"", "\"ntf_02\""))));
        assertEvents(List.of(expected), SCHEME.events(delivery(COMPLETED.replace("\"ntf_01\"", "null"))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            transaction.created | "id":"o","currency_code":"JPY","details":{"totals":{"grand_total":"1200"}} | o | 1200 | JPY | -
            transaction.created | "id":"o","details":{"totals":{"grand_total":"12","currency_code":"EUR"}} | o | 0.12 | EUR | -
            transaction.created | "id":"o","currency_code":"USD","details":null | o | - | - | NO_AMOUNT
            transaction.created | "id":"o","currency_code":"USD","details":{"totals":{"grand_total":"12.00"}} | o | - | - | MALFORMED_AMOUNT
            transaction.created | "id":"o","currency_code":"KWD","details":{"totals":{"grand_total":"12"}} | o | - | - | UNKNOWN_CURRENCY
            adjustment.created | "id":"o","transaction_id":"t","currency_code":"USD","totals":{"total":"150"} | t | 1.50 | USD | -
            adjustment.updated | "id":"o","currency_code":"USD","totals":{} | o | - | - | NO_AMOUNT
            payout.paid | "id":"o","amount":"100000","currency_code":"GBP" | o | 1000.00 | GBP | -
            subscription.created | "id":"o","currency_code":"USD" | o | - | - | -
            customer.updated | "id":"o" | o | - | - | -
            price.created | "id":"o","unit_price":{"amount":"5"} | o | - | - | -
            report.created | "id":"o" | o | - | - | UNKNOWN_TYPE
            """)
    void each_kind_has_its_amount(
            String type,
            String data,
            String subject,
            @Nullable String amount,
            @Nullable String currency,
            @Nullable Unmapped why) {
        Event event = SCHEME.events(
                        delivery("{\"event_id\":\"e\",\"event_type\":\"" + type + "\",\"data\":{" + data + "}}"))
                .get(0);
        Event expected = Event.of("e").ofType(type).about(subject).because(why);
        assertEvents(List.of(expected), List.of(event.worth(null)));
        assertEquals(amount == null ? null : amount + " " + currency, SchemeFixture.worth(event));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, at(NOW.getEpochSecond()), COMPLETED);
    }

    private static Map<String, String> at(long seconds) {
        return Map.of(HEADER, "ts=" + seconds + ";h1=" + hex(SECRET, seconds + ":" + COMPLETED));
    }

    private static String header(String form, String separator) {
        long now = NOW.getEpochSecond();
        String content = now + separator + COMPLETED;
        return form.formatted(now, hex(SECRET, content), hex("stranger", content));
    }
}
