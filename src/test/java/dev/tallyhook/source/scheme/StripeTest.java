package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hex;
import static dev.tallyhook.source.scheme.SchemeFixture.minor;
import static dev.tallyhook.source.scheme.SchemeFixture.refusal;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StripeTest {

    private static final String HEADER = "Stripe-Signature";
    private static final String SECRET = "whsec_c2VjcmV0";
    private static final Map<String, String> SETTINGS = settings("scheme", "stripe", "secrets", SECRET);
    private static final Scheme SCHEME = scheme("stripe", "secrets", SECRET);
    private static final Instant CREATED = Instant.ofEpochSecond(1795820000);

    private static final String SUCCEEDED = """
            {"id":"evt_1","object":"event","api_version":"2026-07-29.dahlia","created":1795820000,"livemode":true,
            "pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"payment_intent.succeeded",
            "data":{"object":{"id":"pi_1","object":"payment_intent","amount":2000,"amount_received":1099,"currency":"eur",
            "customer":"cus_1","latest_charge":"ch_1","status":"succeeded","created":1795819990}}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(SETTINGS, "whsec_other", SUCCEEDED, at(NOW.getEpochSecond()), HEADER, List.of())
                .cases();
    }

    @TestFactory
    Stream<DynamicTest> time_is_held_on_both_sides() {
        return SchemeFixture.bounds(SETTINGS, SUCCEEDED, 300, StripeTest::at);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t=%1$d,v1=%2$s",
                "v1=%2$s,t=%1$d",
                "t=%1$d,v1=%3$s,v1=%2$s",
                "t=%1$d,v1=%2$s,v1=%3$s",
                "t=%1$d,v0=%3$s,v1=%2$s",
                "t=%1$d,v1=%2$s,scheme=x"
            })
    void any_signature_of_the_version_that_counts_may_fit(String form) {
        assertEquals(Verdict.SIGNED, SCHEME.verify(delivery(SUCCEEDED, HEADER, header(form))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t=%1$d, v1=%2$s",
                "t=%1$d,v0=%2$s",
                "t=%1$d;v1=%2$s",
                "t=%1$d,t=%1$d,v1=%2$s",
                "t=1,t=%1$d,v1=%2$s",
                "t= %1$d,v1=%2$s",
                "t=+%1$d,v1=%2$s",
                "t=0%1$d,v1=%2$s",
                "t=%1$d,V1=%2$s",
                "t=%1$d,v1",
                "t=%1$d",
                "v1=%2$s",
                "t=%1$d,v1=%2$s,",
                "t=%1$d,v1=%2$s,junk",
                "t=99999999999999999999,v1=%2$s",
                "t=%1$d,v1=%3$s,v1=%3$s,v1=%3$s,v1=%3$s,v1=%3$s,v1=%3$s,v1=%3$s,v1=%3$s,v1=%2$s"
            })
    void a_header_that_is_not_as_documented_is_refused(String form) {
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(SUCCEEDED, HEADER, header(form))));
    }

    @Test
    void the_whole_secret_is_the_key() {
        long now = NOW.getEpochSecond();
        String decoded = hex("secret", now + "." + SUCCEEDED);
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(SUCCEEDED, HEADER, "t=" + now + ",v1=" + decoded)));
    }

    @Test
    void settings_that_are_wrong_are_refused() {
        assertEquals("secrets or secrets-file must be set: what the provider signs with", refusal("stripe"));
        assertEquals(
                "tolerance must be from 1 second to 7 days", refusal("stripe", "secrets", SECRET, "tolerance", "PT0S"));
        assertEquals(
                "tolerance must be from 1 second to 7 days", refusal("stripe", "secrets", SECRET, "tolerance", "P8D"));
    }

    /** Kind and type; the object's other members; what it is about, in cents; payer and payee. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            payment_intent | payment_intent.created | "id":"o","amount":5,"amount_received":0,"customer":{"id":"c"} | o | 5 | c | acct_1
            payment_intent | payment_intent.succeeded | "id":"o","amount":5,"amount_received":4,"transfer_data":{"destination":"d"} | o | 4 | - | d
            charge | charge.succeeded | "id":"o","amount":5,"payment_intent":"p","customer":null,"customer_account":"ca" | p | 5 | ca | acct_1
            charge | charge.succeeded | "id":"o","amount":5,"payment_intent":null | o | 5 | - | acct_1
            charge | charge.captured | "id":"o","amount":5,"amount_captured":3,"on_behalf_of":"b" | o | 3 | - | b
            charge | charge.refunded | "id":"o","amount":5,"amount_refunded":2,"payment_intent":{"id":"p"} | p | 2 | - | acct_1
            refund | refund.created | "id":"o","amount":5,"payment_intent":"p","charge":"ch" | p | 5 | - | acct_1
            refund | charge.refund.updated | "id":"o","amount":5,"payment_intent":null,"charge":{"id":"ch"} | ch | 5 | - | acct_1
            dispute | charge.dispute.created | "id":"o","amount":5,"charge":"ch" | ch | 5 | - | acct_1
            checkout.session | checkout.session.completed | "id":"o","amount_total":5,"payment_intent":"p" | p | 5 | - | acct_1
            invoice | invoice.paid | "id":"o","amount_paid":5,"amount_due":6,"customer":"c" | o | 5 | c | acct_1
            invoice | invoice.payment_succeeded | "id":"o","amount_paid":5,"amount_due":6 | o | 5 | - | acct_1
            invoice | invoice.finalized | "id":"o","amount_paid":0,"amount_due":6 | o | 6 | - | acct_1
            invoiceitem | invoiceitem.created | "id":"o","amount":5,"invoice":null | o | 5 | - | acct_1
            invoice_payment | invoice_payment.paid | "id":"o","amount_paid":5,"amount_requested":6,"invoice":"i" | i | 5 | - | acct_1
            invoice_payment | invoice_payment.created | "id":"o","amount_paid":null,"amount_requested":6,"invoice":{"id":"i"} | i | 6 | - | acct_1
            payout | payout.paid | "id":"o","amount":-5,"destination":"ba" | o | -5 | - | ba
            transfer | transfer.reversed | "id":"o","amount":5,"amount_reversed":2,"destination":"acct_2" | o | 2 | - | acct_2
            application_fee | application_fee.refunded | "id":"o","amount":5,"amount_refunded":2,"charge":"ch" | ch | 2 | - | acct_1
            transfer | transfer.created | "id":"o","amount":5,"destination":{"id":"acct_2"} | o | 5 | - | acct_2
            application_fee | application_fee.created | "id":"o","amount":5,"charge":"ch" | ch | 5 | - | acct_1
            fee_refund | application_fee.refund.updated | "id":"o","amount":5,"fee":"f" | f | 5 | - | acct_1
            topup | topup.succeeded | "id":"o","amount":5 | o | 5 | - | acct_1
            credit_note | credit_note.created | "id":"o","amount":5,"invoice":"i","customer":"c" | i | 5 | c | acct_1
            quote | quote.accepted | "id":"o","amount_total":5 | o | 5 | - | acct_1
            customer_cash_balance_transaction | cash_balance.funds_available | "id":"o","net_amount":0 | o | 0 | - | acct_1
            source | source.chargeable | "id":"o","amount":5 | o | 5 | - | acct_1
            """)
    void each_object_has_its_amount(
            String kind, String type, String members, String subject, String cents, @Nullable String from, String to) {
        Event expected = Event.of("evt_9")
                .ofType(type)
                .about(subject)
                .at(CREATED)
                .from(from)
                .to(to)
                .worth(minor(new BigDecimal(cents).movePointLeft(2).toPlainString(), "USD", cents));
        assertEvents(List.of(expected), events(kind, type, members + ",\"currency\":\"usd\""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", quoteCharacter = '`', textBlock = """
            payment_intent | payment_intent.created | "id":"o","currency":"usd" | NO_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":null,"currency":"usd" | NO_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":{},"currency":"usd" | NO_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":1.5,"currency":"usd" | MALFORMED_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":1e999999999,"currency":"usd" | MALFORMED_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":1234567890123456789,"currency":"usd" | MALFORMED_AMOUNT
            payment_intent | payment_intent.created | "id":"o","amount":5 | NO_CURRENCY
            payment_intent | payment_intent.created | "id":"o","amount":5,"currency":"iqd" | UNKNOWN_CURRENCY
            charge | charge.captured | "id":"o","amount":5,"currency":"usd" | NO_AMOUNT
            balance | balance.available | "available":[] | -
            price | price.created | "id":"o","unit_amount":5,"currency":"usd" | -
            subscription | customer.subscription.created | "id":"o","currency":"usd" | -
            checkout.session | checkout.session.completed | "id":"o","amount_total":null,"currency":null | -
            source | source.failed | "id":"o","amount":null,"currency":null | -
            tax_id | customer.tax_id.created | "id":"o" | UNKNOWN_TYPE
            """)
    void what_has_no_amount_says_why_unless_no_money_moves(
            String kind, String type, String members, @Nullable Unmapped why) {
        Event event = events(kind, type, members).get(0);
        assertEquals(why, event.unmapped());
        assertEquals(null, event.money());
        assertEquals(type, event.type());
        assertEquals(CREATED, event.occurredAt());
    }

    @Test
    void an_amount_that_breaks_the_rule_is_kept_and_marked() {
        Event event = events("charge", "charge.succeeded", "\"id\":\"o\",\"amount\":501,\"currency\":\"ugx\"")
                .get(0);
        assertEquals(minor("5.01", "UGX", "501"), event.money());
        assertEquals(Unmapped.BROKEN_AMOUNT_RULE, event.unmapped());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "payout, huf, 100000, -",
                "payout, huf, 100050, BROKEN_AMOUNT_RULE",
                "payout, twd, -1, BROKEN_AMOUNT_RULE",
                "payout, eur, 100050, -",
                "charge, huf, 100050, -"
            })
    void payouts_of_some_currencies_are_whole_units(String kind, String currency, String sent, @Nullable Unmapped why) {
        Event event = events(kind, kind + ".created", "\"amount\":" + sent + ",\"currency\":\"" + currency + '"')
                .get(0);
        assertEquals(why, event.unmapped());
        assertEquals(
                new BigDecimal(sent).movePointLeft(2) + " " + currency.toUpperCase(Locale.ROOT),
                SchemeFixture.worth(event));
    }

    @Test
    void a_retry_is_the_same_event() {
        String retried = SUCCEEDED.replace("\"pending_webhooks\":1", "\"pending_webhooks\":0");
        Event expected = Event.of("evt_1")
                .ofType("payment_intent.succeeded")
                .about("pi_1")
                .at(CREATED)
                .from("cus_1")
                .worth(minor("10.99", "EUR", "1099"));
        assertEvents(List.of(expected), SCHEME.events(delivery(SUCCEEDED)));
        assertEvents(List.of(expected), SCHEME.events(delivery(retried)));
    }

    @Test
    void a_thin_event_says_what_it_is_about_and_no_more() {
        String thin = """
                {"id":"evt_test_2","object":"v2.core.event","type":"v1.payment_intent.succeeded","created":"2026-11-27T10:00:00.000Z",
                "livemode":true,"context":null,"related_object":{"id":"pi_1","type":"payment_intent",
                "url":"/v1/payment_intents/pi_1"},"snapshot_event":"evt_1"}""";
        Event expected = Event.of("evt_test_2")
                .ofType("v1.payment_intent.succeeded")
                .about("pi_1")
                .at(NOW)
                .because(Unmapped.THIN);
        assertEvents(List.of(expected), SCHEME.events(delivery(thin)));
        assertEvents(
                List.of(expected.about(null)),
                SCHEME.events(delivery(thin.replaceAll("(?s)\"related_object\":\\{.*?}", "\"related_object\":null"))));
    }

    @Test
    void what_has_no_id_is_told_apart_by_its_bytes() {
        String without = SUCCEEDED.replace("\"id\":\"evt_1\",", "");
        Event event = SCHEME.events(delivery(without)).get(0);
        assertEquals(Event.digest(without), event.identity());
        assertEquals(Unmapped.NO_IDENTITY, event.unmapped());
        Money money = event.money();
        assertEquals(minor("10.99", "EUR", "1099"), money);
        assertEvents(
                List.of(Event.of(Event.digest("no JSON")).because(Unmapped.UNREADABLE)),
                SCHEME.events(delivery("no JSON")));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(
                SCHEME, at(NOW.getEpochSecond()), SUCCEEDED, body("charge", "charge.refunded", "\"id\":\"o\""));
    }

    private static List<Event> events(String kind, String type, String members) {
        Delivery delivery = delivery(body(kind, type, members));
        return SCHEME.events(delivery);
    }

    private static String body(String kind, String type, String members) {
        return "{\"id\":\"evt_9\",\"object\":\"event\",\"account\":\"acct_1\",\"created\":1795820000,\"type\":\"" + type
                + "\",\"data\":{\"object\":{\"object\":\"" + kind + "\"," + members + "}}}";
    }

    private static Map<String, String> at(long seconds) {
        return Map.of(HEADER, "t=" + seconds + ",v1=" + hex(SECRET, seconds + "." + SUCCEEDED));
    }

    private static String header(String form) {
        long now = NOW.getEpochSecond();
        String signature = hex(SECRET, now + "." + SUCCEEDED);
        return form.formatted(now, signature, hex("stranger", now + "." + SUCCEEDED));
    }
}
