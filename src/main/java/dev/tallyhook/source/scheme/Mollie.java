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
import java.util.Map;
import java.util.Set;

/**
 * Mollie's next-generation webhooks: {@code X-Mollie-Signature}, HMAC-SHA256 in hexadecimal digits over the body, with or
 * without {@code sha256=} before it. No timestamp is signed. A webhook is set up to bring the object that it speaks of or its id alone; in
 * the second case there is nothing to tell of but the id.
 *
 * <p>The classic webhooks, a form with a payment's id, have no signature and are refused.
 *
 * @see <a href="https://docs.mollie.com/reference/webhooks-new">Mollie: next-gen webhooks</a>
 */
final class Mollie implements Scheme {

    private static final String SIGNATURE = "x-mollie-signature";
    private static final String PREFIX = "sha256=";

    /** Where the money of an object stands, by the first part of the type. */
    private static final Map<String, String> AMOUNT_OF = Map.of(
            "payment", "/amount",
            "refund", "/amount",
            "chargeback", "/amount",
            "capture", "/amount",
            "payout", "/amount",
            "payment-link", "/amount",
            "business-account-transfer", "/amount",
            "balance-transaction", "/resultAmount");

    /** What a customer pays to a profile. */
    private static final Set<String> INCOMING = Set.of("payment", "capture", "payment-link");

    /** What moves no money; invoices are paid by payments, which have their own events. */
    private static final Set<String> WITHOUT_MONEY = Set.of("sales-invoice", "profile");

    private final Credentials<Hmac> keys;

    Mollie(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String given = delivery.header(SIGNATURE);
        String digits = given.startsWith(PREFIX) ? given.substring(PREFIX.length()) : given;
        return Verdict.of(Hmac.anyFitsHex(keys.current(), digits, delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String type = body.text("/type");
        // What has no type is no event. The id of a payment, sent as it is each time it changes, would make all but the
        // first replays.
        String id = type == null ? null : body.text("/id");
        Event event = OneEvent.identified(id, delivery)
                .ofType(type)
                .about(body.first("/entityId", "/_embedded/entity/id"))
                .at(body.time("/createdAt"));
        String kind = type == null ? "" : type.split("\\.", 2)[0];
        if (INCOMING.contains(kind)) {
            event = event.from(body.text("/_embedded/entity/customerId")).to(body.text("/_embedded/entity/profileId"));
        }
        String amount = AMOUNT_OF.get(kind);
        if (amount == null) {
            return WITHOUT_MONEY.contains(kind) ? event : event.because(Unmapped.UNKNOWN_TYPE);
        }
        if (!body.has("/_embedded/entity")) {
            return event.because(Unmapped.THIN);
        }
        Json money = body.at("/_embedded/entity" + amount);
        return Amounts.major(event, money.text("/value"), money.text("/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
