package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.major;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FlutterwaveTest {

    private static final String SECRET = "FLWSECK-hash-0123456789";
    private static final String SIGNATURE = "flutterwave-signature";
    private static final String TOKEN = "verif-hash";
    private static final Scheme SCHEME = Requests.scheme("flutterwave", SECRET);

    private static final String THIRD = """
            {"event":"charge.completed","data":{"id":285959875,"tx_ref":"ord-1","amount":100.10,"currency":"NGN",\
            "charged_amount":102,"created_at":"2026-11-27T10:00:00.000Z","account_id":17321,"customer":{"id":215604089}},\
            "event.type":"CARD_TRANSACTION"}""";

    private static final String FOURTH = """
            {"webhook_id":"wbk_1","timestamp":1795773600000,"type":"charge.completed","data":{"id":"chg_1","amount":2000,\
            "currency":"NGN","customer":{"id":"cus_1"},"reference":"ord-1"}}""";

    private static Requests signed(String body) {
        return Requests.of(body).with(SIGNATURE, Requests.base64("HmacSHA256", SECRET, Requests.bytes(body)));
    }

    private static Requests sent(String body) {
        return Requests.of(body).with(TOKEN, SECRET);
    }

    @Test
    void the_fourth_version_signs_the_body() {
        assertSigned(SCHEME, signed(FOURTH));
        assertUnsigned(SCHEME, signed(FOURTH).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, signed(FOURTH).withTheHeaderSpoiled(SIGNATURE));
        assertUnsigned(
                SCHEME,
                Stream.of(
                                SECRET,
                                signed(FOURTH).header(SIGNATURE).replace("=", ""),
                                Requests.hex("HmacSHA256", SECRET, Requests.bytes(FOURTH)))
                        .map(wrong -> signed(FOURTH).with(SIGNATURE, wrong)));
        assertUnsigned(Requests.scheme("flutterwave", OTHER), signed(FOURTH));
        assertSigned(Requests.scheme("flutterwave", OTHER + "," + SECRET), signed(FOURTH));
    }

    @Test
    void the_third_version_sends_the_secret() {
        assertSigned(SCHEME, sent(THIRD));
        assertUnsigned(SCHEME, sent(THIRD).withTheHeaderSpoiled(TOKEN));
        assertUnsigned(Requests.scheme("flutterwave", OTHER), sent(THIRD));
        assertSigned(Requests.scheme("flutterwave", OTHER + "," + SECRET), sent(THIRD));
    }

    @Test
    void a_wrong_signature_is_not_mended_by_the_secret() {
        assertUnsigned(SCHEME, signed(FOURTH).with(SIGNATURE, "AAAA").with(TOKEN, SECRET));
        assertSigned(SCHEME, signed(FOURTH).with(TOKEN, "wrong"));
    }

    @Test
    void the_secret_is_not_kept_and_success_is_exactly_200() {
        assertEquals(List.of(SIGNATURE), SCHEME.headersToKeep());
        assertEquals(Answer.OK, SCHEME.success());
    }

    @Test
    void both_layouts_are_mapped() {
        Instant ten = Instant.parse("2026-11-27T10:00:00Z");
        assertEquals(
                Event.of("charge.completed~285959875")
                        .ofType("charge.completed")
                        .about("ord-1")
                        .at(ten)
                        .from("215604089")
                        .to("17321")
                        .worth(major("100.10", "NGN")),
                sent(THIRD).eventOf(SCHEME));
        assertEquals(
                Event.of("wbk_1")
                        .ofType("charge.completed")
                        .about("chg_1")
                        .at(ten)
                        .from("cus_1")
                        .worth(major("2000", "NGN")),
                signed(FOURTH).eventOf(SCHEME));
        assertEquals(
                ten,
                signed(FOURTH.replace("1795773600000", "1795773600"))
                        .eventOf(SCHEME)
                        .occurredAt());
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, unmapped("x"));
        assertEquals(Unmapped.UNKNOWN_TYPE, unmapped("{}"));
        assertEquals(Unmapped.UNKNOWN_TYPE, unmapped(FOURTH.replace("charge.completed", "comet.seen")));
        assertEquals(Unmapped.NO_IDENTITY, unmapped(THIRD.replace("285959875", "null")));
        assertEquals(Unmapped.NO_AMOUNT, unmapped(FOURTH.replace("2000", "null")));
        assertEquals(Unmapped.NO_CURRENCY, unmapped(FOURTH.replace("NGN", "")));
        assertNotEquals(
                sent("{\"event\":\"comet.seen\",\"data\":{\"id\":1}}").eventOf(SCHEME),
                sent("{\"event\":\"comet.seen\",\"data\":{\"id\":1,\"again\":1}}")
                        .eventOf(SCHEME));
    }

    private static Unmapped unmapped(String body) {
        return sent(body).eventOf(SCHEME).unmapped();
    }
}
