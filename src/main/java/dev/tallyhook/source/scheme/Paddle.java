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

/**
 * Paddle Billing: {@code Paddle-Signature: ts=…;h1=…}, HMAC-SHA256 in hexadecimal digits over the seconds, a colon and the body. The
 * whole secret is the key, with its {@code pdl_ntfset_}. While a secret is changed there may be several {@code h1}, and each
 * counts.
 *
 * <p>Paddle advises to allow 5 seconds; here it is 30 unless configured, because a clock that is a few seconds off, or a queue in
 * front, would refuse all of them, and what is sent again within them is the same event anyway.
 *
 * <p>Not confirmed: the exponents of other currencies than EUR, GBP, JPY and USD.
 *
 * @see <a href="https://developer.paddle.com/webhooks/signature-verification">Paddle: verify webhook signatures</a>
 * @see <a href="https://developer.paddle.com/api-reference/about/data-types">Paddle: data types</a>
 */
final class Paddle implements Scheme {

    private static final String SIGNATURE = "paddle-signature";
    private static final Duration TOLERANCE = Duration.ofSeconds(30);
    private static final Amounts AMOUNTS = Amounts.of("paddle");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    Paddle(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.tolerance(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        var signature = SignatureHeader.read(delivery.header(SIGNATURE), ";", "ts", "h1");
        boolean fits = Hmac.anyFitsHex(
                keys.current(), signature.signatures(), Hmac.bytes(signature.timestamp() + ":"), delivery.body());
        return Verdict.of(fits && context.isOfNow(signature.epochSecond(), tolerance));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> {
            String type = body.text("/event_type");
            Event event = OneEvent.identified(body.text("/event_id"), delivery)
                    .ofType(type)
                    .at(body.time("/occurred_at"))
                    .from(body.text("/data/customer_id"));
            return told(event, type == null ? "" : type.split("\\.", 2)[0], body.at("/data"));
        });
    }

    private static Event told(Event event, String kind, Json data) {
        Event own = event.about(data.text("/id"));
        return switch (kind) {
            case "transaction" ->
                AMOUNTS.minor(
                        own,
                        data.text("/details/totals/grand_total"),
                        data.first("/currency_code", "/details/totals/currency_code"));
            case "adjustment" ->
                AMOUNTS.minor(
                        event.about(data.first("/transaction_id", "/id")),
                        data.text("/totals/total"),
                        data.first("/currency_code", "/totals/currency_code"));
            case "payout" -> AMOUNTS.minor(own, data.text("/amount"), data.text("/currency_code"));
            case "subscription", "price", "product", "discount", "customer", "address", "business" -> own;
            default -> own.because(Unmapped.UNKNOWN_TYPE);
        };
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
