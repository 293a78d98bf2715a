package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * GoCardless: {@code Webhook-Signature}, HMAC-SHA256 in hexadecimal digits over the body, which may hold 250 events and more. None of
 * them has an amount: GoCardless tells what has happened to a payment, and the payment is to be asked for how much it was. So none is
 * marked for that.
 *
 * @see <a href="https://developer.gocardless.com/getting-started/staying-up-to-date-with-webhooks">GoCardless: staying up to date
 *     with webhooks</a>
 * @see <a href="https://support.gocardless.com/hc/en-us/articles/360000989989">GoCardless: times and retries</a>
 */
final class GoCardless implements Scheme {

    private static final String SIGNATURE = "webhook-signature";

    /** What may stand in a pointer as it is. */
    private static final Pattern RESOURCES = Pattern.compile("[a-z][a-z_-]{0,62}s");

    private final Credentials<Hmac> keys;

    GoCardless(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsHex(keys.current(), delivery.header(SIGNATURE), delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        List<Event> events = new ArrayList<>();
        Json.object(delivery.body()).ifPresent(body -> {
            for (Json event : body.at("/events").elements()) {
                events.add(event(event, events.size(), delivery));
            }
        });
        return events.isEmpty() ? List.of(Event.ofBytes(delivery.body(), Unmapped.UNREADABLE)) : events;
    }

    private static Event event(Json event, int index, Delivery delivery) {
        String id = event.text("/id");
        String resources = event.text("/resource_type");
        String action = event.text("/action");
        Event identified = id == null
                ? Event.of(Event.digest(Event.digest(delivery.body()) + "/" + index))
                        .because(Unmapped.NO_IDENTITY)
                : Event.of(id);
        Event told = identified
                .about(subject(event, resources))
                .at(event.time("/created_at"))
                .from(event.first("/links/customer", "/links/mandate"))
                .to(event.first("/links/creditor", "/links/organisation"));
        return resources == null || action == null
                ? told.because(Unmapped.UNKNOWN_TYPE)
                : told.ofType(resources + "." + action);
    }

    /** The link whose name is that of the resources, in the singular. */
    private static @Nullable String subject(Json event, @Nullable String resources) {
        return resources == null || !RESOURCES.matcher(resources).matches()
                ? null
                : event.text("/links/" + resources.substring(0, resources.length() - 1));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
