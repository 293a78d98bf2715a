package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.major;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import java.time.Instant;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MollieTest {

    private static final String SECRET = "whsec-of-mollie";
    private static final String HEADER = "X-Mollie-Signature";
    private static final Scheme SCHEME = Requests.scheme("mollie", SECRET);

    private static final String LINK = """
            {"resource":"event","id":"event_1","type":"payment-link.paid","entityId":"pl_1",\
            "createdAt":"2026-11-27T10:00:00.0Z","_embedded":{"entity":{"resource":"payment-link","id":"pl_other",\
            "amount":{"value":"24.95","currency":"EUR"},"customerId":"cst_1","profileId":"pfl_1"}},"_links":{}}""";

    private static Requests signed(String body) {
        return Requests.of(body).with(HEADER, "sha256=" + Requests.hex("HmacSHA256", SECRET, Requests.bytes(body)));
    }

    private static Event event(String body) {
        return signed(body).eventOf(SCHEME);
    }

    @Test
    void the_prefix_may_be_left_out() {
        assertSigned(SCHEME, signed(LINK));
        assertSigned(SCHEME, signed(LINK).with(HEADER, digits()));
    }

    private static String digits() {
        return signed(LINK).header(HEADER).substring("sha256=".length());
    }

    @Test
    void nothing_may_be_changed() {
        assertUnsigned(SCHEME, signed(LINK).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, signed(LINK).withTheHeaderSpoiled(HEADER));
        assertUnsigned(SCHEME, signed(LINK).with(HEADER, digits()).withTheHeaderSpoiled(HEADER));
        assertUnsigned(
                SCHEME,
                Stream.of(
                                digits().toUpperCase(Locale.ROOT),
                                "sha256=sha256=" + digits(),
                                "SHA256=" + digits(),
                                "sha1=" + digits(),
                                "sha256= " + digits(),
                                digits() + "," + digits(),
                                Requests.base64("HmacSHA256", SECRET, Requests.bytes(LINK)))
                        .map(wrong -> signed(LINK).with(HEADER, wrong)));
        assertUnsigned(Requests.scheme("mollie", OTHER), signed(LINK));
    }

    @Test
    void a_classic_webhook_is_refused() {
        assertUnsigned(SCHEME, Requests.of("id=tr_1"));
    }

    /** As some of Mollie's pages show it: its id is that of the payment, and stays. */
    @Test
    void a_payment_that_is_no_event_is_another_one_with_each_change() {
        String open =
                "{\"resource\":\"payment\",\"id\":\"tr_1\",\"status\":\"open\",\"amount\":{\"value\":\"24.95\",\"currency\":\"EUR\"}}";
        Event first = event(open);
        Event paid = event(open.replace("\"open\"", "\"paid\""));
        assertEquals(first, event(open));
        assertNotEquals(first.identity(), paid.identity());
        assertNotEquals("tr_1", first.identity());
        assertEquals(Unmapped.NO_IDENTITY, paid.unmapped());
    }

    @Test
    void each_secret_is_tried() {
        assertSigned(Requests.scheme("mollie", OTHER + "," + SECRET), signed(LINK));
        assertSigned(Requests.scheme("mollie", SECRET + "," + OTHER), signed(LINK));
    }

    @Test
    void an_event_with_its_object_has_money() {
        assertEquals(
                Event.of("event_1")
                        .ofType("payment-link.paid")
                        .about("pl_1")
                        .at(Instant.parse("2026-11-27T10:00:00Z"))
                        .from("cst_1")
                        .to("pfl_1")
                        .worth(major("24.95", "EUR")),
                event(LINK));
    }

    @Test
    void a_refund_goes_to_nobody_that_is_known() {
        assertEquals(
                Event.of("event_2").ofType("refund.refunded").about("re_1").worth(major("5.00", "EUR")), event("""
                        {"id":"event_2","type":"refund.refunded","entityId":"re_1","_embedded":{"entity":{"id":"re_1",\
                        "amount":{"value":"5.00","currency":"EUR"},"profileId":"pfl_1"}}}"""));
    }

    @Test
    void a_booking_on_the_balance_counts_what_moved() {
        assertEquals(major("-10.25", "EUR"), event("""
                        {"id":"event_3","type":"balance-transaction.created","_embedded":{"entity":{"id":"baltr_1",\
                        "initialAmount":{"value":"-10.00","currency":"EUR"},\
                        "resultAmount":{"value":"-10.25","currency":"EUR"}}}}""").money());
    }

    @Test
    void an_event_without_its_object_is_thin() {
        for (String embedded : new String[] {"", ",\"_embedded\":null", ",\"_embedded\":{\"entity\":null}"}) {
            assertEquals(
                    Event.of("event_1").ofType("payment.paid").about("tr_1").because(Unmapped.THIN),
                    event("{\"id\":\"event_1\",\"type\":\"payment.paid\",\"entityId\":\"tr_1\"" + embedded + "}"));
        }
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, event("id=tr_1").unmapped());
        assertEquals(Unmapped.NO_IDENTITY, event("{}").unmapped());
        assertEquals(
                Event.of("e").ofType("comet.seen").because(Unmapped.UNKNOWN_TYPE),
                event("{\"id\":\"e\",\"type\":\"comet.seen\"}"));
        assertEquals(
                null, event("{\"id\":\"e\",\"type\":\"sales-invoice.paid\"}").unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT,
                event("{\"id\":\"e\",\"type\":\"payment.paid\",\"_embedded\":{\"entity\":{}}}")
                        .unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT, event(payment("\"1,00\"", "\"EUR\"")).unmapped());
        assertEquals(Unmapped.NO_CURRENCY, event(payment("\"1.00\"", "null")).unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT, event(payment("1e999999", "\"EUR\"")).unmapped());
    }

    private static String payment(String value, String currency) {
        return "{\"id\":\"e\",\"type\":\"payment.paid\",\"_embedded\":{\"entity\":{\"amount\":{\"value\":" + value
                + ",\"currency\":" + currency + "}}}}";
    }
}
