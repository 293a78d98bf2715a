package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AdyenPlatformTest {

    private static final String KEY = "D7DD5BA6146493707BF0BE7496F6404EC7A63616B7158EC927B9F54BB436765F";
    private static final String OLD = "00112233445566778899aabbccddeeff";
    private static final String HEADER = "HmacSignature";

    private static final String TRANSFER = """
            {"environment":"test","timestamp":"2026-11-27T10:00:01Z","type":"balancePlatform.transfer.updated","data":{"id":"TRF1",\
            "balancePlatform":"P1","balanceAccount":{"id":"BA1"},"accountHolder":{"id":"AH1"},"amount":{"currency":"EUR","value":500},\
            "category":"bank","direction":"outgoing","status":"booked","sequenceNumber":3,"creationDate":"2026-11-27T09:59:00Z"}}""";

    private static final String TRANSACTION = """
            {"environment":"test","timestamp":"2026-11-27T10:00:01Z","type":"balancePlatform.transaction.created","data":{"id":"EVJN1",\
            "amount":{"value":-10000,"currency":"EUR"},"status":"booked","transfer":{"id":"TRF1"},"balanceAccount":{"id":"BA1"}}}""";

    private static final String TOKEN = """
            {"createdAt":"2025-06-30T16:40:23+02:00","eventId":"QBQQ","environment":"test","data":{"merchantAccount":"M1",\
            "storedPaymentMethodId":"M5N7","type":"visa","operation":"created"},"type":"recurring.token.created"}""";

    private static final String MERCHANT = """
            {"type":"merchant.updated","environment":"test","createdAt":"2022-09-20T13:42:31+02:00",\
            "data":{"legalEntityId":"LE1","merchantId":"M1","status":"PreActive"}}""";

    private final Provider adyen = Provider.of(AdyenPlatform::new, Map.of("secrets", KEY));

    private static Map<String, String> signed(String key, String body) {
        return Map.of(HEADER, Hmac.ofHex(key, Hmac.SHA256).signBase64(Provider.bytes(body)));
    }

    /** The body and the signature are those of the tests of Adyen's library for Java. */
    @Test
    void what_adyens_own_library_signs_is_signed() {
        String body =
                "{\"data\":{\"balancePlatform\":\"Integration_tools_test\",\"accountId\":\"BA32272223222H5HVKTBK4MLB\","
                        + "\"sweep\":{\"id\":\"SWPC42272223222H5HVKV6H8C64DP5\",\"schedule\":{\"type\":\"balance\"},\"status\":\"active\","
                        + "\"targetAmount\":{\"currency\":\"EUR\",\"value\":0},\"triggerAmount\":{\"currency\":\"EUR\",\"value\":0},"
                        + "\"type\":\"pull\",\"counterparty\":{\"balanceAccountId\":\"BA3227C223222H5HVKT3H9WLC\"},"
                        + "\"currency\":\"EUR\"}},\"environment\":\"test\",\"type\":\"balancePlatform.balanceAccountSweep.updated\"}";
        assertEquals(
                Verdict.SIGNED, adyen.verify(Map.of(HEADER, "9Qz9S/0xpar1klkniKdshxpAhRKbiSAewPpWoxKefQA="), body));
        Event event = adyen.event(body);
        assertEquals("balancePlatform.balanceAccountSweep.updated", event.type());
        assertEquals("SWPC42272223222H5HVKV6H8C64DP5", event.subject());
        assertEquals(Event.digest(body), event.identity());
        assertEquals(Unmapped.NO_IDENTITY, event.unmapped());
    }

    @Test
    void a_body_with_any_bit_changed_is_refused() {
        Map<String, String> headers = signed(KEY, TRANSFER);
        assertEquals(Verdict.SIGNED, adyen.verify(headers, TRANSFER));
        Provider.flips(TRANSFER)
                .forEach(flipped -> assertEquals(
                        Verdict.UNSIGNED, adyen.scheme().verify(Provider.delivery(headers, null, flipped))));
    }

    @Test
    void a_header_with_any_character_changed_or_missing_or_twice_is_refused() {
        Map<String, String> headers = signed(KEY, TRANSFER);
        String signature = headers.get(HEADER);
        Provider.changes(signature)
                .forEach(changed -> assertEquals(Verdict.UNSIGNED, adyen.verify(Map.of(HEADER, changed), TRANSFER)));
        adyen.without(headers, HEADER, TRANSFER)
                .forEach(delivery ->
                        assertEquals(Verdict.UNSIGNED, adyen.scheme().verify(delivery)));
        for (String other : List.of(
                signature.replace("=", ""),
                signature + "=",
                " " + signature,
                signature + "," + signature,
                "x".repeat(100_000),
                Hmac.ofHex(KEY, Hmac.SHA256).signHex(Provider.bytes(TRANSFER)),
                Hmac.ofText(KEY, Hmac.SHA256).signBase64(Provider.bytes(TRANSFER)))) {
            assertEquals(Verdict.UNSIGNED, adyen.verify(Map.of(HEADER, other), TRANSFER));
        }
    }

    @Test
    void during_a_rotation_both_keys_are_good_and_afterwards_the_new_one_alone() {
        Provider during = Provider.of(AdyenPlatform::new, Map.of("secrets", KEY + "," + OLD));
        assertEquals(Verdict.SIGNED, during.verify(signed(KEY, TRANSFER), TRANSFER));
        assertEquals(Verdict.SIGNED, during.verify(signed(OLD, TRANSFER), TRANSFER));
        assertEquals(Verdict.UNSIGNED, adyen.verify(signed(OLD, TRANSFER), TRANSFER));
        assertThrows(ConfigurationException.class, () -> Provider.of(AdyenPlatform::new, Map.of("secrets", "text")));
    }

    @Test
    void a_transfer_is_told_apart_by_its_number() {
        Event event = Event.of("balancePlatform.transfer.updated~TRF1~3")
                .ofType("balancePlatform.transfer.updated")
                .about("TRF1")
                .at(Instant.parse("2026-11-27T10:00:01Z"))
                .from("BA1")
                .worth(new Money(new BigDecimal("5.00"), "EUR", "500", Money.Unit.MINOR));
        assertEquals(event, adyen.event(TRANSFER));
        assertEquals(event.from(null).to("BA1"), adyen.event(TRANSFER.replace("outgoing", "incoming")));
        assertNotEquals(
                event.identity(),
                adyen.event(TRANSFER.replace("\"sequenceNumber\":3", "\"sequenceNumber\":4"))
                        .identity());
    }

    @Test
    void a_transfer_without_a_number_is_told_apart_by_its_status_and_time() {
        assertEquals(
                "balancePlatform.transfer.updated~TRF1~booked~1795773601",
                adyen.event(TRANSFER.replace("\"sequenceNumber\":3,", "")).identity());
    }

    @Test
    void what_has_no_time_but_that_of_its_creation_is_told_apart_by_its_bytes() {
        String account = """
                {"environment":"test","type":"balancePlatform.balanceAccount.updated","data":{"balanceAccount":{"id":"BA1",\
                "status":"active","description":"one"},"creationDate":"2026-11-27T09:59:00Z"}}""";
        String transfer = TRANSFER.replace("\"sequenceNumber\":3,", "")
                .replace("\"timestamp\":\"2026-11-27T10:00:01Z\",", "")
                .replace("\"category\":\"bank\"", "\"category\":\"one\"");
        for (String body : List.of(account, transfer)) {
            Event first = adyen.event(body);
            assertEquals(Event.digest(body), first.identity());
            assertEquals(Unmapped.NO_IDENTITY, first.unmapped());
            assertEquals(Instant.parse("2026-11-27T09:59:00Z"), first.occurredAt());
            assertNotEquals(
                    first.identity(), adyen.event(body.replace("one", "two")).identity());
        }
        assertEquals(new BigDecimal("5.00"), adyen.event(transfer).money().amount());
    }

    @Test
    void a_transaction_stands_with_its_transfer_and_its_sign_tells_who_pays() {
        Event event = Event.of("balancePlatform.transaction.created~EVJN1~booked")
                .ofType("balancePlatform.transaction.created")
                .about("TRF1")
                .at(Instant.parse("2026-11-27T10:00:01Z"))
                .from("BA1")
                .worth(new Money(new BigDecimal("-100.00"), "EUR", "-10000", Money.Unit.MINOR));
        assertEquals(event, adyen.event(TRANSACTION));
        assertEquals("BA1", adyen.event(TRANSACTION.replace("-10000", "10000")).destinationAccount());
        assertEquals(
                event.identity(),
                adyen.event(TRANSACTION.replace("10:00:01Z", "11:00:01Z")).identity());
    }

    @Test
    void tokens_and_merchants_move_no_money() {
        assertEquals(
                Event.of("QBQQ")
                        .ofType("recurring.token.created")
                        .about("M5N7")
                        .at(Instant.parse("2025-06-30T14:40:23Z")),
                adyen.event(TOKEN));
        assertEquals(
                Event.of("merchant.updated~M1~PreActive~1663674151")
                        .ofType("merchant.updated")
                        .about("M1")
                        .at(Instant.parse("2022-09-20T11:42:31Z")),
                adyen.event(MERCHANT));
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(
                Unmapped.NO_AMOUNT,
                adyen.event(TRANSFER.replace("\"amount\"", "\"other\"")).unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                adyen.event(TRANSFER.replace(":500", ":5.5")).unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                adyen.event(TRANSFER.replace(":500", ":1e999999999")).unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY,
                adyen.event(TRANSFER.replace("\"EUR\"", "null")).unmapped());
        Event news = adyen.event(TRANSFER.replace("transfer.updated", "transfer.praised"));
        assertEquals(Unmapped.UNKNOWN_TYPE, news.unmapped());
        assertEquals("balancePlatform.transfer.praised~TRF1~3", news.identity());
        assertEquals("TRF1", news.subject());
        assertEquals(
                Unmapped.NO_IDENTITY,
                adyen.event("{\"type\":\"merchant.updated\"}").unmapped());
        assertEquals(Unmapped.NO_IDENTITY, adyen.event("{}").unmapped());
        assertEquals(Unmapped.UNREADABLE, adyen.event("[]").unmapped());
        assertEquals(Unmapped.UNREADABLE, adyen.event("").unmapped());
    }

    @Test
    void nothing_that_a_stranger_sends_does_more_than_be_refused() {
        adyen.survives(Map.of(HEADER, "9Qz9S/0xpar1klkniKdshxpAhRKbiSAewPpWoxKefQA="));
        assertEquals(Answer.OK, adyen.scheme().success());
        assertEquals(List.of("hmacsignature"), adyen.scheme().headersToKeep());
    }
}
