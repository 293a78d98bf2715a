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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RevolutTest {

    private static final String SECRET = "wsk_0123456789";
    private static final String SIGNATURE = "Revolut-Signature";
    private static final String TIMESTAMP = "Revolut-Request-Timestamp";
    private static final Scheme SCHEME = Requests.scheme("revolut", SECRET);
    private static final String NOW = SECONDS + "123";

    private static final String ORDER =
            "{\"event\":\"ORDER_COMPLETED\",\"order_id\":\"o-1\",\"merchant_order_ext_ref\":\"shop-1\"}";

    private static final String TRANSACTION = """
            {"event":"TransactionCreated","timestamp":"2026-11-27T10:00:00.000000Z","data":{"id":"t-1","type":"transfer",\
            "state":"pending","legs":[{"leg_id":"l-1","amount":-10.50,"fee":0.2,"currency":"GBP","account_id":"a-1",\
            "counterparty":{"id":"cp-1","account_id":"ca-1"}}]}}""";

    private static Requests at(String millis, String body) {
        return Requests.of(body)
                .with(TIMESTAMP, millis)
                .with(SIGNATURE, "v1=" + Requests.hex("HmacSHA256", SECRET, bytes("v1." + millis + "." + body)));
    }

    private static Requests signed(String body) {
        return at(NOW, body);
    }

    private static Event event(String body) {
        return signed(body).eventOf(SCHEME);
    }

    @Test
    void the_example_of_the_documentation_is_known() {
        // Printed with its signature in the vendor's guide.
        String body = "{\"data\":{\"id\":\"645a7696-22f3-aa47-9c74-cbae0449cc46\",\"new_state\":\"completed\","
                + "\"old_state\":\"pending\",\"request_id\":\"app_charges-9f5d5eb3-1e06-46c5-b1c0-3914763e0bcb\"},"
                + "\"event\":\"TransactionStateChanged\",\"timestamp\":\"2023-05-09T16:36:38.028960Z\"}";
        var request = Requests.of(body)
                .with(TIMESTAMP, "1683650202360")
                .with(SIGNATURE, "v1=bca326fb378d0da7f7c490ad584a8106bab9723d8d9cdd0d50b4c5b3be3837c0");
        assertSigned(
                Requests.scheme(
                        "revolut",
                        Map.of("secrets", "wsk_r59a4HfWVAKycbCaNO1RvgCJec02gRd8"),
                        Instant.ofEpochMilli(1683650202360L)),
                request);
    }

    @Test
    void nothing_may_be_changed() {
        assertSigned(SCHEME, signed(ORDER));
        assertUnsigned(SCHEME, signed(ORDER).withEachByteOfTheBodyFlipped());
        assertUnsigned(SCHEME, signed(ORDER).withTheHeaderSpoiled(SIGNATURE));
        assertUnsigned(SCHEME, signed(ORDER).withTheHeaderSpoiled(TIMESTAMP));
        String right = signed(ORDER).header(SIGNATURE);
        assertUnsigned(
                SCHEME,
                Stream.of(
                                "v1=" + right.substring(3).toUpperCase(Locale.ROOT),
                                right.substring(3),
                                "v0=" + right.substring(3),
                                "v1=abc, " + right,
                                right + ",t=" + NOW,
                                right + "," + right + " ,")
                        .map(wrong -> signed(ORDER).with(SIGNATURE, wrong)));
        assertUnsigned(Requests.scheme("revolut", OTHER), signed(ORDER));
    }

    @Test
    void any_of_a_few_signatures_and_secrets_may_fit() {
        String right = signed(ORDER).header(SIGNATURE);
        assertSigned(SCHEME, signed(ORDER).with(SIGNATURE, "v1=abc," + right));
        assertSigned(SCHEME, signed(ORDER).with(SIGNATURE, right + ",v1=abc"));
        assertSigned(SCHEME, signed(ORDER).with(SIGNATURE, "v1=abc,".repeat(7) + right));
        assertUnsigned(SCHEME, signed(ORDER).with(SIGNATURE, "v1=abc,".repeat(8) + right));
        assertSigned(Requests.scheme("revolut", OTHER + "," + SECRET), signed(ORDER));
    }

    @ParameterizedTest
    @CsvSource({"0,true", "-300,true", "300,true", "-301,false", "301,false"})
    void a_time_within_five_minutes_is_of_now(long off, boolean isSigned) {
        var request = at((SECONDS + off) + "000", ORDER);
        if (isSigned) {
            assertSigned(SCHEME, request);
        } else {
            assertUnsigned(SCHEME, request);
        }
    }

    @Test
    void a_time_in_seconds_is_not_of_now() {
        assertUnsigned(SCHEME, at(String.valueOf(SECONDS), ORDER));
    }

    @Test
    void an_order_is_named_by_what_can_happen_to_it_once() {
        Event completed = Event.of("ORDER_COMPLETED~o-1")
                .ofType("ORDER_COMPLETED")
                .about("o-1")
                .because(Unmapped.THIN);
        assertEquals(completed.at(Instant.ofEpochMilli(Long.parseLong(NOW))), event(ORDER));
        // A retry that is signed anew is the same event, at another time.
        assertEquals(
                "ORDER_COMPLETED~o-1",
                at(SECONDS + "999", ORDER).eventOf(SCHEME).identity());
    }

    @ParameterizedTest
    @CsvSource({
        "order_id,ORDER_AUTHORISED",
        "order_id,ORDER_COMPLETED",
        "order_id,ORDER_CANCELLED",
        "order_id,ORDER_FAILED",
        "subscription_id,SUBSCRIPTION_INITIATED",
        "subscription_id,SUBSCRIPTION_FINISHED",
        "subscription_id,SUBSCRIPTION_CANCELLED",
        "payout_id,PAYOUT_INITIATED",
        "payout_id,PAYOUT_COMPLETED",
        "payout_id,PAYOUT_FAILED",
        "dispute_id,DISPUTE_WON",
        "dispute_id,DISPUTE_LOST"
    })
    void a_retry_of_what_happens_once_is_a_replay(String key, String type) {
        String body = "{\"event\":\"" + type + "\",\"" + key + "\":\"x-1\"}";
        for (Requests sent : List.of(signed(body), at(SECONDS + 1800 + "000", body))) {
            assertEquals(type + "~x-1", sent.eventOf(SCHEME).identity());
        }
    }

    @Test
    void what_can_happen_again_is_told_apart_by_its_time() {
        String declined = ORDER.replace("ORDER_COMPLETED", "ORDER_PAYMENT_DECLINED");
        assertEquals("ORDER_PAYMENT_DECLINED~o-1~" + NOW, event(declined).identity());
        assertNotEquals(
                event(declined).identity(),
                at(SECONDS + "999", declined).eventOf(SCHEME).identity());
    }

    @ParameterizedTest
    @CsvSource({"subscription_id,SUBSCRIPTION_INITIATED", "payout_id,PAYOUT_COMPLETED", "dispute_id,DISPUTE_WON"})
    void other_objects_are_subjects_too(String key, String type) {
        Event event = event("{\"event\":\"" + type + "\",\"" + key + "\":\"x-1\"}");
        assertEquals("x-1", event.subject());
        assertEquals(Unmapped.THIN, event.unmapped());
    }

    @Test
    void a_transaction_has_the_money_of_its_first_leg() {
        Event out = Event.of("TransactionCreated~t-1~2026-11-27T10:00:00.000000Z")
                .ofType("TransactionCreated")
                .about("t-1")
                .at(Instant.parse("2026-11-27T10:00:00Z"))
                .from("a-1")
                .to("ca-1")
                .worth(major("-10.50", "GBP"));
        assertEquals(out, event(TRANSACTION));
        assertEquals(out.from("ca-1").to("a-1").worth(major("10.50", "GBP")), event(TRANSACTION.replace("-10", "10")));
        assertEquals(out.to("cp-1"), event(TRANSACTION.replace(",\"account_id\":\"ca-1\"", "")));
        // A retry with another signed time is equal in everything.
        assertEquals(out, at(SECONDS + "999", TRANSACTION).eventOf(SCHEME));
    }

    @Test
    void a_transfer_between_own_accounts_goes_from_the_leg_that_is_negative() {
        String legs = "[{\"amount\":-5,\"currency\":\"GBP\",\"account_id\":\"a\"},"
                + "{\"amount\":5,\"currency\":\"GBP\",\"account_id\":\"b\"}]";
        String body = "{\"event\":\"TransactionCreated\",\"timestamp\":\"2026-11-27T10:00:00Z\","
                + "\"data\":{\"id\":\"t\",\"legs\":" + legs + "}}";
        assertEquals("a", event(body).sourceAccount());
        assertEquals("b", event(body).destinationAccount());
        String turned = body.replace("-5", "6").replace(":5", ":-5");
        assertEquals("b", event(turned).sourceAccount());
        assertEquals("a", event(turned).destinationAccount());
    }

    @Test
    void a_change_of_state_moves_nothing() {
        assertEquals(
                Event.of("TransactionStateChanged~t-1~2026-11-27T10:00:00Z")
                        .ofType("TransactionStateChanged")
                        .about("t-1")
                        .at(Instant.parse("2026-11-27T10:00:00Z")),
                event("{\"event\":\"TransactionStateChanged\",\"timestamp\":\"2026-11-27T10:00:00Z\","
                        + "\"data\":{\"id\":\"t-1\",\"old_state\":\"pending\",\"new_state\":\"completed\"}}"));
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNREADABLE, event("nothing").unmapped());
        assertEquals(Unmapped.NO_IDENTITY, event("{}").unmapped());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                event("{\"event\":\"COMET\",\"order_id\":\"o\"}").unmapped());
        assertEquals(
                Unmapped.NO_IDENTITY,
                event(TRANSACTION.replace("\"t-1\"", "null")).unmapped());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                event(TRANSACTION.replace("TransactionCreated", "Comet")).unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT,
                event(TRANSACTION.replace("\"legs\"", "\"arms\"")).unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT, event(TRANSACTION.replace("-10.50", "null")).unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY,
                event(TRANSACTION.replace("\"GBP\"", "null")).unmapped());
    }
}
