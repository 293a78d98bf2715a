package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Xendit: nothing is signed. A secret comes along in {@code x-callback-token}, the same with each webhook, so whoever has seen one webhook can
 * send others until it is changed: let it come over TLS alone. It is not kept with what it came with.
 *
 * <p>There are three layouts: the invoice itself, told by its status; an event around a payment of the older API; one of the
 * newer API, whose payment has a {@code payment_id}.
 *
 * <p>Not confirmed: how a payment that is captured in several parts is told of, so such a one has no amount.
 *
 * @see <a href="https://docs.xendit.co/apidocs/payment-webhook-notification">Xendit: payment webhook notification</a>
 */
final class Xendit implements Scheme {

    private static final String TOKEN = "x-callback-token";

    /** Whether a status of an invoice is about money that came. Others of this layout are other products' callbacks. */
    private static final Map<String, Boolean> PAID_BY_STATUS =
            Map.of("PAID", true, "SETTLED", true, "PENDING", false, "EXPIRED", false);

    private static final Set<String> PAYMENTS = Set.of(
            "payment.succeeded",
            "payment.failed",
            "payment.pending",
            "payment.awaiting_capture",
            "payment.authorization",
            "payment.capture",
            "payment.failure");

    private static final Set<String> REFUNDS = Set.of("refund.succeeded", "refund.failed");

    private final Credentials<StaticToken> tokens;

    Xendit(SchemeContext context) {
        this.tokens = context.secrets(StaticToken::of);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(StaticToken.anyIs(tokens.current(), delivery.header(TOKEN)));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String type = body.text("/event");
        return type != null ? wrapped(type, body, delivery) : invoice(body, delivery);
    }

    private static Event invoice(Json body, Delivery delivery) {
        String id = body.text("/id");
        String status = Optional.ofNullable(body.text("/status")).orElse("");
        Boolean paid = PAID_BY_STATUS.get(status);
        if (paid == null || !body.has("/external_id")) {
            return Event.of(Event.digest(delivery.body()))
                    .about(body.first("/external_id", "/id"))
                    .at(body.time("/updated", "/created"))
                    .because(Unmapped.UNKNOWN_TYPE);
        }
        Event event = identified(delivery, id, status)
                .ofType("invoice." + status.toLowerCase(Locale.ROOT))
                .about(body.text("/external_id"))
                .at(body.time("/paid_at", "/updated"))
                .to(body.text("/user_id"));
        return paid ? Amounts.major(event, body.first("/paid_amount", "/amount"), body.text("/currency")) : event;
    }

    private static Event wrapped(String type, Json body, Delivery delivery) {
        Json data = body.at("/data");
        if (REFUNDS.contains(type)) {
            return worth(
                    dated(type, identified(delivery, data.text("/id"), type), body)
                            .about(data.text("/payment_id")),
                    data.text("/amount"),
                    data);
        }
        if (!PAYMENTS.contains(type)) {
            return dated(type, Event.of(Event.digest(delivery.body())), body)
                    .about(data.first("/payment_request_id", "/payment_id", "/id"))
                    .because(Unmapped.UNKNOWN_TYPE);
        }
        String payment = data.text("/payment_id");
        List<String> captures = payment == null ? List.of() : captures(data);
        Event event = dated(
                        type,
                        payment == null
                                ? identified(delivery, data.text("/id"), type)
                                : identified(delivery, payment, type, captures.toArray(String[]::new)),
                        body)
                .about(data.first("/payment_request_id", "/id"))
                .from(data.text("/customer_id"))
                .to(body.first("/business_id", "/data/business_id"));
        return worth(event, amount(payment != null, type, data, captures), data);
    }

    /** Ids of them, which tell one capture of a payment from the next. */
    private static List<String> captures(Json data) {
        var ids = new ArrayList<String>();
        for (Json capture : data.at("/captures").elements()) {
            ids.add(Optional.ofNullable(capture.text("/capture_id")).orElse(""));
        }
        return ids;
    }

    private static @Nullable String amount(boolean newer, String type, Json data, List<String> captures) {
        if (!newer) {
            return data.text("/amount");
        }
        if (!type.equals("payment.capture") || captures.isEmpty()) {
            return data.text("/request_amount");
        }
        return captures.size() == 1 ? data.text("/captures/0/capture_amount") : null;
    }

    private static Event identified(Delivery delivery, @Nullable String id, String what, String... more) {
        if (id == null) {
            return OneEvent.identified(null, delivery);
        }
        var parts = new ArrayList<>(List.of(what, id));
        parts.addAll(List.of(more));
        return Event.of(DerivedIdentity.of(parts.toArray(String[]::new)));
    }

    private static Event dated(String type, Event event, Json body) {
        return event.ofType(type).at(body.time("/created"));
    }

    private static Event worth(Event event, @Nullable String amount, Json data) {
        return Amounts.major(event, amount, data.text("/currency"));
    }

    /** Not the token: it would let whoever reads the ledger send webhooks. */
    @Override
    public List<String> headersToKeep() {
        return List.of();
    }
}
