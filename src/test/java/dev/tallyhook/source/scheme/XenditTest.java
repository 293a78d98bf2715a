package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.major;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Instant;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class XenditTest {

    private static final String TOKEN = "aBcDeF0123456789";
    private static final String HEADER = "x-callback-token";
    private static final Scheme SCHEME = Requests.scheme("xendit", TOKEN);
    private static final Instant TEN = Instant.parse("2026-11-27T10:00:00Z");

    private static final String INVOICE = """
            {"id":"inv-1","external_id":"ord-1","user_id":"biz-1","status":"PAID","amount":50000,"paid_amount":50001,\
            "currency":"IDR","paid_at":"2026-11-27T10:00:00.000Z","updated":"2026-11-27T10:00:01.000Z"}""";

    private static final String OLDER = """
            {"event":"payment.succeeded","business_id":"biz-1","created":"2026-11-27T10:00:00.000Z",\
            "data":{"id":"ewc-1","payment_request_id":"pr-1","customer_id":"cust-1","amount":1000.50,"currency":"PHP"}}""";

    private static final String NEWER = """
            {"event":"payment.capture","business_id":"biz-1","created":"2026-11-27T10:00:00.000Z",\
            "data":{"payment_id":"py-1","payment_request_id":"pr-1","customer_id":"cust-1","request_amount":10000,\
            "currency":"IDR","captures":[]}}""";

    private static Requests sent(String body) {
        return Requests.of(body).with(HEADER, TOKEN);
    }

    private static Event event(String body) {
        return sent(body).eventOf(SCHEME);
    }

    @Test
    void only_the_token_counts_and_to_the_last_character() {
        assertSigned(SCHEME, sent(INVOICE));
        assertSigned(Requests.scheme("xendit", OTHER + "," + TOKEN), sent(INVOICE));
        assertUnsigned(SCHEME, sent(INVOICE).withTheHeaderSpoiled(HEADER));
        assertUnsigned(
                SCHEME,
                Stream.of(TOKEN.toLowerCase(Locale.ROOT), TOKEN.substring(1), OTHER)
                        .map(wrong -> sent(INVOICE).with(HEADER, wrong)));
        assertUnsigned(Requests.scheme("xendit", OTHER), sent(INVOICE));
    }

    @Test
    void a_token_that_no_header_can_hold_is_refused_at_the_start() {
        // In a header each of them would be a question mark.
        assertThrows(ConfigurationException.class, () -> Requests.scheme("xendit", "t\u00F6ken\u20AC"));
    }

    @Test
    void the_token_is_not_kept() {
        assertFalse(SCHEME.headersToKeep().contains(HEADER));
    }

    @Test
    void an_invoice_is_told_by_its_status() {
        assertEquals(
                Event.of("PAID~inv-1")
                        .ofType("invoice.paid")
                        .about("ord-1")
                        .at(TEN)
                        .to("biz-1")
                        .worth(major("50001", "IDR")),
                event(INVOICE));
        assertEquals(
                Event.of("EXPIRED~inv-1")
                        .ofType("invoice.expired")
                        .about("ord-1")
                        .to("biz-1")
                        .at(TEN),
                event(INVOICE.replace("PAID", "EXPIRED")));
        assertEquals(
                major("50000", "IDR"),
                event(INVOICE.replace("\"paid_amount\":50001,", "")).money());
    }

    @Test
    void a_payment_of_the_older_layout() {
        assertEquals(
                Event.of("payment.succeeded~ewc-1")
                        .ofType("payment.succeeded")
                        .about("pr-1")
                        .at(TEN)
                        .from("cust-1")
                        .to("biz-1")
                        .worth(major("1000.50", "PHP")),
                event(OLDER));
    }

    @Test
    void a_payment_of_the_newer_layout() {
        Event event = Event.of("payment.capture~py-1")
                .ofType("payment.capture")
                .about("pr-1")
                .at(TEN)
                .from("cust-1")
                .to("biz-1");
        assertEquals(event.worth(major("10000", "IDR")), event(NEWER));
        String captured = NEWER.replace("[]", "[{\"capture_id\":\"c1\",\"capture_amount\":7000}]");
        assertEquals(major("7000", "IDR"), event(captured).money());
        String twice = NEWER.replace(
                "[]",
                "[{\"capture_id\":\"c1\",\"capture_amount\":7000},{\"capture_id\":\"c2\",\"capture_amount\":3000}]");
        assertEquals(Unmapped.NO_AMOUNT, event(twice).unmapped());
        assertNotEquals(event(captured).identity(), event(twice).identity());
    }

    @Test
    void a_refund_is_about_its_payment() {
        assertEquals(
                Event.of("refund.succeeded~rfd-1")
                        .ofType("refund.succeeded")
                        .about("py-1")
                        .worth(major("5", "IDR")),
                event("""
                        {"event":"refund.succeeded","data":{"id":"rfd-1","payment_id":"py-1","amount":5,\
                        "currency":"IDR"}}"""));
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, event("[]").unmapped());
        assertEquals(Unmapped.UNKNOWN_TYPE, event("{}").unmapped());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                event(INVOICE.replace("PAID", "COMPLETED")).unmapped());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                event(OLDER.replace("payment.succeeded", "comet.seen")).unmapped());
        assertEquals(
                Unmapped.NO_IDENTITY, event(OLDER.replace("\"ewc-1\"", "null")).unmapped());
        assertEquals(Unmapped.NO_AMOUNT, event(OLDER.replace("1000.50", "null")).unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                event(OLDER.replace("1000.50", "1e400")).unmapped());
    }
}
