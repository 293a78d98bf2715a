package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.major;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlutterwaveTest {

    private static final String SECRET = "FLWSECK-hash-0123456789";
    private static final String SIGNATURE = "flutterwave-signature";
    private static final String TOKEN = "verif-hash";
    private static final Scheme SCHEME = Requests.scheme("flutterwave", SECRET);

    private static final String THIRD = """
            {"event":"charge.completed","data":{"id":285959875,"tx_ref":"ord-1","amount":100.10,"currency":"NGN",\
            "charged_amount":102,"status":"successful","created_at":"2026-11-27T10:00:00.000Z","account_id":17321,"customer":{"id":215604089}},\
            "event.type":"CARD_TRANSACTION"}""";

    private static final String FOURTH = """
            {"webhook_id":"wbk_1","timestamp":1795773600000,"type":"charge.completed","data":{"id":"chg_1","amount":2000,\
            "currency":"NGN","status":"succeeded","customer":{"id":"cus_1"},"reference":"ord-1"}}""";

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
                Event.of("charge.completed~285959875~successful")
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
    void a_charge_that_has_failed_and_succeeds_later_is_two_events_and_its_retry_is_none() {
        String failed = THIRD.replace("successful", "failed");
        Event first = sent(failed).eventOf(SCHEME);
        assertEquals("charge.completed~285959875~failed", first.identity());
        assertEquals("charge.completed.failed", first.type());
        assertEquals(major("100.10", "NGN"), first.money());
        assertNull(first.unmapped());
        assertNotEquals(first.identity(), sent(THIRD).eventOf(SCHEME).identity());
        assertEquals(
                first.identity(),
                sent(failed.replace("102", "103")).eventOf(SCHEME).identity());
    }

    @ParameterizedTest
    @CsvSource({
        "charge.completed,successful,charge.completed",
        "charge.completed,failed,charge.completed.failed",
        "charge.completed,Pending,charge.completed.pending",
        "transfer.completed,SUCCESSFUL,transfer.completed",
        "transfer.completed,FAILED,transfer.completed.failed",
        "comet.seen,failed,comet.seen"
    })
    void only_what_succeeded_has_the_bare_type(String told, String status, String type) {
        assertEquals(
                type,
                sent(THIRD.replace("charge.completed", told).replace("successful", status))
                        .eventOf(SCHEME)
                        .type());
        String fourth = FOURTH.replace("charge.completed", told).replace("succeeded", status);
        assertEquals(type, signed(fourth).eventOf(SCHEME).type());
        assertEquals("wbk_1", signed(fourth).eventOf(SCHEME).identity());
    }

    @Test
    void without_a_status_the_type_is_as_it_came() {
        assertEquals(
                "charge.completed",
                signed(FOURTH.replace("\"status\":\"succeeded\",", ""))
                        .eventOf(SCHEME)
                        .type());
        assertEquals(
                "charge.completed~285959875~",
                sent(THIRD.replace("\"status\":\"successful\",", ""))
                        .eventOf(SCHEME)
                        .identity());
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
