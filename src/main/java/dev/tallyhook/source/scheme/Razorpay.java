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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Razorpay: {@code X-Razorpay-Signature}, HMAC-SHA256 in hexadecimal digits over the body. After a change of the secret, retries
 * of earlier events are still signed with the old one, so both must be configured for a day.
 *
 * <p>The event's id comes only in {@code x-razorpay-event-id}, which is not signed. So the identity is made of the account, the event's
 * name, the ids of all entities that it contains and the time of the event, which are. The entity that gives the event its name is not
 * enough: two customers may pay by one QR code within a second, and only their payments tell the two apart.
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
    private static final Pattern NAME = Pattern.compile("[a-z0-9_.]{1,64}");

    /** Those whose money is that of the payment which they contain, as their sample payloads show. */
    private static final Set<String> OF_A_PAYMENT = Set.of(
            "invoice.paid",
            "invoice.partially_paid",
            "payment_link.paid",
            "payment_link.partially_paid",
            "qr_code.credited",
            "subscription.charged",
            "virtual_account.credited");

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
        Set<String> contained = contained(body);
        String kind = kind(body, type == null ? "" : type, contained);
        Json entity = entity(body, kind);
        String account = body.text("/account_id");
        String id = entity.text("/id");
        Event event = OneEvent.identified(identity(body, account, type, contained), delivery)
                .ofType(type)
                .at(body.time("/created_at"))
                .to(account);
        return switch (kind) {
            case "payment" -> worth(event.about(id), entity, "/amount").from(entity.text("/customer_id"));
            case "refund", "dispute" -> worth(event.about(entity.first("/payment_id", "/id")), entity, "/amount");
            case "order" -> order(event.about(id), entity, entity(body, "payment"));
            default -> event.about(id).because(Unmapped.UNKNOWN_TYPE);
        };
    }

    /** Null if a part of it is missing: without that part, two events might have one. */
    private static @Nullable String identity(
            Json body, @Nullable String account, @Nullable String type, Set<String> contained) {
        List<@Nullable String> parts = new ArrayList<>(Arrays.asList(account, type));
        contained.forEach(name -> parts.add(entity(body, name).text("/id")));
        parts.add(body.text("/created_at"));
        return contained.isEmpty() || parts.contains(null) ? null : DerivedIdentity.of(parts.toArray(String[]::new));
    }

    /** An entity by its name; nothing if that is none. */
    private static Json entity(Json body, String name) {
        return body.at("/payload/" + (NAME.matcher(name).matches() ? name : "") + "/entity");
    }

    /** The names of the entities that are in it, in their own order: nobody says that a retry has them in the same one. */
    private static SortedSet<String> contained(Json body) {
        SortedSet<String> contained = new TreeSet<>();
        for (Json name : body.at("/contains").elements()) {
            contained.add(String.valueOf(name.text("")));
        }
        return contained;
    }

    /** Which of the entities the event is about: the one that its name begins with, or else the first. */
    private static String kind(Json body, String type, Set<String> contained) {
        if (type.startsWith("payment.dispute.") && contained.contains("dispute")) {
            return "dispute";
        }
        if (OF_A_PAYMENT.contains(type) && contained.contains("payment")) {
            return "payment";
        }
        String named = type.split("\\.", 2)[0];
        return contained.contains(named) ? named : String.valueOf(body.text("/contains/0"));
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
