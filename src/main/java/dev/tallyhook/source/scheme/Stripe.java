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
import java.util.Map;

/**
 * Stripe: {@code Stripe-Signature: t=…,v1=…}, HMAC-SHA256 in hexadecimal digits over the seconds, a full stop and the body. The
 * whole secret is the key, with its {@code whsec_}.
 *
 * @see <a href="https://docs.stripe.com/webhooks/signature">Stripe: check the webhook signatures</a>
 */
final class Stripe implements Scheme {

    private static final String SIGNATURE = "stripe-signature";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final Amounts AMOUNTS = Amounts.of("stripe");

    /** Where the amount of an object stands, the first that is there; relative to the object, by its kind. */
    private static final Map<String, List<String>> AMOUNT_OF = Map.ofEntries(
            Map.entry("payment_intent", List.of("/amount")),
            Map.entry("charge", List.of("/amount")),
            Map.entry("refund", List.of("/amount")));

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    Stripe(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.config().tolerance().orElse(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        var signature = SignatureHeader.read(delivery.header(SIGNATURE), ",", "t", "v1");
        boolean fits = false;
        for (String given : signature.signatures()) {
            fits |= Hmac.anyFitsHex(keys.current(), given, Hmac.bytes(signature.timestamp() + "."), delivery.body());
        }
        return Verdict.of(fits && context.isOfNow(signature.epochSecond(), tolerance));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return List.of(Json.object(delivery.body())
                .map(body -> event(body, delivery.body()))
                .orElseGet(() -> Event.ofBytes(delivery.body(), Unmapped.UNREADABLE)));
    }

    private static Event event(Json body, byte[] bytes) {
        String id = body.text("/id");
        Event event = (id == null ? Event.ofBytes(bytes, Unmapped.NO_IDENTITY) : Event.of(id))
                .ofType(body.text("/type"))
                .at(body.time("/created"));
        List<String> amount = AMOUNT_OF.get(String.valueOf(body.text("/data/object/object")));
        return amount == null
                ? event.because(Unmapped.UNKNOWN_TYPE)
                : AMOUNTS.minor(
                        event,
                        body.at("/data/object").first(amount.toArray(String[]::new)),
                        body.text("/data/object/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
