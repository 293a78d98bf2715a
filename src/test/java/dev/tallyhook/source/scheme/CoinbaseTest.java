package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.SECONDS;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.bytes;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CoinbaseTest {

    private static final String SECRET = "1c0ffee0-0000-4000-8000-000000000000";
    private static final String COMMERCE = "X-CC-Webhook-Signature";
    private static final String HOOK = "X-Hook0-Signature";
    private static final String NAMES = "content-type x-event-id x-event-type";
    private static final Scheme SCHEME = Requests.scheme("coinbase", SECRET);

    private static final String CHARGE = """
            {"attempt_number":1,"id":"dlv-1","scheduled_for":"2026-11-27T10:00:00Z","event":{"id":"ev-1",\
            "type":"charge:confirmed","created_at":"2026-11-27T10:00:00Z","data":{"id":"ch-1","code":"AAAA1111",\
            "pricing":{"local":{"amount":"10.00","currency":"USD"}},"payments":[]}}}""";

    private static final String CHECKOUT = """
            {"id":"chk-1","eventType":"checkout.payment.success","amount":"50.00","currency":"USDC","network":"base",\
            "address":"0x01","status":"COMPLETED","createdAt":"2026-11-27T09:59:00Z","updatedAt":"2026-11-27T10:00:00Z"}""";

    private static Requests charge(String body) {
        return Requests.of(body).with(COMMERCE, digits("", body));
    }

    private static String digits(String before, String body) {
        return Requests.hex("HmacSHA256", SECRET, bytes(before + body));
    }

    private static Requests sent(String body) {
        return Requests.of(body)
                .with("Content-Type", "application/json")
                .with("X-Event-Id", "e-1")
                .with("X-Event-Type", "checkout.payment.success");
    }

    /** With headers bound, by v1 alone. */
    private static Requests bound(long time, String body) {
        String before = time + "." + NAMES + ".application/json.e-1.checkout.payment.success.";
        return sent(body).with(HOOK, "t=" + time + ",h=" + NAMES + ",v1=" + digits(before, body));
    }

    /** Of the body alone. */
    private static Requests unbound(long time, String body) {
        return sent(body).with(HOOK, "t=" + time + ",v0=" + digits(time + ".", body));
    }

    private static Requests both() {
        String v0 = digits(SECONDS + ".", CHECKOUT);
        return bound(SECONDS, CHECKOUT)
                .with(HOOK, bound(SECONDS, CHECKOUT).header(HOOK).replace(",h=", ",v0=" + v0 + ",h="));
    }

    @Test
    void commerce_signs_the_body() {
        assertSigned(SCHEME, charge(CHARGE));
        assertUnsigned(SCHEME, charge(CHARGE).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, charge(CHARGE).withTheHeaderSpoiled(COMMERCE));
        assertUnsigned(
                SCHEME,
                Stream.of(
                                digits("", CHARGE).toUpperCase(Locale.ROOT),
                                "sha256=" + digits("", CHARGE),
                                Requests.base64("HmacSHA256", SECRET, bytes(CHARGE)))
                        .map(wrong -> charge(CHARGE).with(COMMERCE, wrong)));
        assertUnsigned(Requests.scheme("coinbase", OTHER), charge(CHARGE));
        assertSigned(Requests.scheme("coinbase", OTHER + "," + SECRET), charge(CHARGE));
    }

    @Test
    void its_successor_signs_headers_too() {
        var request = bound(SECONDS, CHECKOUT);
        assertSigned(SCHEME, request);
        assertUnsigned(SCHEME, request.withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, request.withTheHeaderSpoiled(HOOK));
        for (String header : new String[] {"Content-Type", "X-Event-Id", "X-Event-Type"}) {
            assertUnsigned(SCHEME, request.withTheHeaderSpoiled(header));
        }
        assertUnsigned(Requests.scheme("coinbase", OTHER), request);
        assertSigned(Requests.scheme("coinbase", OTHER + "," + SECRET), request);
    }

    @Test
    void the_signature_of_the_body_alone_counts_only_where_there_is_no_other() {
        assertSigned(SCHEME, unbound(SECONDS, CHECKOUT));
        assertUnsigned(SCHEME, unbound(SECONDS, CHECKOUT).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, unbound(SECONDS, CHECKOUT).withTheHeaderSpoiled(HOOK));
        assertSigned(SCHEME, both());
        assertUnsigned(SCHEME, both().with("X-Event-Id", "e-2"));
        assertUnsigned(SCHEME, both().with(HOOK, both().header(HOOK) + "0"));
    }

    /** Otherwise whoever takes the names out of a header would make less of it count. */
    @Test
    void a_signature_that_names_no_headers_is_refused_whatever_else_stands_beside_it() {
        String v0 = ",v0=" + digits(SECONDS + ".", CHECKOUT);
        for (String before : new String[] {".", "..", "...", "." + NAMES + "."}) {
            String v1 = ",v1=" + digits(SECONDS + before, CHECKOUT);
            for (String hook : new String[] {v1, v1 + v0, v0 + v1, ",h=" + v1, ",h=" + v0 + v1}) {
                assertUnsigned(SCHEME, sent(CHECKOUT).with(HOOK, "t=" + SECONDS + hook));
            }
        }
        var both = both();
        assertUnsigned(SCHEME, both.with(HOOK, both.header(HOOK).replace(",h=" + NAMES, "")));
    }

    @Test
    void what_no_signature_binds_does_not_make_it_another_event() {
        Event event = both().eventOf(SCHEME);
        assertEquals(event, unbound(SECONDS, CHECKOUT).with("X-Event-Id", "e-2").eventOf(SCHEME));
    }

    @Test
    void a_part_of_the_body_cannot_pass_for_a_header() {
        String body = "{\"a\":\"x.{}\"}";
        String before = SECONDS + ".x-event-id.e-1.";
        String hook = "t=" + SECONDS + ",h=x-event-id,v1=" + digits(before, body);
        assertSigned(SCHEME, sent(body).with(HOOK, hook));
        assertUnsigned(SCHEME, sent("{}\"}").with(HOOK, hook).with("X-Event-Id", "e-1.{\"a\":\"x"));
    }

    @Test
    void a_header_that_is_missing_is_signed_as_empty() {
        String before = SECONDS + ".x-event-id x-missing.e-1..";
        assertSigned(
                SCHEME,
                sent(CHECKOUT).with(HOOK, "t=" + SECONDS + ",h=x-event-id x-missing,v1=" + digits(before, CHECKOUT)));
    }

    @Test
    void names_are_names_once_and_not_too_many() {
        for (String names : new String[] {"x-event-id  x", "x{", " x", "x ", "x\u00E9", "x ".repeat(16) + "x"}) {
            String before = SECONDS + "." + names + ".";
            assertUnsigned(
                    SCHEME,
                    sent(CHECKOUT).with(HOOK, "t=" + SECONDS + ",h=" + names + ",v1=" + digits(before, CHECKOUT)));
        }
        var request = bound(SECONDS, CHECKOUT);
        assertUnsigned(SCHEME, request.with(HOOK, request.header(HOOK) + ",h=" + NAMES));
        assertUnsigned(SCHEME, request.with(HOOK, request.header(HOOK) + ",t=" + SECONDS));
        assertUnsigned(SCHEME, request.with(HOOK, request.header(HOOK).replace(",", ", ")));
    }

    @ParameterizedTest
    @CsvSource({"0,true", "-300,true", "300,true", "-301,false", "301,false"})
    void a_time_within_five_minutes_is_of_now(long off, boolean isSigned) {
        for (Requests request : new Requests[] {bound(SECONDS + off, CHECKOUT), unbound(SECONDS + off, CHECKOUT)}) {
            if (isSigned) {
                assertSigned(SCHEME, request);
            } else {
                assertUnsigned(SCHEME, request);
            }
        }
    }

    @Test
    void a_charge_is_named_by_its_event_and_not_by_its_delivery() {
        Event event = Event.of("ev-1")
                .ofType("charge:confirmed")
                .about("ch-1")
                .at(Instant.parse("2026-11-27T10:00:00Z"))
                .worth(major("10.00", "USD"));
        assertEquals(event, charge(CHARGE).eventOf(SCHEME));
        assertEquals(
                event,
                charge(CHARGE.replace("\"attempt_number\":1,\"id\":\"dlv-1\"", "\"attempt_number\":2,\"id\":77"))
                        .eventOf(SCHEME));
    }

    @Test
    void a_checkout_is_named_by_its_type_and_its_time() {
        Event event = Event.of("checkout.payment.success~chk-1~2026-11-27T10:00:00Z")
                .ofType("checkout.payment.success")
                .about("chk-1")
                .at(Instant.parse("2026-11-27T10:00:00Z"))
                .to("0x01")
                .worth(major("50.00", "USDC"));
        assertEquals(event, bound(SECONDS, CHECKOUT).eventOf(SCHEME));
        assertEquals(event, bound(SECONDS + 60, CHECKOUT).eventOf(SCHEME));
        Event refund = bound(SECONDS, CHECKOUT.replace("payment.success", "refund.success"))
                .eventOf(SCHEME);
        assertEquals(null, refund.destinationAccount());
        assertNotEquals(event.identity(), refund.identity());
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, unmapped("\""));
        assertEquals(Unmapped.NO_IDENTITY, unmapped("{}"));
        assertEquals(Unmapped.NO_IDENTITY, unmapped("{\"event\":{\"type\":\"charge:created\"}}"));
        assertEquals(Unmapped.UNKNOWN_TYPE, unmapped(CHARGE.replace("charge:confirmed", "comet:seen")));
        assertEquals(Unmapped.UNKNOWN_TYPE, unmapped(CHECKOUT.replace("checkout.", "comet.")));
        assertEquals(Unmapped.NO_AMOUNT, unmapped(CHARGE.replace("pricing", "no_price")));
        assertEquals(Unmapped.MALFORMED_AMOUNT, unmapped(CHECKOUT.replace("50.00", "fifty")));
        assertEquals(Unmapped.NO_CURRENCY, unmapped(CHECKOUT.replace("\"USDC\"", "null")));
    }

    private static Unmapped unmapped(String body) {
        return charge(body).eventOf(SCHEME).unmapped();
    }
}
