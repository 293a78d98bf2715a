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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stripe: {@code Stripe-Signature: t=…,v1=…}, HMAC-SHA256 in hexadecimal digits over the seconds, a full stop and the body. The
 * whole secret is the key, with its {@code whsec_}. Other versions than {@code v1} are ignored.
 *
 * <p>What an event is about is told by the kind of its object, and which of the object's amounts counts by the event's type as
 * well. Thin events name their object and have nothing of it. {@code charge.refunded} tells all that was refunded of the charge
 * so far; what a single refund was worth is in the refund's own events.
 *
 * <p>Not confirmed: how many seconds an answer may take.
 *
 * @see <a href="https://docs.stripe.com/webhooks/signature">Stripe: check the webhook signatures</a>
 * @see <a href="https://docs.stripe.com/currencies">Stripe: currencies</a>
 * @see <a href="https://docs.stripe.com/api/v2/core/events">Stripe: thin events</a>
 */
final class Stripe implements Scheme {

    private static final String SIGNATURE = "stripe-signature";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final Amounts AMOUNTS = Amounts.of("stripe");
    private static final String THIN = "v2.core.event";

    /** What is known of a kind of objects, relative to one of them. */
    private record Rule(List<String> amounts, List<String> subjects, boolean amountMayMiss) {

        static Rule of(String amount, String... subjects) {
            return new Rule(List.of(amount), List.of(subjects), false);
        }
    }

    private static final Map<String, Rule> RULES = Map.ofEntries(
            Map.entry("payment_intent", Rule.of("/amount", "/id")),
            Map.entry("charge", Rule.of("/amount", "/payment_intent", "/id")),
            Map.entry("refund", Rule.of("/amount", "/payment_intent", "/charge", "/id")),
            Map.entry("dispute", Rule.of("/amount", "/payment_intent", "/charge", "/id")),
            Map.entry("checkout.session", new Rule(List.of("/amount_total"), List.of("/payment_intent", "/id"), true)),
            Map.entry("invoice", Rule.of("/amount_due", "/id")),
            Map.entry("invoiceitem", Rule.of("/amount", "/invoice", "/id")),
            Map.entry(
                    "invoice_payment",
                    new Rule(List.of("/amount_paid", "/amount_requested"), List.of("/invoice", "/id"), false)),
            Map.entry("payout", Rule.of("/amount", "/id")),
            Map.entry("transfer", Rule.of("/amount", "/id")),
            Map.entry("application_fee", Rule.of("/amount", "/charge", "/id")),
            Map.entry("fee_refund", Rule.of("/amount", "/fee", "/id")),
            Map.entry("topup", Rule.of("/amount", "/id")),
            Map.entry("credit_note", Rule.of("/amount", "/invoice", "/id")),
            Map.entry("quote", Rule.of("/amount_total", "/id")),
            Map.entry("customer_cash_balance_transaction", Rule.of("/net_amount", "/id")),
            Map.entry("source", new Rule(List.of("/amount"), List.of("/id"), true)));

    /** Types whose amount is another one of the same object. */
    private static final Map<String, String> AMOUNT_OF_TYPE = Map.of(
            "payment_intent.succeeded", "/amount_received",
            "charge.captured", "/amount_captured",
            "charge.refunded", "/amount_refunded",
            "transfer.reversed", "/amount_reversed",
            "application_fee.refunded", "/amount_refunded",
            "invoice.paid", "/amount_paid",
            "invoice.payment_succeeded", "/amount_paid");

    /** Objects that no money moves with; a price is none that was paid. */
    private static final Set<String> WITHOUT_MONEY =
            Set.of("account", "balance", "customer", "payment_link", "price", "setup_intent", "subscription");

    /** Of which a payout is whole units, although a charge need not be. */
    private static final Set<String> PAID_OUT_WHOLE = Set.of("HUF", "TWD");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    Stripe(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.tolerance(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        var signature = SignatureHeader.read(delivery.header(SIGNATURE), ",", "t", "v1");
        boolean fits = Hmac.anyFitsHex(
                keys.current(), signature.signatures(), Hmac.bytes(signature.timestamp() + "."), delivery.body());
        return Verdict.of(fits && context.isOfNow(signature.epochSecond(), tolerance));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> {
            Event event = OneEvent.identified(body.text("/id"), delivery)
                    .ofType(body.text("/type"))
                    .at(body.time("/created"));
            return THIN.equals(body.text("/object"))
                    ? event.about(body.text("/related_object/id")).because(Unmapped.THIN)
                    : snapshot(event, body);
        });
    }

    private static Event snapshot(Event event, Json body) {
        Json object = body.at("/data/object");
        String kind = String.valueOf(object.text("/object"));
        Rule rule = RULES.get(kind);
        String to = reference(object, "/transfer_data/destination", "/destination", "/on_behalf_of");
        Event told = event.about(rule == null ? object.text("/id") : reference(object, rule.subjects()))
                .from(reference(object, "/customer", "/customer_account"))
                .to(to == null ? body.text("/account") : to);
        if (rule == null) {
            return WITHOUT_MONEY.contains(kind) ? told : told.because(Unmapped.UNKNOWN_TYPE);
        }
        String ofType = event.type() == null ? null : AMOUNT_OF_TYPE.get(event.type());
        String amount = ofType == null ? object.first(rule.amounts().toArray(String[]::new)) : object.text(ofType);
        if (amount == null && rule.amountMayMiss()) {
            return told;
        }
        Event worth = AMOUNTS.minor(told, amount, object.text("/currency"));
        return kind.equals("payout") && isBrokenPayout(worth.money())
                ? worth.because(Unmapped.BROKEN_AMOUNT_RULE)
                : worth;
    }

    private static boolean isBrokenPayout(@Nullable Money money) {
        return money != null
                && PAID_OUT_WHOLE.contains(money.currency())
                && money.amount().remainder(BigDecimal.ONE).signum() != 0;
    }

    private static @Nullable String reference(Json object, String... pointers) {
        return reference(object, List.of(pointers));
    }

    private static @Nullable String reference(Json object, List<String> pointers) {
        for (String pointer : pointers) {
            String found = object.reference(pointer);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
