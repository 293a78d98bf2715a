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
import java.util.List;
import java.util.Set;

/**
 * Checkout.com: {@code Cko-Signature}, HMAC-SHA256 in hexadecimal digits over the body. Its dashboard takes a workflow without a
 * signature key; that sends webhooks that nothing shows to be its own, and all of them are refused here. Its fixed
 * {@code Authorization} says nothing about a body and is not looked at.
 *
 * <p>An event is about a payment, whose refunds and captures have the payment's id as well. Not confirmed: the last two digits of
 * amounts in CLP, and the layout of disputes.
 *
 * @see <a href="https://www.checkout.com/docs/developer-resources/webhooks/receive-webhooks">Checkout.com: receive webhooks</a>
 * @see <a href="https://www.checkout.com/docs/resources/calculating-the-amount">Checkout.com: calculating the amount</a>
 */
final class Checkout implements Scheme {

    private static final String SIGNATURE = "cko-signature";
    private static final Amounts AMOUNTS = Amounts.of("checkout");

    /** They may come without an amount, because nothing of it moves. */
    private static final Set<String> AMOUNT_MAY_MISS =
            Set.of("payment_voided", "payment_void_declined", "payment_canceled", "payment_expired");

    private final Credentials<Hmac> keys;

    Checkout(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsHex(keys.current(), delivery.header(SIGNATURE), delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> {
            String type = body.text("/type");
            Event event = OneEvent.identified(body.text("/id"), delivery)
                    .ofType(type)
                    .at(body.time("/created_on", "/timestamp"))
                    .from(body.first("/data/customer/id", "/data/source/id"))
                    .to(body.text("/data/destination/id"));
            return told(event, type == null ? "" : type, body.at("/data"));
        });
    }

    private static Event told(Event event, String type, Json data) {
        return switch (type.split("_", 2)[0]) {
            case "payment" -> worth(event.about(data.text("/id")), data, AMOUNT_MAY_MISS.contains(type));
            case "dispute" -> worth(event.about(data.first("/payment_id", "/id")), data, false);
            case "authentication" -> worth(event.about(data.first("/payment_id", "/id")), data, true);
            default -> event.about(data.text("/id")).because(Unmapped.UNKNOWN_TYPE);
        };
    }

    private static Event worth(Event event, Json data, boolean amountMayMiss) {
        return amountMayMiss && !data.has("/amount")
                ? event
                : AMOUNTS.minor(event, data.text("/amount"), data.text("/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
