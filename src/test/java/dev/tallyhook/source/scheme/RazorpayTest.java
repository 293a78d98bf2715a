package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hex;
import static dev.tallyhook.source.scheme.SchemeFixture.minor;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
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

class RazorpayTest {

    private static final String HEADER = "X-Razorpay-Signature";
    private static final String SECRET = "rzp secret";
    private static final Scheme SCHEME = scheme("razorpay", "secrets", SECRET);
    private static final Instant AT = Instant.ofEpochSecond(1795820005);

    private static final String CAPTURED = """
            {"entity":"event","account_id":"acc_1","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":
            {"id":"pay_1","entity":"payment","amount":50000,"currency":"INR","status":"captured","order_id":"order_1",
            "customer_id":"cust_1","email":"a@example.com","captured":true,"created_at":1795820000}}},"created_at":1795820005}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        settings("scheme", "razorpay", "secrets", SECRET),
                        "another",
                        CAPTURED,
                        Map.of(HEADER, hex(SECRET, CAPTURED), "x-razorpay-event-id", "e-1"),
                        HEADER,
                        List.of())
                .cases();
    }

    @Test
    void the_event_is_told_apart_by_what_is_signed_and_not_by_the_header_that_is_not() {
        Event expected = Event.of("acc_1~payment.captured~pay_1~1795820005")
                .ofType("payment.captured")
                .about("pay_1")
                .at(AT)
                .from("cust_1")
                .to("acc_1")
                .worth(minor("500.00", "INR", "50000"));
        assertEvents(List.of(expected), SCHEME.events(delivery(CAPTURED, "x-razorpay-event-id", "e-1")));
        assertEvents(List.of(expected), SCHEME.events(delivery(CAPTURED, "x-razorpay-event-id", "e-2")));
    }

    @Test
    void other_parts_give_another_identity() {
        assertEquals(
                4,
                Stream.of(
                                CAPTURED,
                                CAPTURED.replace("acc_1", "acc_2"),
                                CAPTURED.replace("pay_1", "pay_2"),
                                CAPTURED.replace("1795820005", "1795820006"))
                        .map(body -> SCHEME.events(delivery(body)).get(0).identity())
                        .distinct()
                        .count());
        String colon = CAPTURED.replace("acc_1", "acc_1~payment.captured").replace("\"payment.captured\"", "\"x\"");
        assertEquals(71, SCHEME.events(delivery(colon)).get(0).identity().length());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            payment.failed | "payment" | "payment":{"entity":{"id":"p","amount":100,"currency":"KWD"}} | p | p | 0.100 KWD | -
            payment.failed | "payment" | "payment":{"entity":{"id":"p","amount":101,"currency":"KWD"}} | p | p | 0.101 KWD | BROKEN_AMOUNT_RULE
            payment.failed | "payment" | "payment":{"entity":{"id":"p","currency":"INR"}} | p | p | - | NO_AMOUNT
            payment.failed | "payment" | "payment":{"entity":{"id":"p","amount":100}} | p | p | - | NO_CURRENCY
            payment.failed | "payment" | "payment":{"entity":{"id":"p","amount":100,"currency":"LYD"}} | p | p | - | UNKNOWN_CURRENCY
            refund.processed | "refund","payment" | "refund":{"entity":{"id":"r","payment_id":"p","amount":30,"currency":"INR"}},"payment":{"entity":{"id":"p","amount":100,"currency":"INR"}} | p~r | p | 0.30 INR | -
            order.paid | "payment","order" | "order":{"entity":{"id":"o","amount":100,"amount_paid":90,"currency":"INR"}},"payment":{"entity":{"id":"p","amount":80,"currency":"INR"}} | o~p | o | 0.90 INR | -
            order.paid | "payment","order" | "order":{"entity":{"id":"o","amount":100,"currency":"INR"}},"payment":{"entity":{"id":"p","amount":80,"currency":"INR"}} | o~p | o | 0.80 INR | -
            payment.dispute.created | "payment","dispute" | "dispute":{"entity":{"id":"d","payment_id":"p","amount":10,"currency":"INR"}},"payment":{"entity":{"id":"p","amount":80,"currency":"INR"}} | d~p | p | 0.10 INR | -
            payout.processed | "payout" | "payout":{"entity":{"id":"x","amount":10,"currency":"INR"}} | x | x | - | UNKNOWN_TYPE
            payout.processed | "payout","other" | "payout":{"entity":{"id":"x"}},"other":{"entity":{"id":"a"}} | a~x | x | - | UNKNOWN_TYPE
            payment.downtime.started | "payment.downtime" | "payment.downtime":{"entity":{"id":"down"}} | down | down | - | UNKNOWN_TYPE
            qr_code.closed | "qr_code" | "qr_code":{"entity":{"id":"q"}} | q | q | - | UNKNOWN_TYPE
            qr_code.credited | "payment","qr_code" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"qr_code":{"entity":{"id":"q","payments_amount_received":200}} | p~q | p | 0.80 INR | -
            qr_code.credited | "qr_code" | "qr_code":{"entity":{"id":"q","payments_amount_received":200}} | q | q | - | UNKNOWN_TYPE
            virtual_account.credited | "payment","virtual_account","bank_transfer" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"virtual_account":{"entity":{"id":"v","amount_paid":200}},"bank_transfer":{"entity":{"id":"b","amount":80}} | b~p~v | p | 0.80 INR | -
            payment_link.partially_paid | "payment_link","order","payment" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"payment_link":{"entity":{"id":"l","amount":200}},"order":{"entity":{"id":"o","amount_paid":150}} | o~p~l | p | 0.80 INR | -
            payment_link.paid | "payment_link","order","payment" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"payment_link":{"entity":{"id":"l","amount":200}},"order":{"entity":{"id":"o","amount_paid":150}} | o~p~l | p | 0.80 INR | -
            invoice.partially_paid | "payment","order","invoice" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"invoice":{"entity":{"id":"i","amount_paid":150}},"order":{"entity":{"id":"o"}} | i~o~p | p | 0.80 INR | -
            invoice.paid | "payment","order","invoice" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"invoice":{"entity":{"id":"i","amount_paid":150}},"order":{"entity":{"id":"o"}} | i~o~p | p | 0.80 INR | -
            subscription.charged | "subscription","payment" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}},"subscription":{"entity":{"id":"s"}} | p~s | p | 0.80 INR | -
            thing.happened | "payment" | "payment":{"entity":{"id":"p","amount":80,"currency":"INR"}} | p | p | 0.80 INR | -
            """)
    void each_entity_has_its_amount(
            String type,
            String contains,
            String payload,
            String entities,
            String subject,
            @Nullable String worth,
            @Nullable Unmapped why) {
        Event event = SCHEME.events(delivery("{\"account_id\":\"acc_1\",\"created_at\":1795820005,\"event\":\"" + type
                        + "\",\"contains\":[" + contains + "],\"payload\":{" + payload + "}}"))
                .get(0);
        Event expected = Event.of("acc_1~" + type + "~" + entities + "~1795820005")
                .ofType(type)
                .about(subject)
                .at(AT)
                .to("acc_1")
                .because(why);
        assertEvents(List.of(expected), List.of(event.worth(null)));
        assertEquals(worth, SchemeFixture.worth(event));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qr_code.credited",
                "virtual_account.credited",
                "payment_link.partially_paid",
                "invoice.partially_paid",
                "thing.happened"
            })
    void two_payments_within_a_second_are_two_events_and_a_retry_of_one_is_none(String type) {
        String thing = type.substring(0, type.indexOf('.'));
        String first = CAPTURED.replace("\"payment.captured\"", "\"" + type + "\"")
                .replace("[\"payment\"]", "[\"" + thing + "\",\"payment\"]")
                .replace("\"payload\":{", "\"payload\":{\"" + thing + "\":{\"entity\":{\"id\":\"thing_1\"}},");
        String second = first.replace("pay_1", "pay_2");
        String retry = first.replace("[\"" + thing + "\",\"payment\"]", "[\"payment\",\"" + thing + "\"]");
        assertNotEquals(first, retry);
        assertNotEquals(identity(first), identity(second));
        assertEquals(identity(first), identity(retry));
    }

    private static String identity(String body) {
        return SCHEME.events(delivery(body)).get(0).identity();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"contains\":[\"payment\",\"order\"]",
                "\"contains\":[\"payment\",\"a/b\"]",
                "\"contains\":[\"payment\",{}]",
                "\"contains\":[]",
                "\"contains\":null"
            })
    void what_contains_something_without_an_id_is_told_apart_by_its_bytes(String contains) {
        String body = CAPTURED.replace("\"contains\":[\"payment\"]", contains);
        assertEquals(Event.digest(body), identity(body));
        assertNotEquals(null, SCHEME.events(delivery(body)).get(0).unmapped());
    }

    @Test
    void what_lacks_a_part_of_its_identity_is_told_apart_by_its_bytes() {
        String without = CAPTURED.replace("\"account_id\":\"acc_1\",", "");
        Event event = SCHEME.events(delivery(without)).get(0);
        assertEquals(Event.digest(without), event.identity());
        assertEquals(Unmapped.NO_IDENTITY, event.unmapped());
        assertEquals("500.00 INR", SchemeFixture.worth(event));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, Map.of(HEADER, hex(SECRET, CAPTURED)), CAPTURED);
    }
}
