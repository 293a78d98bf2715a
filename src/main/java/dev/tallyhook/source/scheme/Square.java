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
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Square: {@code x-square-hmacsha256-signature}, HMAC-SHA256 in Base64 over the URL that Square posts to and the body, with nothing
 * in between. The URL is the one that is set at Square, to the letter; that of the request is another one behind a proxy.
 *
 * <p>Amounts without the tip are taken. Of the types that no rule is known for, invoices name theirs. Not confirmed: under which
 * name a dispute stands, and the exponents of other currencies than AUD, CAD, EUR, GBP, JPY and USD.
 *
 * @see <a href="https://developer.squareup.com/docs/webhooks/step3validate">Square: verify and validate an event notification</a>
 */
final class Square implements Scheme {

    private static final String SIGNATURE = "x-square-hmacsha256-signature";
    private static final Amounts AMOUNTS = Amounts.of("square");

    private final Credentials<Hmac> keys;
    private final byte[] url;

    Square(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.url = HttpUrl.require(context, "Square signs the notification URL as it is set there")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsBase64(keys.current(), delivery.header(SIGNATURE), url, delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> {
            String type = body.text("/type");
            Event event = OneEvent.identified(body.text("/event_id"), delivery)
                    .ofType(type)
                    .at(body.time("/created_at"))
                    .to(body.text("/merchant_id"));
            return told(event, type == null ? "" : type.split("\\.", 2)[0], body.at("/data/object"));
        });
    }

    private static Event told(Event event, String kind, Json object) {
        return switch (kind) {
            case "payment" -> {
                Json payment = object.at("/payment");
                yield worth(event.about(payment.text("/id")).from(payment.text("/customer_id")), payment);
            }
            case "refund" -> {
                Json refund = object.at("/refund");
                yield worth(event.about(refund.first("/payment_id", "/id")), refund);
            }
            case "payout" -> {
                Json payout = object.at("/payout");
                yield worth(event.about(payout.text("/id")), payout);
            }
            case "dispute" -> {
                Json dispute = object.has("/dispute") ? object.at("/dispute") : object.at("/object");
                yield worth(event.about(dispute.first("/disputed_payment/payment_id", "/id")), dispute);
            }
            default -> event.about(object.text("/invoice/id")).because(Unmapped.UNKNOWN_TYPE);
        };
    }

    private static Event worth(Event event, Json object) {
        return AMOUNTS.minor(event, object.text("/amount_money/amount"), object.text("/amount_money/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
