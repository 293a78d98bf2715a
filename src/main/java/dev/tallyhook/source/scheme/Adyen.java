package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adyen's standard notifications: several items in a call, and in each an {@code hmacSignature}, HMAC-SHA256 in Base64 over eight of
 * its fields, under a key that is written in hexadecimal digits.
 *
 * <p>The signature stands in the JSON, so the body must be read before it can be verified; {@link AdyenItems} keeps nothing of it but
 * what may be signed, and nothing is relied on until each item of the call has been found to be, one as soon as it is read. Only the eight fields are Adyen's word, and nothing else
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

    private static final Amounts AMOUNTS = Amounts.of("adyen");

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

    /** The first item that is not signed ends it, and a call is read no further: a stranger's costs one item and one signature. */
    @Override
    public Verdict verify(Delivery delivery) {
        List<Hmac> current = keys.current();
        return Verdict.of(!AdyenItems.read(delivery.body(), item -> isSigned(item, current))
                .isEmpty());
    }

    private static boolean isSigned(AdyenItem item, List<Hmac> keys) {
        return Hmac.anyFitsBase64(keys, item.signature(), item.signed()) && item.canBeSigned();
    }

    /** Without the keys: what was signed when it came is told again long after they have changed. */
    @Override
    public List<Event> events(Delivery delivery) {
        Set<AdyenItem> items = AdyenItems.read(delivery.body(), wasSigned -> true);
        return items.isEmpty()
                ? List.of(Event.ofBytes(delivery.body(), Unmapped.UNREADABLE))
                : items.stream().map(Adyen::event).toList();
    }

    private static Event event(AdyenItem item) {
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
}
