package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Recalling;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PayPalTest {

    private static final String ID = "PAYPAL-TRANSMISSION-ID";
    private static final String TIME = "PAYPAL-TRANSMISSION-TIME";
    private static final String SIGNATURE = "PAYPAL-TRANSMISSION-SIG";
    private static final String CERTIFICATE = "PAYPAL-CERT-URL";
    private static final String ALGORITHM = "PAYPAL-AUTH-ALGO";
    private static final List<String> HEADERS = List.of(ID, TIME, SIGNATURE, CERTIFICATE, ALGORITHM);

    private static final String URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-5edc0ebc";
    private static final String WEBHOOK = "8PT597110X687430LKGECATA";
    private static final String TRANSMISSION = "7a2f3a90-cb37-11f0-8a64-01";
    private static final String SENT = "2026-11-27T10:00:01Z";

    private static final String CAPTURE = """
            {"id":"WH-1","event_version":"1.0","create_time":"2026-11-27T10:00:00.000Z","resource_type":"capture",\
            "resource_version":"2.0","event_type":"PAYMENT.CAPTURE.COMPLETED","summary":"Payment completed","resource":{"id":"CAP1",\
            "status":"COMPLETED","amount":{"currency_code":"USD","value":"10.00"},"invoice_id":"inv-1","payee":{"merchant_id":"MER1"},\
            "payer":{"payer_id":"PAYER1"},"supplementary_data":{"related_ids":{"order_id":"ORD1"}}},"links":[]}""";

    private static final Issued ROOT = Issued.root("Root", Issued.keys("RSA", 2048));
    private static final Issued LEAF = ROOT.leaf(Issued.keys("RSA", 2048), "messageverificationcerts.paypal.com");

    @TempDir
    static Path directory;

    private static Path trusted;

    private final List<String> fetched = new ArrayList<>();
    private final Provider paypal = of(Map.of());

    @BeforeAll
    static void trustTheRoot() throws Exception {
        trusted = Files.writeString(directory.resolve("root.pem"), ROOT.pem());
    }

    private static SchemeContext context(Map<String, String> settings) {
        var all = new HashMap<>(Map.of("webhook-id", WEBHOOK, "trusted-certificates", trusted.toString()));
        all.putAll(settings);
        return Provider.context(all, Clock.fixed(Provider.NOW, ZoneOffset.UTC));
    }

    /** With certificates that are fetched at once, so that the second delivery finds them. */
    private Provider of(Map<String, String> settings) {
        SchemeContext context = context(settings);
        return new Provider(new PayPal(
                context,
                new PayPalCertificates(
                        url -> {
                            fetched.add(url.toString());
                            return url.toString().endsWith("none")
                                    ? Optional.empty()
                                    : Optional.of(Provider.bytes(LEAF.pem()));
                        },
                        PayPalTrust.of(context),
                        context.clock(),
                        Runnable::run,
                        Runnable::run)));
    }

    private static Map<String, String> headers(String id, String time, String webhook, String body) {
        var crc = new CRC32();
        crc.update(Provider.bytes(body));
        String text = id + "|" + time + "|" + webhook + "|" + crc.getValue();
        var headers = new LinkedHashMap<String, String>();
        headers.put(ID, id);
        headers.put(TIME, time);
        headers.put(SIGNATURE, Base64.getEncoder().encodeToString(LEAF.sign(Provider.bytes(text))));
        headers.put(CERTIFICATE, URL);
        headers.put(ALGORITHM, "SHA256withRSA");
        return headers;
    }

    private static Map<String, String> headers(String body) {
        return headers(TRANSMISSION, SENT, WEBHOOK, body);
    }

    private static Map<String, String> with(Map<String, String> headers, String name, String value) {
        var changed = new LinkedHashMap<>(headers);
        changed.put(name, value);
        return changed;
    }

    /** Once the certificate is known. */
    private Verdict verify(Map<String, String> headers, String body) {
        if (fetched.isEmpty()) {
            paypal.verify(headers(CAPTURE), CAPTURE);
        }
        return paypal.verify(headers, body);
    }

    @Test
    void the_first_delivery_is_asked_to_come_again_and_then_it_is_signed() {
        assertEquals(Verdict.UNDECIDED, paypal.verify(headers(CAPTURE), CAPTURE));
        assertEquals(Verdict.SIGNED, paypal.verify(headers(CAPTURE), CAPTURE));
        assertEquals(Verdict.UNSIGNED, paypal.verify(headers(CAPTURE), CAPTURE + " "));
        assertEquals(List.of(URL), fetched);
    }

    @Test
    void an_address_without_a_certificate_is_refused() {
        var headers = with(headers(CAPTURE), CERTIFICATE, URL + "-none");
        assertEquals(Verdict.UNDECIDED, paypal.verify(headers, CAPTURE));
        assertEquals(Verdict.UNSIGNED, paypal.verify(headers, CAPTURE));
    }

    @Test
    void a_body_with_any_bit_changed_is_refused() {
        Map<String, String> headers = headers(CAPTURE);
        assertEquals(Verdict.SIGNED, verify(headers, CAPTURE));
        Provider.flips(CAPTURE)
                .forEach(flipped -> assertEquals(
                        Verdict.UNSIGNED, paypal.scheme().verify(Provider.delivery(headers, null, flipped))));
    }

    /** What the ledger keeps of a body that comes second in the transmission. */
    private static Event second(String body) {
        return Event.of(TRANSMISSION + "~" + Event.digest(body)).because(Unmapped.NOT_SIGNED);
    }

    /** Of each body, once it has been verified. */
    private List<Event> told(Map<String, String> headers, String... bodies) {
        return Stream.of(bodies)
                .map(body -> {
                    assertEquals(Verdict.SIGNED, verify(headers, body));
                    return paypal.scheme()
                            .events(Provider.delivery(headers, null, Provider.bytes(body)))
                            .get(0);
                })
                .toList();
    }

    /** Bodies that differ in these words alone have one CRC-32, as the words have. */
    private static String with(String first, String second, String body) {
        return body.replace("WH-1", "WH-" + first).replace("Payment completed", "Payment " + second);
    }

    private static final String A = "plumless";
    private static final String B = "buckeroo";

    @Test
    void of_two_bodies_of_one_transmission_the_second_is_kept_apart_and_no_money_of_it_is_believed() {
        String first = with(A, A, CAPTURE);
        String another = with(B, A, CAPTURE);
        Event genuine = paypal.event(first);
        assertEquals(
                List.of(genuine, second(another), genuine, second(another)),
                told(headers(first), first, another, first, another));
        Event alone = told(headers("other-id", SENT, WEBHOOK, another), another).get(0);
        assertEquals("WH-" + B, alone.identity());
        assertEquals("10.00", alone.money().sent());
    }

    @Test
    void a_genuine_event_that_comes_second_is_kept_and_not_taken_for_the_one_that_came_first() {
        String genuine = with(A, A, CAPTURE);
        String other = with(B, A, CAPTURE);
        String sameId = with(A, B, CAPTURE);
        assertEquals(
                List.of(paypal.event(other), second(genuine), second(sameId)),
                told(headers(genuine), other, genuine, sameId));
    }

    @Test
    void what_is_mapped_again_tells_what_it_told_whatever_else_came_in_its_transmission() {
        String another = CAPTURE.replace("WH-1", "WH-2");
        assertEquals(
                List.of("WH-2", "WH-1"),
                Stream.of(another, CAPTURE)
                        .map(body -> Provider.delivery(headers(CAPTURE), null, Provider.bytes(body)))
                        .map(kept -> paypal.scheme().events(kept).get(0).identity())
                        .toList());
    }

    @Test
    void no_body_takes_the_identity_that_a_second_one_will_have() {
        for (String taken : List.of(second(CAPTURE).identity(), Event.digest("x"), "a~b", "~")) {
            String body = CAPTURE.replace("WH-1", taken);
            Event event = paypal.event(body);
            assertEquals(Event.digest(body), event.identity());
            assertEquals(Unmapped.NO_IDENTITY, event.unmapped());
        }
    }

    @Test
    void a_delivery_that_is_refused_does_not_come_first() {
        String forged = CAPTURE.replace("10.00", "99.00");
        assertEquals(Verdict.UNSIGNED, verify(headers(CAPTURE), forged));
        assertEquals(List.of(paypal.event(CAPTURE)), told(headers(CAPTURE), CAPTURE));
    }

    /** Neither the text of a body nor a second line of it comes into the log, and none of it stays in memory. */
    @Test
    void the_log_is_told_once_for_each_transmission_and_of_digests_alone() {
        String template =
                "{\"id\":\"WH-1\\n2026 ERROR made up\",\"x\":\"" + "x".repeat(100_000) + "Payment completed\"}";
        String first = with(A, A, template);
        String second = with(B, A, template);
        String third = with(A, B, template);
        var lines = new ArrayList<String>();
        var keeping = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(new PatternFormatter("%s").format(line));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger log = Logger.getLogger(Transmissions.class.getName());
        log.addHandler(keeping);
        try {
            told(headers(first), first, first, second, third, first, second);
        } finally {
            log.removeHandler(keeping);
        }
        assertEquals(
                List.of("PayPal's transmission " + TRANSMISSION + " came with the body " + Event.digest(first)
                        + ", and comes with another one now, " + Event.digest(second)
                        + ". At most one of the two is PayPal's: ask its API which"),
                lines);
    }

    @Test
    void a_second_body_under_one_event_has_its_identity_whatever_it_tells() {
        String another = CAPTURE.replace("10.00", "99.00");
        assertEquals(
                List.of("WH-1", "WH-1"),
                Stream.of(CAPTURE, another)
                        .map(body -> paypal.event(body).identity())
                        .toList());
        assertNotEquals(paypal.event(CAPTURE).money(), paypal.event(another).money());
    }

    @Test
    void as_many_transmissions_are_remembered_as_are_said_and_those_that_are_asked_for_longest() {
        var transmissions = new Transmissions();
        for (int i = 0; i < Transmissions.MAX; i++) {
            transmissions.came("t" + i, "d");
        }
        assertTrue(transmissions.cameWithAnother("t0", "e"));
        assertFalse(transmissions.cameWithAnother("t0", "d"));
        transmissions.came("one more", "d");
        assertTrue(transmissions.cameWithAnother("t0", "e"));
        assertFalse(transmissions.cameWithAnother("t1", "e"));
    }

    @Test
    void a_header_with_any_character_changed_is_refused() {
        Map<String, String> headers = headers(CAPTURE);
        for (String name : List.of(ID, TIME, SIGNATURE, ALGORITHM)) {
            Provider.changes(headers.get(name))
                    .forEach(changed ->
                            assertEquals(Verdict.UNSIGNED, verify(with(headers, name, changed), CAPTURE), changed));
        }
    }

    @Test
    void a_header_that_is_missing_or_comes_twice_is_refused() {
        verify(headers(CAPTURE), CAPTURE);
        for (String name : HEADERS) {
            paypal.without(headers(CAPTURE), name, CAPTURE)
                    .forEach(delivery ->
                            assertEquals(Verdict.UNSIGNED, paypal.scheme().verify(delivery), name));
        }
    }

    @Test
    void what_another_webhook_is_sent_is_refused() {
        assertEquals(Verdict.UNSIGNED, verify(headers("id", SENT, "WEBHOOK_ID", CAPTURE), CAPTURE));
        assertEquals(Verdict.UNSIGNED, verify(headers("id", SENT, WEBHOOK + "|1", CAPTURE), CAPTURE));
    }

    @Test
    void nothing_moves_over_a_bar() {
        Map<String, String> headers = headers("a", SENT + "|" + WEBHOOK, "x", CAPTURE);
        assertEquals(Verdict.UNSIGNED, verify(headers, CAPTURE));
        Map<String, String> other = headers("a|2026-11-27T10:00:00Z", SENT, WEBHOOK, CAPTURE);
        assertEquals(Verdict.UNSIGNED, verify(other, CAPTURE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "http://api.paypal.com/v1/notifications/certs/CERT-1",
                "HTTPS://api.paypal.com/v1/notifications/certs/CERT-1",
                "https://paypal.com/v1/notifications/certs/CERT-1",
                "https://www.paypal.com/v1/notifications/certs/CERT-1",
                "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
                "https://example.com/v1/notifications/certs/CERT-1",
                "https://api.paypal.com@example.com/v1/notifications/certs/CERT-1",
                "https://api.paypal.com:443@example.com/v1/notifications/certs/CERT-1",
                "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
                "https://api-paypal.com/v1/notifications/certs/CERT-1",
                "https://apixpaypal.com/v1/notifications/certs/CERT-1",
                "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
                "https://api.paypal.com:443:443/v1/notifications/certs/CERT-1",
                "https://api.paypal.com./v1/notifications/certs/CERT-1",
                "https://API.paypal.com/v1/notifications/certs/CERT-1",
                "https://api.paypal.com/v1/notifications/certs/",
                "https://api.paypal.com/v1/notifications/certs/../x",
                "https://api.paypal.com/v1/notifications/certs/a/b",
                "https://api.paypal.com/v1/notifications/certs/..",
                "https://api.paypal.com/v1/notifications/certs/%2e%2e",
                "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
                "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
                "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
                "https://api.paypal.com/v1/notifications/certs/CERT-1 ",
                "https://api.paypal.com//v1/notifications/certs/CERT-1",
                "https://api.paypal.com/v1/notifications/CERT-1",
                "https://api.paypal.com\\@example.com/v1/notifications/certs/CERT-1",
                "https://127.0.0.1/v1/notifications/certs/CERT-1",
                "file:///v1/notifications/certs/CERT-1",
                "jar:https://api.paypal.com/v1/notifications/certs/CERT-1"
            })
    void no_other_address_is_ever_asked(String url) {
        assertEquals(Verdict.UNSIGNED, paypal.verify(with(headers(CAPTURE), CERTIFICATE, url), CAPTURE));
        assertEquals(List.of(), fetched);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api.paypal.com",
                "api-m.paypal.com",
                "api.sandbox.paypal.com",
                "api-m.sandbox.paypal.com",
                "api.paypal.com:443"
            })
    void each_of_paypals_servers_is_asked(String host) {
        String url = "https://" + host + "/v1/notifications/certs/CERT-1";
        Map<String, String> headers = with(headers(CAPTURE), CERTIFICATE, url);
        assertEquals(Verdict.UNDECIDED, paypal.verify(headers, CAPTURE));
        assertEquals(Verdict.SIGNED, paypal.verify(headers, CAPTURE));
        assertEquals(List.of(url), fetched);
    }

    @Test
    void the_certificate_of_a_delivery_that_is_recalled_is_fetched_before_it_is_asked_for() {
        var scheme = (Recalling) paypal.scheme();
        scheme.recall(Provider.delivery(Map.of(), null, new byte[0]));
        scheme.recall(Provider.delivery(Map.of(CERTIFICATE, "https://example.com/"), null, new byte[0]));
        assertEquals(List.of(), fetched);
        scheme.recall(Provider.delivery(headers(CAPTURE), null, Provider.bytes(CAPTURE)));
        assertEquals(List.of(URL), fetched);
        assertEquals(Verdict.SIGNED, paypal.verify(headers(CAPTURE), CAPTURE));
        assertEquals(List.of(URL), fetched);
    }

    @Test
    void what_is_no_signature_at_all_makes_nobody_fetch() {
        for (String signature : List.of("", "x", "AAA", "====", "A".repeat(688), "A".repeat(100_000), "AAAA\n")) {
            assertEquals(Verdict.UNSIGNED, paypal.verify(with(headers(CAPTURE), SIGNATURE, signature), CAPTURE));
        }
        for (String algorithm : List.of("", "SHA1withRSA", "sha256withrsa", "NONEwithRSA", "SHA256withRSA ")) {
            assertEquals(Verdict.UNSIGNED, paypal.verify(with(headers(CAPTURE), ALGORITHM, algorithm), CAPTURE));
        }
        assertEquals(List.of(), fetched);
        assertEquals(Verdict.UNSIGNED, verify(with(headers(CAPTURE), SIGNATURE, "AAAA"), CAPTURE));
    }

    @Test
    void a_transmission_is_taken_for_three_days_unless_another_tolerance_is_set_which_holds_on_both_sides() {
        int threeDays = 3 * 24 * 3600;
        verify(headers(CAPTURE), CAPTURE);
        for (int seconds : new int[] {-threeDays, 0, threeDays}) {
            assertEquals(Verdict.SIGNED, paypal.verify(sent(seconds), CAPTURE), "" + seconds);
        }
        for (int seconds : new int[] {-threeDays - 1, threeDays + 1}) {
            assertEquals(Verdict.UNSIGNED, paypal.verify(sent(seconds), CAPTURE), "" + seconds);
        }
        assertEquals(Verdict.UNSIGNED, verify(headers("id", "yesterday", WEBHOOK, CAPTURE), CAPTURE));
        assertEquals(Verdict.UNSIGNED, verify(headers("id", "2026-13-27T10:00:01Z", WEBHOOK, CAPTURE), CAPTURE));
        assertThrows(ConfigurationException.class, () -> of(Map.of("tolerance", "8D")));
        Provider strict = of(Map.of("tolerance", "60s"));
        strict.verify(headers(CAPTURE), CAPTURE);
        for (int seconds : new int[] {-60, 0, 60}) {
            assertEquals(Verdict.SIGNED, strict.verify(sent(seconds), CAPTURE), "" + seconds);
        }
        for (int seconds : new int[] {-61, 61, -100_000, 100_000}) {
            assertEquals(Verdict.UNSIGNED, strict.verify(sent(seconds), CAPTURE), "" + seconds);
        }
    }

    private static Map<String, String> sent(int seconds) {
        return headers("id", Provider.NOW.plusSeconds(seconds).toString(), WEBHOOK, CAPTURE);
    }

    @Test
    void the_id_of_the_webhook_is_needed_and_no_secret_is() {
        assertThrows(
                ConfigurationException.class,
                () -> new PayPal(Provider.context(
                        Map.of("trusted-certificates", trusted.toString()),
                        Clock.fixed(Provider.NOW, ZoneOffset.UTC))));
        assertThrows(ConfigurationException.class, () -> new PayPal(context(Map.of("webhook-id", "a|b"))));
        assertEquals(5, new PayPal(context(Map.of())).headersToKeep().size());
    }

    @Test
    void a_capture_becomes_an_event() {
        assertEquals(
                List.of(Event.of("WH-1")
                        .ofType("PAYMENT.CAPTURE.COMPLETED")
                        .about("ORD1")
                        .at(Instant.parse("2026-11-27T10:00:00Z"))
                        .from("PAYER1")
                        .to("MER1")
                        .worth(new Money(new BigDecimal("10.00"), "USD", "10.00", Money.Unit.MAJOR))),
                paypal.events(CAPTURE));
    }

    private Event resource(String type, String resource) {
        return paypal.event("{\"id\":\"WH-2\",\"event_type\":\"X.Y\",\"resource_type\":\"" + type + "\",\"resource\":"
                + resource + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '$', textBlock = """
            authorization~{"id":"A1","amount":{"currency_code":"EUR","value":"5"}}~A1~5
            refund~{"id":"R1","amount":{"currency_code":"EUR","value":"5.10"},"links":[{"rel":"self","href":"https://api.paypal.com/v2/payments/refunds/R1"},{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/CAP1"}]}~CAP1~5.10
            refund~{"id":"R1","amount":{"currency_code":"EUR","value":"5.10"}}~R1~5.10
            refund~{"id":"R1","amount":{"currency":"EUR","total":"-0.01"},"sale_id":"S1"}~S1~-0.01
            refund~{"id":"R1","amount":{"currency":"EUR","total":"-0.01"},"sale_id":"S1","parent_payment":"P1"}~P1~-0.01
            sale~{"id":"S1","amount":{"currency":"EUR","total":"822.0160"},"parent_payment":"P1"}~P1~822.0160
            sale~{"id":"S1","amount":{"currency":"EUR","total":"0.48"}}~S1~0.48
            payment~{"id":"P1","transactions":[{"amount":{"currency":"EUR","total":"7.47"}}]}~P1~7.47
            checkout-order~{"id":"O1","purchase_units":[{"amount":{"currency_code":"EUR","value":"5.00"}}]}~O1~5.00
            checkout-order~{"id":"O1","purchase_units":[{"amount":{"currency_code":"EUR","value":"5.00"}},{"amount":{"currency_code":"EUR","value":"0.25"}}]}~O1~5.25
            payouts_item~{"payout_item_id":"I1","payout_item":{"amount":{"currency":"EUR","value":"1.0"}}}~I1~1.0
            """)
    void each_layout_has_its_subject_and_amount(String type, String resource, String subject, String sent) {
        Event event = resource(type, resource);
        assertEquals("WH-2", event.identity());
        assertEquals(subject, event.subject());
        assertEquals(new Money(new BigDecimal(sent), "EUR", sent, Money.Unit.MAJOR), event.money());
        assertNull(event.unmapped());
    }

    @ParameterizedTest
    @CsvSource({
        "HUF,1055,",
        "HUF,10.00,",
        "HUF,10.55,BROKEN_AMOUNT_RULE",
        "TWD,10.55,BROKEN_AMOUNT_RULE",
        "TWD,-10.5,BROKEN_AMOUNT_RULE",
        "JPY,10.01,BROKEN_AMOUNT_RULE",
        "JPY,500,",
        "USD,10.55,",
        "TND,10.555,"
    })
    void what_has_no_decimals_at_paypal_is_marked_if_it_has_some_and_kept(
            String currency, String sent, @Nullable Unmapped why) {
        String amount = "{\"amount\":{\"currency_code\":\"" + currency + "\",\"value\":\"" + sent + "\"}}";
        for (Event event : List.of(
                resource("capture", amount), resource("checkout-order", "{\"purchase_units\":[" + amount + "]}"))) {
            assertEquals(new Money(new BigDecimal(sent), currency, sent, Money.Unit.MAJOR), event.money());
            assertEquals(why, event.unmapped());
        }
    }

    @Test
    void parts_that_each_break_the_rule_do_not_mend_each_other() {
        String half = "{\"amount\":{\"currency_code\":\"JPY\",\"value\":\"0.5\"}}";
        Event event = resource("checkout-order", "{\"purchase_units\":[" + half + "," + half + "]}");
        assertEquals("1.0", event.money().sent());
        assertEquals(Unmapped.BROKEN_AMOUNT_RULE, event.unmapped());
    }

    @Test
    void the_payer_of_version_one_is_an_account() {
        assertEquals(
                "P",
                resource("payment", "{\"payer\":{\"payer_info\":{\"payer_id\":\"P\",\"email\":\"a@example.com\"}}}")
                        .sourceAccount());
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.NO_AMOUNT, resource("capture", "{}").unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT,
                resource("checkout-order", "{\"purchase_units\":[]}").unmapped());
        assertEquals(
                Unmapped.NO_AMOUNT,
                resource(
                                "checkout-order",
                                "{\"purchase_units\":[{\"amount\":{\"currency_code\":\"EUR\",\"value\":\"1\"}},{}]}")
                        .unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                resource(
                                "checkout-order",
                                "{\"purchase_units\":[{\"amount\":{\"currency_code\":\"EUR\",\"value\":\"1\"}},"
                                        + "{\"amount\":{\"currency_code\":\"USD\",\"value\":\"1\"}}]}")
                        .unmapped());
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                resource("capture", "{\"amount\":{\"currency_code\":\"EUR\",\"value\":\"1,00\"}}")
                        .unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY,
                resource("sale", "{\"amount\":{\"total\":\"1\"}}").unmapped());
        Event news = resource("news", "{\"id\":\"N1\",\"amount\":{\"currency_code\":\"EUR\",\"value\":\"1\"}}");
        assertEquals(Event.of("WH-2").ofType("X.Y").about("N1").because(Unmapped.UNKNOWN_TYPE), news);
        assertEquals(Event.of("WH-2").ofType("X.Y").about("S1"), resource("subscription", "{\"id\":\"S1\"}"));
        Event nameless = paypal.event("{\"event_type\":\"X\"}");
        assertEquals(Unmapped.NO_IDENTITY, nameless.unmapped());
        assertTrue(nameless.identity().startsWith("sha256:"));
        assertEquals(Unmapped.UNREADABLE, paypal.event("").unmapped());
        assertEquals(Unmapped.UNREADABLE, paypal.event("[]").unmapped());
        assertEquals(Unmapped.UNREADABLE, paypal.event("\u0000").unmapped());
    }

    @Test
    void an_event_that_comes_again_is_the_same_whatever_its_transmission() {
        verify(headers(CAPTURE), CAPTURE);
        Map<String, String> again = headers("other-id", "2026-11-29T10:00:00Z", WEBHOOK, CAPTURE);
        assertEquals(Verdict.SIGNED, paypal.verify(again, CAPTURE));
        assertEquals(
                paypal.events(CAPTURE),
                paypal.scheme().events(Provider.delivery(again, null, Provider.bytes(CAPTURE))));
    }

    @Test
    void nothing_that_a_stranger_sends_does_more_than_be_refused() {
        verify(headers(CAPTURE), CAPTURE);
        paypal.survives(headers(CAPTURE));
        paypal.survives(Map.of(ID, "\u0000", CERTIFICATE, "\u00ff"));
        assertEquals(Answer.OK, paypal.scheme().success());
    }
}
