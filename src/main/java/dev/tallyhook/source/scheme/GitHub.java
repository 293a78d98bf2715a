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
import org.jspecify.annotations.Nullable;

/**
 * GitHub: {@code X-Hub-Signature-256: sha256=…}, HMAC-SHA256 in hexadecimal digits over the body. The webhook's content type must
 * be {@code application/json}.
 *
 * <p>The headers that name the event and its id are not signed, so both are taken of the body: the type by the key that only this
 * kind has, the identity by a digest, which a redelivery of the same bytes has as well: two events that say the very same, without a time, are one. Amounts are prices for a month, in US
 * cents; they do not prove a payment.
 *
 * @see <a href="https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries">GitHub: validating webhook
 *     deliveries</a>
 * @see <a href="https://docs.github.com/en/webhooks/webhook-events-and-payloads">GitHub: events and payloads</a>
 */
final class GitHub implements Scheme {

    private static final String SIGNATURE = "x-hub-signature-256";
    private static final String PREFIX = "sha256=";
    private static final Amounts AMOUNTS = Amounts.of("iso4217");
    private static final String CURRENCY = "USD";

    private final Credentials<Hmac> keys;

    GitHub(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String header = delivery.header(SIGNATURE);
        String signature = header.startsWith(PREFIX) ? header.substring(PREFIX.length()) : "";
        return Verdict.of(Hmac.anyFitsHex(keys.current(), signature, delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(Event.of(Event.digest(delivery.body())), body));
    }

    private static Event event(Event event, Json body) {
        String action = body.text("/action");
        if (body.has("/sponsorship")) {
            return sponsorship(event.ofType(type("sponsorship", action)), body.at("/sponsorship"), action);
        }
        if (body.has("/marketplace_purchase")) {
            Event purchase = event.ofType(type("marketplace_purchase", action))
                    .at(body.time("/effective_date"))
                    .from(body.text("/marketplace_purchase/account/id"));
            return AMOUNTS.minor(purchase, body.text("/marketplace_purchase/plan/monthly_price_in_cents"), CURRENCY);
        }
        return body.has("/zen") && body.has("/hook")
                ? event.ofType("ping")
                : event.ofType(action).because(Unmapped.UNKNOWN_TYPE);
    }

    private static Event sponsorship(Event event, Json sponsorship, @Nullable String action) {
        Event told = event.about(sponsorship.text("/node_id"))
                // Of what comes after the creation there is no time.
                .at("created".equals(action) ? sponsorship.time("/created_at") : null)
                .from(sponsorship.text("/sponsor/login"))
                .to(sponsorship.text("/sponsorable/login"));
        return AMOUNTS.minor(told, sponsorship.text("/tier/monthly_price_in_cents"), CURRENCY);
    }

    private static String type(String kind, @Nullable String action) {
        return action == null ? kind : kind + "." + action;
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE, "x-github-event", "x-github-delivery");
    }
}
