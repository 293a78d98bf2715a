package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Revolut Merchant and Revolut Business: {@code Revolut-Signature: v1=…}, more of them with commas between while a secret is rotated,
 * HMAC-SHA256 in hexadecimal digits over {@code v1}, the milliseconds of {@code Revolut-Request-Timestamp} and the body, with
 * a full stop between each two.
 *
 * <p>Merchant tells of an order by its id alone: what it was worth has to be asked for. There is no id and no time of an event. What can
 * happen to an object only once is told apart by its type. What may happen again, such as a payment that is declined and tried once more, has the very
 * same body each time, and so has its retry: the signed time is all that is left to tell these apart. It is that of the delivery, so
 * a retry is an event of its own. The other way, a second event would be lost.
 *
 * <p>Business tells of a transaction with its legs. The money is of the first leg, as it is sent: negative if it left the account.
 *
 * <p>Not confirmed: that each retry is signed with a time of its own, as Revolut's pages about the header say.
 *
 * @see <a href="https://developer.revolut.com/docs/guides/accept-payments/tutorials/work-with-webhooks/verify-the-payload-signature">Revolut
 *     Merchant: verify the payload signature</a>
 */
final class Revolut implements Scheme {

    private static final String SIGNATURE = "revolut-signature";
    private static final String TIMESTAMP = "revolut-request-timestamp";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    /** Ends, and beginnings. */
    private static final Set<String> ONCE = Set.of(
            "ORDER_AUTHORISED",
            "ORDER_COMPLETED",
            "ORDER_CANCELLED",
            "ORDER_FAILED",
            "SUBSCRIPTION_INITIATED",
            "SUBSCRIPTION_FINISHED",
            "SUBSCRIPTION_CANCELLED",
            "PAYOUT_INITIATED",
            "PAYOUT_COMPLETED",
            "PAYOUT_FAILED",
            "DISPUTE_WON",
            "DISPUTE_LOST");

    private static final Pattern OF_MERCHANT = Pattern.compile("(ORDER|SUBSCRIPTION|PAYOUT|DISPUTE)_[A-Z_]+");

    private static final String TRANSACTION_CREATED = "TransactionCreated";
    private static final Set<String> WITHOUT_MONEY =
            Set.of("TransactionStateChanged", "PayoutLinkCreated", "PayoutLinkStateChanged");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    Revolut(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.tolerance(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String millis = delivery.header(TIMESTAMP);
        var signature = SignatureHeader.read(
                "t=" + (SignatureHeader.isTimestamp(millis) ? millis : "") + "," + delivery.header(SIGNATURE),
                ",",
                "t",
                "v1");
        byte[] before = Hmac.bytes("v1." + signature.timestamp() + ".");
        boolean fits = Hmac.anyFitsHex(keys.current(), signature.signatures(), before, delivery.body());
        return Verdict.of(fits && context.isOfNow(signature.epochSecond() / 1000, tolerance));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> body.has("/data") ? business(body, delivery) : merchant(body, delivery));
    }

    private static Event merchant(Json body, Delivery delivery) {
        String type = body.text("/event");
        String object = body.first("/order_id", "/subscription_id", "/payout_id", "/dispute_id");
        String millis = delivery.header(TIMESTAMP);
        String identity = null;
        if (type != null && object != null) {
            identity =
                    ONCE.contains(type) ? DerivedIdentity.of(type, object) : DerivedIdentity.of(type, object, millis);
        }
        return OneEvent.identified(identity, delivery)
                .ofType(type)
                .about(object)
                .at(Json.parseTime(millis))
                .because(type != null && OF_MERCHANT.matcher(type).matches() ? Unmapped.THIN : Unmapped.UNKNOWN_TYPE);
    }

    private static Event business(Json body, Delivery delivery) {
        String type = body.text("/event");
        String id = body.text("/data/id");
        String time = body.text("/timestamp");
        String identity = type == null || id == null || time == null ? null : DerivedIdentity.of(type, id, time);
        Event event =
                OneEvent.identified(identity, delivery).ofType(type).about(id).at(body.time("/timestamp"));
        if (TRANSACTION_CREATED.equals(type)) {
            return moved(event, body.at("/data"));
        }
        return event.because(WITHOUT_MONEY.contains(String.valueOf(type)) ? null : Unmapped.UNKNOWN_TYPE);
    }

    private static Event moved(Event event, Json data) {
        List<Json> legs = data.at("/legs").elements();
        if (legs.isEmpty()) {
            return event.because(Unmapped.NO_AMOUNT);
        }
        Json leg = legs.get(0);
        String own = leg.text("/account_id");
        String other = legs.size() == 2
                ? legs.get(1).text("/account_id")
                : leg.first("/counterparty/account_id", "/counterparty/id");
        Event between = isNegative(leg.text("/amount"))
                ? event.from(own).to(other)
                : event.from(other).to(own);
        return Amounts.major(between, leg.text("/amount"), leg.text("/currency"));
    }

    private static boolean isNegative(@Nullable String amount) {
        return amount != null && amount.startsWith("-");
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE, TIMESTAMP);
    }
}
