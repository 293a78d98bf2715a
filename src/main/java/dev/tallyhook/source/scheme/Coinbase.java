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
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Coinbase Commerce, and what has come after it.
 *
 * <p>Commerce: {@code X-CC-Webhook-Signature}, HMAC-SHA256 in hexadecimal digits over the body. No timestamp is signed.
 *
 * <p>Its successor: {@code X-Hook0-Signature: t=…,v0=…,h=…,v1=…}, HMAC-SHA256 in hexadecimal digits. {@code v1} is over the seconds, the names of
 * headers in {@code h}, their values, and the body, with a full stop between each two; {@code v0}, which counts only where there is no {@code v1}, over the
 * seconds and the body. The event's id and type are in headers, but {@code v0} does not sign these, and the values of {@code v1} may have full stops
 * in them, so that a part of one could be moved into the next: neither is relied on. Both are told by the body, which each signs.
 *
 * <p>Not confirmed: that no two changes of a checkout have one type and one time; what the amount of a refund's event counts.
 *
 * @see <a href="https://docs.cdp.coinbase.com/webhooks/verify-signatures">Coinbase: verify signatures</a>
 * @see <a href="https://docs.cdp.coinbase.com/commerce/webhooks-security">Coinbase Commerce: webhooks security</a>
 */
final class Coinbase implements Scheme {

    private static final String COMMERCE = "x-cc-webhook-signature";
    private static final String HOOK = "x-hook0-signature";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    /** Up to so many names of headers, in the form that headers have. */
    private static final Pattern NAMES = Pattern.compile("[A-Za-z0-9-]{1,64}( [A-Za-z0-9-]{1,64}){0,15}");

    private static final Set<String> CHARGES = Set.of(
            "charge:created",
            "charge:confirmed",
            "charge:failed",
            "charge:delayed",
            "charge:pending",
            "charge:resolved");

    private static final Set<String> PAYMENTS =
            Set.of("checkout.payment.success", "checkout.payment.failed", "checkout.payment.expired");
    private static final Set<String> REFUNDS = Set.of("checkout.refund.success", "checkout.refund.failed");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    Coinbase(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.tolerance(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String hook = delivery.header(HOOK);
        return Verdict.of(
                hook.isEmpty()
                        ? Hmac.anyFitsHex(keys.current(), delivery.header(COMMERCE), delivery.body())
                        : isSigned(hook, delivery));
    }

    private boolean isSigned(String hook, Delivery delivery) {
        var bound = SignatureHeader.read(hook, ",", "t", "v1");
        boolean isBound = !bound.timestamp().isEmpty();
        var signature = isBound ? bound : SignatureHeader.read(hook, ",", "t", "v0");
        String values = isBound ? values(names(hook), delivery) : "";
        String before = signature.timestamp() + "." + (values == null ? "" : values);
        return Hmac.anyFitsHex(keys.current(), signature.signatures(), Hmac.bytes(before), delivery.body())
                && signature.signatures().size() == 1
                && values != null
                && context.isOfNow(signature.epochSecond(), tolerance);
    }

    /** Of the headers that are signed; more than one part with them is none. */
    private static String names(String hook) {
        List<String> found = Stream.of(hook.split(","))
                .filter(part -> part.startsWith("h="))
                .map(part -> part.substring(2))
                .toList();
        return found.size() == 1 ? found.get(0) : "";
    }

    /**
     * The names and the values of the headers that are signed, as they stand before the body; a missing one is empty.
     *
     * @return null if it is malformed, or if a value could be the beginning of another body
     */
    private static @Nullable String values(String names, Delivery delivery) {
        if (!NAMES.matcher(names).matches()) {
            return null;
        }
        String values = Stream.of(names.split(" ")).map(delivery::header).collect(Collectors.joining("."));
        return values.contains("{") ? null : names + "." + values + ".";
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(
                delivery, body -> body.has("/event") ? charge(body.at("/event"), delivery) : checkout(body, delivery));
    }

    private static Event charge(Json told, Delivery delivery) {
        String id = told.text("/id");
        String type = told.text("/type");
        Event event = OneEvent.identified(id, delivery)
                .ofType(type)
                .about(told.first("/data/id", "/data/code"))
                .at(told.time("/created_at"));
        return CHARGES.contains(String.valueOf(type))
                ? Amounts.major(
                        event, told.text("/data/pricing/local/amount"), told.text("/data/pricing/local/currency"))
                : event.because(Unmapped.UNKNOWN_TYPE);
    }

    private static Event checkout(Json body, Delivery delivery) {
        String id = body.text("/id");
        String type = body.text("/eventType");
        String changed = body.first("/updatedAt", "/createdAt");
        String known = String.valueOf(type);
        String identity = id == null || type == null || changed == null ? null : DerivedIdentity.of(type, id, changed);
        Event event = OneEvent.identified(identity, delivery)
                .ofType(type)
                .about(id)
                .at(body.time("/updatedAt", "/createdAt"));
        if (!PAYMENTS.contains(known) && !REFUNDS.contains(known)) {
            return event.because(Unmapped.UNKNOWN_TYPE);
        }
        return Amounts.major(
                PAYMENTS.contains(known) ? event.to(body.text("/address")) : event,
                body.text("/amount"),
                body.text("/currency"));
    }

    /** The headers that {@code v1} binds are named by the signature; these are the ones that are known. */
    @Override
    public List<String> headersToKeep() {
        return List.of(COMMERCE, HOOK, "content-type", "x-event-id", "x-event-type");
    }
}
