package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Adyen's standard notifications: several items in a call, and in each an {@code hmacSignature}, HMAC-SHA256 in Base64 over eight of
 * its fields, under a key that is written in hexadecimal digits.
 *
 * <p>The signature stands in the JSON, so the body must be read before it can be verified; it is read within bounds, and nothing of
 * it is relied on until each item of the call has been found to be signed. Only the eight fields are Adyen's word, and nothing else
 * is taken from an item: the time of the event, which no signature covers, is left out.
 *
 * <p>The fields are joined by colons that nothing escapes, so a colon inside of one could be moved to its neighbour by somebody who
 * has seen the item. The merchant alone chooses {@code merchantReference}; as long as no other field has a colon, the first three and
 * the last four parts are what Adyen meant, whatever the reference holds, and the reference itself is not used. An item with a colon in
 * another field is kept, but nothing in it is believed.
 *
 * <p>Not confirmed: that no field but the reference ever has a colon. Codes of events are those of Adyen's description of webhooks, version 1.
 *
 * @see <a href="https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures">Adyen: verify HMAC signatures</a>
 */
final class Adyen implements Scheme {

    /** Adyen sends one at a time in JSON; each is an HMAC for every key. */
    private static final int ITEMS_MAX = 100;

    private static final Amounts AMOUNTS = Amounts.of("adyen");

    private static final int REFERENCE_FIELD = 3;

    private static final List<String> SIGNED = List.of(
            "/pspReference",
            "/originalReference",
            "/merchantAccountCode",
            "/merchantReference",
            "/amount/value",
            "/amount/currency",
            "/eventCode",
            "/success");

    /** Those about an amount, whether it moves or not. */
    private static final Set<String> MONEY = Set.of(
            "AUTHORISATION",
            "AUTHORISATION_ADJUSTMENT",
            "AUTORESCUE",
            "CANCELLATION",
            "CANCEL_AUTORESCUE",
            "CANCEL_OR_REFUND",
            "CAPTURE",
            "CAPTURE_FAILED",
            "CHARGEBACK",
            "CHARGEBACK_REVERSED",
            "DISPUTE_DEFENSE_PERIOD_ENDED",
            "EXPIRE",
            "INFORMATION_SUPPLIED",
            "ISSUER_COMMENTS",
            "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
            "MANUAL_REVIEW_ACCEPT",
            "MANUAL_REVIEW_REJECT",
            "NOTIFICATION_OF_CHARGEBACK",
            "NOTIFICATION_OF_FRAUD",
            "OFFER_CLOSED",
            "ORDER_CLOSED",
            "ORDER_OPENED",
            "PAIDOUT_REVERSED",
            "PAYOUT_DECLINE",
            "PAYOUT_EXPIRE",
            "PAYOUT_THIRDPARTY",
            "POSTPONED_REFUND",
            "PREARBITRATION_ACCEPTED",
            "PREARBITRATION_DECLINED",
            "PREARBITRATION_ISSUER_WITHDRAWN",
            "PREARBITRATION_LOST",
            "PREARBITRATION_OPEN",
            "PREARBITRATION_WON",
            "REFUND",
            "REFUNDED_REVERSED",
            "REFUND_FAILED",
            "REFUND_WITH_DATA",
            "REQUEST_FOR_INFORMATION",
            "SCHEME_ARBITRATION",
            "SCHEME_ARBITRATION_LOST",
            "SCHEME_ARBITRATION_WON",
            "SECOND_CHARGEBACK",
            "TECHNICAL_CANCEL",
            "VOID_PENDING_REFUND");

    /** Those about something else; the amount that they have all the same, mostly 0, says nothing. */
    private static final Set<String> NO_MONEY = Set.of(
            "ACH_NOTIFICATION_OF_CHANGE",
            "DIRECT_DEBIT_NOTICE_OF_CHANGE_NOTIFICATION",
            "RECURRING_CONTRACT",
            "REPORT_AVAILABLE");

