package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdyenTest {

    private static final String KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    private static final String OLD = "00112233445566778899aabbccddeeff";

    private final Provider adyen = Provider.of(Adyen::new, Map.of("secrets", KEY));

    /** One item, as Adyen writes it. */
    private record Item(
            String psp,
            String original,
            String account,
            String reference,
            String value,
            String currency,
            String code,
            String success) {

        static Item payment() {
            return new Item("PSP2", "PSP1", "TestMerchant", "order-1", "1130", "EUR", "CAPTURE", "true");
        }

        /** The value and the currency are both missing if the value is null. */
        Item worth(String newValue, String newCurrency) {
            return new Item(psp, original, account, reference, newValue, newCurrency, code, success);
        }

        Item named(String newReference) {
            return new Item(psp, original, account, newReference, value, currency, code, success);
        }

        Item of(String newCode, String newSuccess) {
            return new Item(psp, original, account, reference, value, currency, newCode, newSuccess);
        }

        String text() {
            return Stream.of(psp, original, account, reference, value, currency, code, success)
                    .map(field -> field == null ? "" : field)
                    .collect(Collectors.joining(":"));
        }

        String signature(String key) {
            return Hmac.ofHex(key, Hmac.SHA256).signBase64(Provider.bytes(text()));
        }

        String json(String signature) {
            return json(signature, "2026-11-27T10:00:00+01:00");
        }

        String json(String signature, String eventDate) {
            String amount = value == null
                    ? ""
                    : "\"amount\":{\"currency\":" + quoted(currency) + ",\"value\":"
                            + (value.matches("-?\\d+") ? value : quoted(value)) + "},";
            return "{\"NotificationRequestItem\":{\"additionalData\":{\"hmacSignature\":\"" + signature + "\"},"
                    + amount
                    + "\"eventCode\":" + quoted(code) + ",\"eventDate\":\"" + eventDate + "\",\"merchantAccountCode\":"
                    + quoted(account) + ",\"merchantReference\":" + quoted(reference)
                    + (original.isEmpty() ? "" : ",\"originalReference\":" + quoted(original))
                    + ",\"paymentMethod\":\"visa\",\"pspReference\":" + quoted(psp) + ",\"reason\":\"\",\"success\":"
                    + quoted(success) + "}}";
        }

        private static String quoted(String text) {
            return "\"" + text + "\"";
        }
    }

    private static String call(String... items) {
        return "{\"live\":\"false\",\"notificationItems\":[" + String.join(",", items) + "]}";
    }

    private static String call(Item item) {
        return call(item.json(item.signature(KEY)));
    }

    private Verdict verify(String body) {
        return adyen.verify(Map.of(), body);
    }

    @Test
    void what_adyens_own_libraries_sign_is_signed() {
        var item = new Item(
                "7914073381342284",
                "",
                "TestMerchant",
                "TestPayment-1407325143704",
                "1130",
                "EUR",
                "AUTHORISATION",
                "true");
        String body = call(item.json("coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="));
        assertEquals(Verdict.SIGNED, verify(body));
        assertEquals(
                Event.of("7914073381342284~AUTHORISATION~true")
                        .ofType("AUTHORISATION")
                        .about("7914073381342284")
                        .to("TestMerchant")
                        .worth(new Money(new BigDecimal("11.30"), "EUR", "1130", Money.Unit.MINOR)),
                adyen.event(body));
    }

    @Test
    void an_item_becomes_an_event_of_what_is_signed_alone() {
        String body = call(Item.payment());
        assertEquals(Verdict.SIGNED, verify(body));
        assertEquals(
                List.of(Event.of("PSP2~CAPTURE~true")
                        .ofType("CAPTURE")
                        .about("PSP1")
                        .to("TestMerchant")
                        .worth(new Money(new BigDecimal("11.30"), "EUR", "1130", Money.Unit.MINOR))),
                adyen.events(body));
    }

    @Test
    void a_body_with_any_bit_changed_is_refused_or_tells_the_same() {
        String body = call(Item.payment());
        Event genuine = adyen.event(body);
        var verdicts = new HashSet<Verdict>();
        Provider.flips(body).forEach(flipped -> {
            var delivery = Provider.delivery(Map.of(), null, flipped);
            Verdict verdict = adyen.scheme().verify(delivery);
            verdicts.add(verdict);
            if (verdict == Verdict.SIGNED) {
                assertEquals(List.of(genuine), adyen.scheme().events(delivery));
            }
        });
        assertEquals(Set.of(Verdict.SIGNED, Verdict.UNSIGNED), verdicts);
    }

    @Test
    void a_signature_with_any_character_changed_is_refused() {
        Item item = Item.payment();
        Provider.changes(item.signature(KEY))
                .forEach(changed -> assertEquals(Verdict.UNSIGNED, verify(call(item.json(changed))), changed));
    }

    @Test
    void other_ways_to_write_a_signature_are_refused() {
        Item item = Item.payment();
        String signature = item.signature(KEY);
        for (String other : List.of(
                "",
                signature.replace("=", ""),
                signature + "=",
                signature.replace('+', '-').replace('/', '_') + ' ',
                "sha256=" + signature,
                Hmac.ofHex(KEY, Hmac.SHA256).signHex(Provider.bytes(item.text())),
                Hmac.ofText(KEY, Hmac.SHA256).signBase64(Provider.bytes(item.text())))) {
            assertEquals(Verdict.UNSIGNED, verify(call(item.json(other))), other);
        }
    }

    @Test
    void a_call_is_refused_as_a_whole_if_one_of_its_items_is_not_signed() {
        Item one = Item.payment();
        Item other = Item.payment().of("REFUND", "false");
        assertEquals(Verdict.SIGNED, verify(call(one.json(one.signature(KEY)), other.json(other.signature(KEY)))));
        assertEquals(Verdict.UNSIGNED, verify(call(one.json(one.signature(KEY)), other.json(one.signature(KEY)))));
        assertEquals(Verdict.UNSIGNED, verify(call(one.json(other.signature(KEY)), other.json(other.signature(KEY)))));
        assertEquals(Verdict.UNSIGNED, verify(call(one.json(one.signature(KEY)), "{}")));
        assertEquals(Verdict.UNSIGNED, verify(call(one.json(one.signature(KEY)), "null")));
    }

    @Test
    void each_item_is_an_event_in_the_order_of_the_call() {
        Item one = Item.payment();
        Item other = Item.payment().of("REFUND", "false");
        assertEquals(
                List.of("PSP2~CAPTURE~true", "PSP2~REFUND~false"),
                adyen.events(call(one.json(one.signature(KEY)), other.json(other.signature(KEY)))).stream()
                        .map(Event::identity)
                        .toList());
    }

    @Test
    void a_call_with_any_number_of_items_is_taken_if_all_of_them_are_signed() {
        String[] items = IntStream.range(0, 1000)
                .mapToObj(i -> Item.payment().named("order-" + i).of("CAPTURE", "true"))
                .map(item -> item.json(item.signature(KEY)))
                .toArray(String[]::new);
        assertEquals(Verdict.SIGNED, verify(call(items)));
        assertEquals(1000, adyen.events(call(items)).size());
        for (int wrong : new int[] {0, 500, 999}) {
            String[] others = items.clone();
            others[wrong] = Item.payment().json(Item.payment().signature(OLD));
            assertEquals(Verdict.UNSIGNED, verify(call(others)));
        }
        assertEquals(Verdict.UNSIGNED, verify(call()));
    }

    @Test
    void an_item_that_comes_again_in_its_call_is_one_event() {
        String item = Item.payment().json(Item.payment().signature(KEY));
        String body = call(Collections.nCopies(2000, item).toArray(String[]::new));
        assertEquals(Verdict.SIGNED, verify(body));
        assertEquals(1, adyen.events(body).size());
    }

    /** "Aa" and "BB" have one hash code, and so have all texts of as many of them: a set would compare each such item with all others. */
    @Test
    void items_of_a_stranger_are_read_up_to_the_first_one_however_many_there_are_and_however_their_hashes_collide() {
        String[] accounts = IntStream.range(0, 1 << 12)
                .mapToObj(bits -> IntStream.range(0, 12)
                        .mapToObj(bit -> ((bits >> bit) & 1) == 0 ? "Aa" : "BB")
                        .collect(Collectors.joining()))
                .toArray(String[]::new);
        assertEquals(
                1, Arrays.stream(accounts).mapToInt(String::hashCode).distinct().count());
        String[] items = Arrays.stream(accounts)
                .map(account -> "{\"NotificationRequestItem\":{\"merchantAccountCode\":\"" + account + "\"}}")
                .toArray(String[]::new);
        assertEquals(Verdict.UNSIGNED, verify(call(items)));
        assertEquals(1, asked(call(items), 0));
        assertEquals(8, asked(call(items), 7));
        String good = Item.payment().json(Item.payment().signature(KEY));
        assertEquals(3, asked(call(good, good, items[0], good, items[1]), 2));
        assertEquals(Verdict.UNSIGNED, verify(call(good, good, items[0], good, items[1])));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "null", "\"x\"", "[]", "[{}]"})
    void the_first_item_that_is_no_object_ends_the_call(String other) {
        String[] others = Collections.nCopies(1000, other).toArray(String[]::new);
        assertEquals(0, asked(call(others), Integer.MAX_VALUE));
        String good = Item.payment().json(Item.payment().signature(KEY));
        assertEquals(1, asked(call(good, other, good), Integer.MAX_VALUE));
        assertEquals(Verdict.UNSIGNED, verify(call(good, other, good)));
    }

    /** How many items somebody is asked of, who takes so many of them for signed. */
    private static int asked(String body, int good) {
        var asked = new AtomicInteger();
        Set<AdyenItem> items = AdyenItems.read(Provider.bytes(body), item -> asked.incrementAndGet() <= good);
        assertEquals(Set.of(), items);
        return asked.get();
    }

    /** What no signature covers does not say whether a call is signed. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"live\":\"false\",\"live\":\"true\",",
                "\"other\":%d,",
                "\"other\":-%1$d.%1$de%1$d,",
                "\"other\":[{\"a\":%d,\"a\":[]},%d],",
                "\"%d\":1,",
                "\"notificationItem\":[],"
            })
    void whatever_is_not_signed_may_be_as_it_will(String form) {
        String strange = form.replace("%1$d", "9".repeat(60_000)).replace("%d", "9".repeat(200));
        Item item = Item.payment();
        String signed = item.json(item.signature(KEY));
        for (String body : List.of(
                call(signed).replace("\"live\":\"false\",", strange),
                call(signed.replace("\"paymentMethod\":\"visa\",", strange)),
                call(signed.replace("\"additionalData\":{", "\"additionalData\":{" + strange)),
                call(signed.replace("\"amount\":{", "\"amount\":{" + strange)))) {
            assertNotEquals(call(signed), body);
            assertEquals(Verdict.SIGNED, verify(body));
            assertEquals(adyen.events(call(signed)), adyen.events(body));
        }
    }

    @Test
    void what_is_signed_and_comes_twice_is_refused_wherever_the_right_one_stands() {
        String body = call(Item.payment());
        for (String member : List.of(
                "\"success\":\"true\"",
                "\"pspReference\":\"PSP2\"",
                "\"originalReference\":\"PSP1\"",
                "\"value\":1130",
                "\"currency\":\"EUR\"",
                "\"eventCode\":\"CAPTURE\"",
                "\"merchantAccountCode\":\"TestMerchant\"")) {
            assertTrue(body.contains(member), member);
            String wrong = member.replaceAll(":.*", ":\"x\"");
            assertEquals(Verdict.UNSIGNED, verify(body.replace(member, wrong + "," + member)), member);
            assertEquals(Verdict.UNSIGNED, verify(body.replace(member, member + "," + wrong)), member);
        }
        for (String container : List.of("amount", "additionalData", "NotificationRequestItem", "notificationItems")) {
            String name = "\"" + container + "\":";
            assertEquals(Verdict.UNSIGNED, verify(body.replace(name, name + "null," + name)), container);
        }
        assertEquals(Verdict.UNSIGNED, verify(body + " {}"));
        assertEquals(Verdict.UNSIGNED, verify("[" + body + "]"));
    }

    @Test
    void during_a_rotation_both_keys_are_good_and_afterwards_the_new_one_alone() {
        Item item = Item.payment();
        Provider during = Provider.of(Adyen::new, Map.of("secrets", KEY + "," + OLD));
        for (String key : List.of(KEY, OLD)) {
            assertEquals(Verdict.SIGNED, during.verify(Map.of(), call(item.json(item.signature(key)))));
        }
        assertEquals(Verdict.UNSIGNED, verify(call(item.json(item.signature(OLD)))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret", "0", "0g", "4478 2DEF", "0x44"})
    void a_key_that_is_not_hexadecimal_ends_the_start_and_is_not_repeated(String key) {
        var e = assertThrows(
                ConfigurationException.class, () -> Provider.of(Adyen::new, Map.of("secrets", KEY + "," + key)));
        assertEquals(
                "tallyhook.sources.test.secrets: entry 2 must be hexadecimal digits, two for each byte",
                e.getMessage());
    }

    @Test
    void without_a_key_it_does_not_start() {
        assertThrows(ConfigurationException.class, () -> Provider.of(Adyen::new, Map.of()));
    }

    /** Whoever has seen an item can cut its signed text anew at each seven of its colons. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "order-1:99:EUR:AUTHORISATION:true",
                "a:b",
                ":",
                "::::",
                "PSP9:M:ref:500:USD:REFUND:true",
                "1130:EUR:CAPTURE:true"
            })
    void no_way_to_cut_a_signed_text_anew_tells_of_other_money(String reference) {
        Item genuine = Item.payment().named(reference);
        Event told = adyen.event(call(genuine));
        assertNull(told.unmapped());
        String[] parts = genuine.text().split(":", -1);
        int signed = 0;
        for (List<String> fields : cuts(parts, 8)) {
            Item cut = new Item(
                    fields.get(0),
                    fields.get(1),
                    fields.get(2),
                    fields.get(3),
                    fields.get(4),
                    fields.get(5),
                    fields.get(6),
                    fields.get(7));
            String body = call(cut.json(genuine.signature(KEY)));
            assertEquals(Verdict.SIGNED, verify(body));
            Event event = adyen.event(body);
            if (!event.equals(told)) {
                assertEquals(Event.of(Event.digest(genuine.text())).because(Unmapped.NOT_SIGNED), event);
                signed++;
            }
        }
        assertTrue(signed > 0);
    }

    private static List<List<String>> cuts(String[] parts, int fields) {
        if (fields == 1) {
            return List.of(List.of(String.join(":", parts)));
        }
        List<List<String>> all = new ArrayList<>();
        for (int first = 1; first <= parts.length - fields + 1; first++) {
            String field = String.join(":", Arrays.copyOf(parts, first));
            for (List<String> rest : cuts(Arrays.copyOfRange(parts, first, parts.length), fields - 1)) {
                List<String> cut = new ArrayList<>(List.of(field));
                cut.addAll(rest);
                all.add(cut);
            }
        }
        return all;
    }

    @Test
    void half_of_a_surrogate_pair_does_not_pass_for_the_question_mark_that_is_signed() {
        Item item = Item.payment().named("a?b");
        assertEquals(Verdict.SIGNED, verify(call(item)));
        assertEquals(Verdict.UNSIGNED, verify(call(item).replace("a?b", "a\\ud800b")));
    }

    @Test
    void a_field_of_another_kind_or_twice_is_not_what_was_signed() {
        String body = call(Item.payment());
        assertEquals(Verdict.UNSIGNED, verify(body.replace("\"success\":\"true\"", "\"success\":true")));
        assertEquals(
                Verdict.UNSIGNED, verify(body.replace("\"pspReference\":\"PSP2\"", "\"pspReference\":[\"PSP2\"]")));
        assertEquals(
                Verdict.UNSIGNED,
                verify(body.replace("\"success\":\"true\"", "\"success\":\"false\",\"success\":\"true\"")));
    }

    @Test
    void an_item_that_comes_again_with_other_words_that_are_not_signed_is_the_same_event() {
        Item item = Item.payment();
        String again = call(item.json(item.signature(KEY), "2026-11-28T00:00:00+01:00"))
                .replace("visa", "mc")
                .replace("\"live\":\"false\"", "\"live\":\"true\"");
        assertEquals(Verdict.SIGNED, verify(again));
        assertEquals(adyen.events(call(item)), adyen.events(again));
    }

    @ParameterizedTest
    @CsvSource({
        "JPY,500,500",
        "IDR,500,500",
        "CLP,500,5.00",
        "KWD,1234,1.234",
        "ISK,500,5.00",
        "EUR,-1130,-11.30",
        "EUR,0,0.00"
    })
    void an_amount_is_in_the_units_of_adyens_own_table(String currency, String sent, BigDecimal amount) {
        Event event = adyen.event(call(Item.payment().worth(sent, currency)));
        assertEquals(new Money(amount, currency, sent, Money.Unit.MINOR), event.money());
        assertNull(event.unmapped());
    }

    @Test
    void what_did_not_succeed_has_a_type_and_an_identity_of_its_own() {
        Event event = adyen.event(call(Item.payment().of("REFUND", "false")));
        assertEquals("PSP2~REFUND~false", event.identity());
        assertEquals("REFUND:false", event.type());
        assertNull(event.unmapped());
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        Item item = Item.payment();
        assertEquals(
                Unmapped.NO_AMOUNT, adyen.event(call(item.worth(null, null))).unmapped());
        assertEquals(Verdict.SIGNED, verify(call(item.worth(null, null))));
        assertEquals(
                Unmapped.MALFORMED_AMOUNT,
                adyen.event(call(item.worth("11.30", "EUR"))).unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY, adyen.event(call(item.worth("1130", ""))).unmapped());
        assertEquals(
                Unmapped.UNKNOWN_CURRENCY,
                adyen.event(call(item.worth("1130", "QQQ"))).unmapped());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                adyen.event(call(item.of("NEWS", "true"))).unmapped());
        assertEquals("NEWS", adyen.event(call(item.of("NEWS", "true"))).type());
        assertEquals(
                Unmapped.UNKNOWN_TYPE,
                adyen.event(call(item.of("CAPTURE", "maybe"))).unmapped());
        assertEquals(Unmapped.UNREADABLE, adyen.event("not JSON").unmapped());
        assertEquals(Unmapped.UNREADABLE, adyen.event("").unmapped());
        assertEquals(
                Unmapped.UNREADABLE, adyen.event("{\"notificationItems\":{}}").unmapped());
        Event nameless = adyen.event(call(item).replace("PSP2", ""));
        assertEquals(Unmapped.NO_IDENTITY, nameless.unmapped());
        assertTrue(nameless.identity().startsWith("sha256:"));
    }

    @Test
    void a_report_is_known_and_moves_no_money() {
        Event event = adyen.event(
                call(new Item("settlement_1.csv", "", "TestMerchant", "", "0", "EUR", "REPORT_AVAILABLE", "true")));
        assertEquals(
                Event.of("settlement_1.csv~REPORT_AVAILABLE~true")
                        .ofType("REPORT_AVAILABLE")
                        .about("settlement_1.csv")
                        .to("TestMerchant"),
                event);
    }

    @Test
    void nothing_that_a_stranger_sends_does_more_than_be_refused() {
        adyen.survives(Map.of());
        Item item = Item.payment().worth("1e999999999", "EUR");
        String huge = call(item.json("x")).replace("\"1e999999999\"", "1e999999999");
        assertEquals(Verdict.UNSIGNED, verify(huge));
        assertEquals(Unmapped.MALFORMED_AMOUNT, adyen.event(huge).unmapped());
    }

    @Test
    void success_is_what_adyen_has_always_asked_for() {
        assertEquals(new Answer(200, "text/plain", "[accepted]"), adyen.scheme().success());
        assertEquals(List.of(), adyen.scheme().headersToKeep());
    }
}
