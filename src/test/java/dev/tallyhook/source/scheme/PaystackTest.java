package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.minor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import java.time.Instant;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PaystackTest {

    private static final String SECRET = "sk_live_0123456789";
    private static final String HEADER = "x-paystack-signature";
    private static final Scheme SCHEME = Requests.scheme("paystack", SECRET);

    private static final String CHARGE = """
            {"event":"charge.success","data":{"id":9223372036854775809,"status":"success","reference":"ref-1",\
            "amount":10050,"currency":"NGN","paid_at":"2026-11-27T10:00:00.000Z",\
            "created_at":"2026-11-27T09:58:00.000Z","customer":{"id":84312,"customer_code":"CUS_1"}}}""";

    private static Requests signed(String body) {
        return Requests.of(body).with(HEADER, Requests.hex("HmacSHA512", SECRET, Requests.bytes(body)));
    }

    private static Event event(String body) {
        return signed(body).eventOf(SCHEME);
    }

    @Test
    void nothing_may_be_changed() {
        assertSigned(SCHEME, signed(CHARGE));
        assertUnsigned(SCHEME, signed(CHARGE).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, signed(CHARGE).withTheHeaderSpoiled(HEADER));
        assertUnsigned(
                SCHEME,
                Stream.of(
                                signed(CHARGE).header(HEADER).toUpperCase(Locale.ROOT),
                                Requests.hex("HmacSHA256", SECRET, Requests.bytes(CHARGE)),
                                Requests.base64("HmacSHA512", SECRET, Requests.bytes(CHARGE)),
                                "sha512=" + signed(CHARGE).header(HEADER),
                                SECRET)
                        .map(wrong -> signed(CHARGE).with(HEADER, wrong)));
        assertUnsigned(Requests.scheme("paystack", OTHER), signed(CHARGE));
        assertSigned(Requests.scheme("paystack", OTHER + "," + SECRET), signed(CHARGE));
    }

    @Test
    void a_charge_is_counted_in_subunits_and_named_by_all_digits_of_its_id() {
        assertEquals(
                Event.of("charge.success~9223372036854775809")
                        .ofType("charge.success")
                        .about("ref-1")
                        .at(Instant.parse("2026-11-27T10:00:00Z"))
                        .from("CUS_1")
                        .worth(minor("100.50", "NGN", "10050")),
                event(CHARGE));
    }

    @Test
    void a_transfer_goes_to_its_recipient() {
        assertEquals(
                Event.of("transfer.success~37")
                        .ofType("transfer.success")
                        .about("TRF_1")
                        .at(Instant.parse("2026-11-27T10:00:00Z"))
                        .to("RCP_1")
                        .worth(minor("300.00", "GHS", "30000")),
                event("""
                        {"event":"transfer.success","data":{"id":37,"amount":30000,"currency":"GHS",\
                        "transfer_code":"TRF_1","recipient":{"recipient_code":"RCP_1"},\
                        "createdAt":"2026-11-27T10:00:00.000Z"}}"""));
        assertNotEquals(
                event("{\"event\":\"transfer.success\",\"data\":{\"id\":37}}").identity(),
                event("{\"event\":\"transfer.reversed\",\"data\":{\"id\":37}}").identity());
    }

    @Test
    void a_refund_is_named_by_its_own_reference_or_by_its_bytes() {
        String body = """
                {"event":"refund.processed","data":{"transaction_reference":"tx-1","refund_reference":"rf-1",\
                "amount":"10000","currency":"KES"}}""";
        Event refund = Event.of("refund.processed~rf-1")
                .ofType("refund.processed")
                .about("tx-1")
                .worth(minor("100.00", "KES", "10000"));
        assertEquals(refund, event(body));
        String nameless = body.replace("\"rf-1\"", "null");
        assertEquals(
                Event.ofBytes(Requests.bytes(nameless), Unmapped.NO_IDENTITY)
                        .ofType("refund.processed")
                        .about("tx-1")
                        .worth(minor("100.00", "KES", "10000")),
                event(nameless));
    }

    @Test
    void what_may_come_again_for_one_object_is_told_apart_by_its_bytes() {
        String reminder = "{\"event\":\"charge.dispute.remind\",\"data\":{\"id\":1,\"status\":\"awaiting\"}}";
        assertEquals(
                Event.of(Event.digest(Requests.bytes(reminder)))
                        .ofType("charge.dispute.remind")
                        .about("1")
                        .because(Unmapped.UNKNOWN_TYPE),
                event(reminder));
        assertEquals(
                null, event("{\"event\":\"subscription.create\",\"data\":{}}").unmapped());
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, event("").unmapped());
        assertEquals(Unmapped.UNKNOWN_TYPE, event("{}").unmapped());
        assertEquals(Unmapped.NO_AMOUNT, event(CHARGE.replace("10050", "null")).unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                event(CHARGE.replace("10050", "100.50")).unmapped());
        // Whether it has a subunit is told in two ways.
        assertEquals(
                Unmapped.UNKNOWN_CURRENCY, event(CHARGE.replace("NGN", "XOF")).unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY, event(CHARGE.replace("\"NGN\"", "{}")).unmapped());
    }
}
