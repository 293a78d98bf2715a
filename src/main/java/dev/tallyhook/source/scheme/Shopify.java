package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Shopify: HMAC-SHA256 in Base64 over the body, in {@code X-Shopify-Hmac-Sha256} or, of the newer Events, in
 * {@code shopify-hmac-sha256}. The app's whole secret is the key, with its {@code shpss_}.
 *
 * <p>Topic, shop, time and both ids are in headers that are not signed, and one secret signs for all shops of an app. So none of them
 * is relied on: the identity is a digest of the body, whose retries have the same bytes, and the type is told by the body itself,
 * as {@code order.paid} or {@code order_transaction.refund.success}. Two topics with the same body tell the same, and are one
 * event. Each shop should have a source of its own.
 *
 * <p>Not confirmed: what belongs to a refund's sum. Transactions that failed are left out of it.
 *
 * @see <a href="https://shopify.dev/docs/apps/build/webhooks/subscribe/https">Shopify: deliver webhooks through HTTPS</a>
 */
final class Shopify implements Scheme {

    private static final String CLASSIC = "x-shopify-hmac-sha256";
    private static final String EVENTS = "shopify-hmac-sha256";

    /** What stands before the kind and the number of an object. */
    private static final String GLOBAL_ID = "gid://shopify/";

    private static final Set<String> FAILED = Set.of("failure", "error");

    private final Credentials<Hmac> keys;

    Shopify(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        List<String> signatures = List.of(delivery.header(CLASSIC), delivery.header(EVENTS));
        return Verdict.of(Hmac.anyFitsBase64(keys.current(), signatures, delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(Event.of(Event.digest(delivery.body())), body));
    }

    private static Event event(Event event, Json body) {
        return switch (kind(body)) {
            case "Order" -> order(event, body);
            case "OrderTransaction" -> transaction(event, body);
            case "Refund" -> refund(event, body);
            default -> other(event, body);
        };
    }

    /** By the name that the object has for Shopify's other interface; by its keys if it has none. */
    private static String kind(Json body) {
        String global = body.text("/admin_graphql_api_id");
        if (global != null) {
            int end = global.lastIndexOf('/');
            return global.startsWith(GLOBAL_ID) && end > GLOBAL_ID.length()
                    ? global.substring(GLOBAL_ID.length(), end)
                    : "";
        }
        if (body.has("/order_id")) {
            return body.has("/kind") ? "OrderTransaction" : body.has("/transactions") ? "Refund" : "";
        }
        return body.has("/financial_status") && body.has("/total_price") ? "Order" : "";
    }

    private static Event order(Event event, Json body) {
        Event told = event.ofType(type("order", body.text("/financial_status")))
                .about(body.text("/id"))
                .at(body.time("/updated_at"))
                .from(body.text("/customer/id"));
        return Amounts.major(told, body.text("/total_price"), body.text("/currency"));
    }

    private static Event transaction(Event event, Json body) {
        Event told = event.ofType(type(type("order_transaction", body.text("/kind")), body.text("/status")))
                .about(body.first("/order_id", "/id"))
                .at(body.time("/created_at"));
        return Amounts.major(told, body.text("/amount"), body.text("/currency"));
    }

    /** Worth what its transactions are worth together, if they are of one currency. */
    private static Event refund(Event event, Json body) {
        Event told =
                event.ofType("refund").about(body.first("/order_id", "/id")).at(body.time("/created_at"));
        Money sum = null;
        for (Json transaction : body.at("/transactions").elements()) {
            if (FAILED.contains(String.valueOf(transaction.text("/status")))) {
                continue;
            }
            Event part = Amounts.major(told, transaction.text("/amount"), transaction.text("/currency"));
            Money worth = part.money();
            if (worth == null) {
                return part;
            }
            if (sum != null && !sum.currency().equals(worth.currency())) {
                return told.because(Unmapped.NO_CURRENCY);
            }
            sum = sum == null ? worth : plus(sum, worth.amount());
        }
        return sum == null
                ? told.because(Unmapped.NO_AMOUNT)
                : Amounts.major(told, sum.sent(), sum.currency()); // Once more: a sum may have too many digits.
    }

    private static Money plus(Money sum, BigDecimal more) {
        BigDecimal total = sum.amount().add(more);
        return new Money(total, sum.currency(), total.toPlainString(), Money.Unit.MAJOR);
    }

    /** The newer Events tell topic and action in the body; of products, no money moves. */
    private static Event other(Event event, Json body) {
        String topic = body.text("/topic");
        Event told = topic == null ? event : event.ofType(type(topic.toLowerCase(Locale.ROOT), body.text("/action")));
        return "Product".equals(topic) ? told : told.about(body.text("/id")).because(Unmapped.UNKNOWN_TYPE);
    }

    private static String type(String kind, @Nullable String what) {
        return what == null ? kind : kind + "." + what;
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(
                CLASSIC,
                "x-shopify-topic",
                "x-shopify-shop-domain",
                "x-shopify-event-id",
                "x-shopify-webhook-id",
                "x-shopify-triggered-at",
                EVENTS,
                "shopify-topic",
                "shopify-shop-domain",
                "shopify-event-id",
                "shopify-webhook-id",
                "shopify-triggered-at");
    }
}
