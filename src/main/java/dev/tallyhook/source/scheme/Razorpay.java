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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Razorpay: {@code X-Razorpay-Signature}, HMAC-SHA256 in hexadecimal digits over the body. After a change of the secret, retries
 * of earlier events are still signed with the old one, so both must be configured for a day.
 *
 * <p>The event's id comes only in {@code x-razorpay-event-id}, which is not signed. So the identity is made of the account, the event's
 * name, the entity's id and the time of the event, which are.
 *
 * <p>Not confirmed: the entities of RazorpayX, which have no rule here, and the layout of disputes.
 *
 * @see <a href="https://razorpay.com/docs/webhooks/validate-test/">Razorpay: validate and test webhooks</a>
 * @see <a href="https://razorpay.com/docs/webhooks/payloads/">Razorpay: sample payloads</a>
 */
final class Razorpay implements Scheme {

    private static final String SIGNATURE = "x-razorpay-signature";
    private static final String EVENT_ID = "x-razorpay-event-id";
    private static final Amounts AMOUNTS = Amounts.of("razorpay");

    /** What may stand in a pointer as it is. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,64}");

    private final Credentials<Hmac> keys;

    Razorpay(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsHex(keys.current(), delivery.header(SIGNATURE), delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String type = body.text("/event");
        String kind = kind(body, type == null ? "" : type);
        Json entity = body.at("/payload/" + kind + "/entity");
        String account = body.text("/account_id");
        String id = entity.text("/id");
        String created = body.text("/created_at");
        String identity = account == null || type == null || id == null || created == null
                ? null
                : DerivedIdentity.of(account, type, id, created);
        Event event = OneEvent.identified(identity, delivery)
                .ofType(type)
                .at(body.time("/created_at"))
                .to(account);
        return switch (kind) {
            case "payment" -> worth(event.about(id), entity, "/amount").from(entity.text("/customer_id"));
            case "refund", "dispute" -> worth(event.about(entity.first("/payment_id", "/id")), entity, "/amount");
            case "order" -> order(event.about(id), entity, body.at("/payload/payment/entity"));
            default -> event.about(id).because(Unmapped.UNKNOWN_TYPE);
        };
    }

    /** Which of the entities the event is about: the one that its name begins with, or else the first. */
    private static String kind(Json body, String type) {
        Set<String> contained = new HashSet<>();
        for (Json name : body.at("/contains").elements()) {
            String text = name.text("");
            if (text != null) {
                contained.add(text);
            }
        }
        String named = type.split("\\.", 2)[0];
        if (type.startsWith("payment.dispute.") && contained.contains("dispute")) {
            return "dispute";
        }
        String first = String.valueOf(body.text("/contains/0"));
        String kind = contained.contains(named) ? named : first;
        return NAME.matcher(kind).matches() ? kind : "";
    }

    private static Event order(Event event, Json order, Json payment) {
        return order.has("/amount_paid") ? worth(event, order, "/amount_paid") : worth(event, payment, "/amount");
    }

    private static Event worth(Event event, Json entity, String amount) {
        return AMOUNTS.minor(event, entity.text(amount), entity.text("/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE, EVENT_ID);
    }
}
