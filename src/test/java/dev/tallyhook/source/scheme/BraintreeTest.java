package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BraintreeTest {

    private static final String PUBLIC = "integration_public_key";
    private static final String PRIVATE = "integration_private_key";
    private static final Instant TIME = Instant.parse("2026-11-27T10:00:00Z");

    private static final String SETTLED = notification("transaction_settled", """
            <transaction><id>tx1</id><status>settled</status><amount>100.00</amount><currency-iso-code>USD</currency-iso-code>\
            <merchant-account-id>ma1</merchant-account-id><customer><id>cu1</id></customer></transaction>""");

    private final Provider braintree = of(PUBLIC, PRIVATE);

    private static Provider of(String publicKeys, String privateKeys) {
        return Provider.of(Braintree::new, Map.of("public-key", publicKeys, "secrets", privateKeys));
    }

    private static String notification(String kind, String subject) {
        return "<notification>\n  <timestamp type=\"datetime\">2026-11-27T10:00:00Z</timestamp>\n  <kind>" + kind
                + "</kind>\n  <subject>" + subject + "</subject>\n</notification>\n";
    }

    /** In lines of 60, as Braintree writes it. */
    private static String payload(String xml) {
        return Base64.getMimeEncoder(60, new byte[] {'\n'}).encodeToString(Provider.bytes(xml)) + "\n";
    }

    private static String sign(String privateKey, String payload) {
        try {
            byte[] key = MessageDigest.getInstance("SHA-1").digest(Provider.bytes(privateKey));
            return Hmac.ofBytes(key, Hmac.SHA1).signHex(Provider.bytes(payload));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String form(String signature, String payload) {
        return "bt_signature=" + URLEncoder.encode(signature, StandardCharsets.UTF_8) + "&bt_payload="
                + URLEncoder.encode(payload, StandardCharsets.UTF_8);
    }

    private static String signed(String xml) {
        return form(PUBLIC + "|" + sign(PRIVATE, payload(xml)), payload(xml));
    }

    private Verdict verify(String body) {
        return braintree.verify(Map.of(), body);
    }

    /** Computed once by another program: HMAC-SHA1 of the payload under the SHA-1 of the private key. */
    @Test
    void a_known_signature_is_signed() {
        assertEquals("4bbd321541a5b7207bd1fa0cb272411810c0f179", sign(PRIVATE, "PGE+PC9hPg==\n"));
        assertEquals(
                Verdict.SIGNED, verify(form(PUBLIC + "|4bbd321541a5b7207bd1fa0cb272411810c0f179", "PGE+PC9hPg==\n")));
    }

    @Test
    void a_body_with_any_bit_changed_is_refused_or_tells_the_same() {
        String body = signed(SETTLED);
        Event genuine = braintree.event(body);
        assertEquals(Verdict.SIGNED, verify(body));
        Provider.flips(body).forEach(flipped -> {
            var delivery = Provider.delivery(Map.of(), null, flipped);
            if (braintree.scheme().verify(delivery) == Verdict.SIGNED) {
                assertEquals(List.of(genuine), braintree.scheme().events(delivery));
            }
        });
    }

    @Test
    void a_signature_with_any_character_changed_is_refused() {
        String payload = payload(SETTLED);
        Provider.changes(PUBLIC + "|" + sign(PRIVATE, payload))
                .forEach(changed -> assertEquals(Verdict.UNSIGNED, verify(form(changed, payload)), changed));
    }

    @Test
    void only_the_pair_of_the_own_public_key_counts() {
        String payload = payload(SETTLED);
        String right = sign(PRIVATE, payload);
        assertEquals(Verdict.SIGNED, verify(form("other|" + "0".repeat(40) + "&" + PUBLIC + "|" + right, payload)));
        assertEquals(Verdict.SIGNED, verify(form(PUBLIC + "|" + right + "&other|x", payload)));
        for (String signature : List.of(
                "other|" + right,
                "|" + right,
                right,
                PUBLIC + right,
                PUBLIC + "|" + right + "|x",
                PUBLIC + "|" + right + "&",
                "&" + PUBLIC + "|" + right,
                PUBLIC + "|" + right + "&x",
                PUBLIC + "|" + right + "&" + PUBLIC + "|" + right,
                PUBLIC + "|" + "0".repeat(40) + "&" + PUBLIC + "|" + right,
                PUBLIC + "|" + right + ", other|x",
                "other|x&".repeat(10) + PUBLIC + "|" + right)) {
            assertEquals(Verdict.UNSIGNED, verify(form(signature, payload)), signature);
        }
    }

    @Test
    void the_number_of_pairs_is_bounded() {
        String payload = payload(SETTLED);
        String right = PUBLIC + "|" + sign(PRIVATE, payload);
        var others = new StringBuilder();
        for (int i = 0; i < 63; i++) {
            others.append('k').append(i).append("|x&");
        }
        assertEquals(Verdict.SIGNED, verify(form(others + right, payload)));
        assertEquals(Verdict.UNSIGNED, verify(form(others + "k63|x&" + right, payload)));
    }

    @Test
    void the_line_break_at_the_end_may_be_signed_and_not_sent_and_no_other() {
        String payload = payload(SETTLED);
        String bare = payload.substring(0, payload.length() - 1);
        assertEquals(Verdict.SIGNED, verify(form(PUBLIC + "|" + sign(PRIVATE, payload), bare)));
        assertEquals(Verdict.SIGNED, verify(form(PUBLIC + "|" + sign(PRIVATE, bare), bare)));
        assertEquals(Verdict.UNSIGNED, verify(form(PUBLIC + "|" + sign(PRIVATE, bare), payload)));
        assertEquals(Verdict.UNSIGNED, verify(form(PUBLIC + "|" + sign(PRIVATE, payload), payload.replace("\n", ""))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PGE+\r\nPC9hPg==", "PGE PC9hPg==", "PGE+PC9hPg==\u0000", "<a></a>", "PGE-PC9hPg_="})
    void a_payload_of_other_characters_is_refused_even_if_it_is_signed(String payload) {
        assertEquals(Verdict.UNSIGNED, verify(form(PUBLIC + "|" + sign(PRIVATE, payload), payload)));
    }

    @Test
    void a_field_that_is_missing_or_comes_twice_is_refused() {
        String body = signed(SETTLED);
        String[] fields = body.split("&", -1);
        assertEquals(Verdict.UNSIGNED, verify(fields[0]));
        assertEquals(Verdict.UNSIGNED, verify(fields[1]));
        assertEquals(Verdict.UNSIGNED, verify(body + "&" + fields[0]));
        assertEquals(Verdict.UNSIGNED, verify(body + "&" + fields[1]));
        assertEquals(Verdict.SIGNED, verify(fields[1] + "&" + fields[0]));
        assertEquals(Verdict.SIGNED, verify(body + "&x=1"));
    }

    @Test
    void during_a_rotation_both_pairs_are_good_and_afterwards_the_new_one_alone() {
        String payload = payload(SETTLED);
        Provider during = of(PUBLIC + ",old_public", PRIVATE + ",old_private");
        assertEquals(Verdict.SIGNED, during.verify(Map.of(), form(PUBLIC + "|" + sign(PRIVATE, payload), payload)));
        String old = form("old_public|" + sign("old_private", payload), payload);
        assertEquals(Verdict.SIGNED, during.verify(Map.of(), old));
        assertEquals(Verdict.UNSIGNED, verify(old));
        assertEquals(Verdict.UNSIGNED, of(PUBLIC + ",old_public", PRIVATE).verify(Map.of(), old));
        assertEquals(Verdict.UNSIGNED, of(PUBLIC, PRIVATE + ",old_private").verify(Map.of(), old));
    }

    @Test
    void without_either_key_it_does_not_start() {
        assertThrows(ConfigurationException.class, () -> Provider.of(Braintree::new, Map.of("secrets", PRIVATE)));
        assertThrows(ConfigurationException.class, () -> Provider.of(Braintree::new, Map.of("public-key", PUBLIC)));
        for (String wrong : List.of("a,,b", "a|b", "a&b", "a,b,c,d,e")) {
            assertThrows(ConfigurationException.class, () -> of(wrong, PRIVATE), wrong);
        }
    }

    @Test
    void a_transaction_becomes_an_event() {
        assertEquals(
                Event.of("transaction_settled~1795773600~tx1")
                        .ofType("transaction_settled")
                        .about("tx1")
                        .at(TIME)
                        .from("cu1")
                        .to("ma1")
                        .worth(new Money(new BigDecimal("100.00"), "USD", "100.00", Money.Unit.MAJOR)),
                braintree.event(signed(SETTLED)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', textBlock = """
            subscription_charged_successfully~<subscription><id>s1</id><transactions type="array"><transaction><amount>5</amount><currency-iso-code>EUR</currency-iso-code></transaction><transaction><amount>9</amount></transaction></transactions></subscription>~s1~s1~5
            dispute_opened~<dispute><id>d1</id><amount>7.50</amount><currency-iso-code>EUR</currency-iso-code><transaction><id>t1</id><amount>9</amount></transaction></dispute>~d1~t1~7.50
            disbursement~<disbursement><id>b1</id><amount>1000.00</amount><merchant-account><id>ma1</id><currency-iso-code>EUR</currency-iso-code></merchant-account></disbursement>~b1~b1~1000.00
            local_payment_completed~<local-payment><payment-id>PAY-1</payment-id><payer-id>P1</payer-id><transaction><id>t1</id><amount>49.99</amount><currency-iso-code>EUR</currency-iso-code></transaction></local-payment>~PAY-1~PAY-1~49.99
            transaction_disbursed~<api-error-response><transaction><id>t1</id><amount>1</amount><currency-iso-code>EUR</currency-iso-code></transaction></api-error-response>~t1~t1~1
            """)
    void each_layout_has_its_subject_and_amount(String kind, String subject, String apart, String about, String sent) {
        Event event = braintree.event(signed(notification(kind, subject)));
        assertEquals(kind + "~1795773600~" + apart, event.identity());
        assertEquals(kind, event.type());
        assertEquals(about, event.subject());
        assertEquals(TIME, event.occurredAt());
        assertEquals(new Money(new BigDecimal(sent), "EUR", sent, Money.Unit.MAJOR), event.money());
        assertEquals(null, event.unmapped());
    }

    @Test
    void payers_and_payees_are_accounts() {
        Event disbursement = braintree.event(signed(notification(
                "disbursement",
                "<disbursement><id>b1</id><amount>1</amount><merchant-account><id>ma1</id><currency-iso-code>EUR</currency-iso-code>"
                        + "</merchant-account></disbursement>")));
        assertEquals("ma1", disbursement.destinationAccount());
        Event local = braintree.event(signed(notification(
                "local_payment_completed",
                "<local-payment><payment-id>P</payment-id><payer-id>X</payer-id></local-payment>")));
        assertEquals("X", local.sourceAccount());
        assertEquals(Unmapped.NO_AMOUNT, local.unmapped());
    }

    @Test
    void what_moves_no_money_is_known_without_an_amount() {
        Event check = braintree.event(signed(notification("check", "<check type=\"boolean\">true</check>")));
        assertEquals("check", check.type());
        assertEquals(null, check.unmapped());
        assertEquals(null, check.money());
        assertNotEquals(
                check.identity(),
                braintree
                        .event(signed(notification("check", "<check>false</check>")))
                        .identity());
        Event canceled = braintree.event(
                signed(notification("subscription_canceled", "<subscription><id>s1</id></subscription>")));
        assertEquals(
                Event.of("subscription_canceled~1795773600~s1")
                        .ofType("subscription_canceled")
                        .about("s1")
                        .at(TIME),
                canceled);
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(
                Unmapped.NO_CURRENCY,
                braintree
                        .event(signed(SETTLED.replace("<currency-iso-code>USD</currency-iso-code>", "")))
                        .unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT,
                braintree
                        .event(signed(SETTLED.replace("<amount>100.00</amount>", "<amount nil=\"true\"/>")))
                        .unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                braintree.event(signed(SETTLED.replace("100.00", "1,00"))).unmapped());
        Event news = braintree.event(signed(SETTLED.replace("transaction_settled", "transaction_praised")));
        assertEquals(
                Event.of("transaction_praised~1795773600~tx1")
                        .ofType("transaction_praised")
                        .about("tx1")
                        .at(TIME)
                        .because(Unmapped.UNKNOWN_TYPE),
                news);
        assertEquals(
                Unmapped.NO_AMOUNT,
                braintree
                        .event(signed(notification("transaction_settled", "<other/>")))
                        .unmapped());
        assertEquals(
                Unmapped.NO_IDENTITY,
                braintree
                        .event(signed("<notification><kind>check</kind></notification>"))
                        .unmapped());
        for (String xml : List.of("", "x", "<a/>", "<!DOCTYPE notification><notification/>")) {
            assertEquals(Unmapped.UNREADABLE, braintree.event(signed(xml)).unmapped(), xml);
        }
        assertEquals(Unmapped.UNREADABLE, braintree.event("").unmapped());
        assertEquals(Unmapped.UNREADABLE, braintree.event("{}").unmapped());
        assertEquals(
                Unmapped.UNREADABLE, braintree.event("bt_payload=%3D%3D%3D").unmapped());
    }

    @Test
    void parts_that_could_be_mixed_up_make_a_digest() {
        String one = braintree
                .event(signed(SETTLED.replace("<id>tx1</id>", "<id>a~b</id>")))
                .identity();
        assertTrue(one.startsWith("sha256:"));
        assertNotEquals(
                one,
                braintree
                        .event(signed(SETTLED.replace("<id>tx1</id>", "<id>a</id>")))
                        .identity());
    }

    @Test
    void nothing_that_a_stranger_sends_does_more_than_be_refused() {
        braintree.survives(Map.of());
        assertEquals(Answer.OK, braintree.scheme().success());
    }
}