    private final Credentials<Hmac> keys;

    Adyen(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofHex(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        List<Item> items = items(delivery);
        boolean fits = !items.isEmpty();
        for (Item item : items) {
            boolean signed = Hmac.anyFitsBase64(keys.current(), item.signature(), item.signed());
            fits = fits && signed && item.canBeSigned();
        }
        return Verdict.of(fits);
    }

    @Override
    public List<Event> events(Delivery delivery) {
        List<Item> items = items(delivery);
        return items.isEmpty()
                ? List.of(Event.ofBytes(delivery.body(), Unmapped.UNREADABLE))
                : items.stream().map(Adyen::event).toList();
    }

    /** Those of a call; none if there are too many, or it is none. */
    private static List<Item> items(Delivery delivery) {
        List<Json> elements = Json.object(delivery.body())
                .map(body -> body.at("/notificationItems").elements())
                .orElse(List.of());
        return elements.size() > ITEMS_MAX
                ? List.of()
                : elements.stream()
                        .map(element -> Item.of(element.at("/NotificationRequestItem")))
                        .toList();
    }

    private static Event event(Item item) {
        if (item.isAmbiguous()) {
            return Event.of(Event.digest(item.signed())).because(Unmapped.NOT_SIGNED);
        }
        String code = item.code();
        String success = item.success();
        Event event = (item.pspReference().isEmpty() || code.isEmpty()
                        ? Event.of(Event.digest(item.signed())).because(Unmapped.NO_IDENTITY)
                        : Event.of(DerivedIdentity.of(item.pspReference(), code, success)))
                .ofType(success.equals("true") ? code : code + ":" + success)
                .about(item.originalReference().isEmpty() ? present(item.pspReference()) : item.originalReference())
                .to(present(item.merchantAccount()));
        if (!success.equals("true") && !success.equals("false")) {
            return event.because(Unmapped.UNKNOWN_TYPE);
        }
        if (MONEY.contains(code)) {
            return AMOUNTS.minor(event, present(item.amount()), present(item.currency()));
        }
        return NO_MONEY.contains(code) ? event : event.because(Unmapped.UNKNOWN_TYPE);
    }

    private static @Nullable String present(String field) {
        return field.isEmpty() ? null : field;
    }

    @Override
    public Answer success() {
        return new Answer(200, "text/plain", "[accepted]");
    }

    @Override
    public List<String> headersToKeep() {
        return List.of();
    }

    /**
     * What is signed of an item, and with what.
     *
     * @param fields the eight, in the order of their signature; empty if they are missing
     */
    private record Item(List<String> fields, String signature) {

        static Item of(Json json) {
            return new Item(
                    SIGNED.stream().map(pointer -> field(json, pointer)).toList(),
                    field(json, "/additionalData/hmacSignature"));
        }

        private static String field(Json json, String pointer) {
            String text = json.text(pointer);
            return text == null ? "" : text;
        }

        private String text() {
            return String.join(":", fields);
        }

        byte[] signed() {
            return text().getBytes(StandardCharsets.UTF_8);
        }

        /** Half of a pair of surrogates has no bytes of its own: it would be signed as a question mark is. */
        boolean canBeSigned() {
            return StandardCharsets.UTF_8.newEncoder().canEncode(text());
        }

        boolean isAmbiguous() {
            return IntStream.range(0, fields.size())
                    .anyMatch(i -> i != REFERENCE_FIELD && fields.get(i).indexOf(':') >= 0);
        }

        String pspReference() {
            return fields.get(0);
        }

        String originalReference() {
            return fields.get(1);
        }

        String merchantAccount() {
            return fields.get(2);
        }

        String amount() {
            return fields.get(4);
        }

        String currency() {
            return fields.get(5);
        }

        String code() {
            return fields.get(6);
        }

        String success() {
            return fields.get(7);
        }

        @Override
        public String toString() {
            return "Item";
        }
    }
}
