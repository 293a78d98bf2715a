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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Paystack: {@code x-paystack-signature}, HMAC-SHA512 in hexadecimal digits over the body, with the secret key of the API. No
 * timestamp is signed.
 *
 * <p>An event has no id of its own. Charges, transfers and refunds happen once to an object, so the type and the object's id name them; for
 * everything else, such as a reminder of a dispute, the same pair may come again with other news, and a digest of the body tells it apart.
 *
 * <p>Not confirmed on a page of the vendor's that could be read, but told alike by many: the header and the digest.
 *
 * @see <a href="https://paystack.com/docs/payments/webhooks/">Paystack: Webhooks</a>
 */
final class Paystack implements Scheme {

    private static final String SIGNATURE = "x-paystack-signature";
    private static final Amounts AMOUNTS = Amounts.of("paystack");

    private static final Set<String> CHARGES = Set.of("charge.success", "charge.failed");
    private static final Set<String> TRANSFERS = Set.of("transfer.success", "transfer.failed", "transfer.reversed");
    private static final Set<String> REFUNDS = Set.of(
            "refund.pending", "refund.processing", "refund.processed", "refund.failed", "refund.needs-attention");

    /** Their money comes with a charge, or not at all. */
    private static final Set<String> WITHOUT_MONEY = Set.of(
            "subscription.create",
            "subscription.disable",
            "subscription.not_renew",
            "subscription.expiring_cards",
            "invoice.create",
            "invoice.update",
            "invoice.payment_failed",
            "customeridentification.success",
            "customeridentification.failed",
            "dedicatedaccount.assign.success",
            "dedicatedaccount.assign.failed");

    private final Credentials<Hmac> keys;

    Paystack(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA512));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsHex(keys.current(), delivery.header(SIGNATURE), delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String type = body.text("/event");
        Json data = body.at("/data");
        String known = type == null ? "" : type;
        if (CHARGES.contains(known)) {
            return worth(
                    named(known, data.text("/id"), data, delivery)
                            .about(data.text("/reference"))
                            .from(data.text("/customer/customer_code"))
                            .to(data.text("/subaccount/subaccount_code")),
                    data);
        }
        if (TRANSFERS.contains(known)) {
            return worth(
                    named(known, data.first("/id", "/transfer_code"), data, delivery)
                            .about(data.text("/transfer_code"))
                            .to(data.text("/recipient/recipient_code")),
                    data);
        }
        if (REFUNDS.contains(known)) {
            return worth(
                    named(known, data.first("/id", "/refund_reference"), data, delivery)
                            .about(data.text("/transaction_reference")),
                    data);
        }
        return dated(Event.of(Event.digest(delivery.body())).ofType(type), data)
                .about(data.first(
                        "/reference", "/transfer_code", "/subscription_code", "/invoice_code", "/customer_code", "/id"))
                .because(WITHOUT_MONEY.contains(known) ? null : Unmapped.UNKNOWN_TYPE);
    }

    private static Event named(String type, @Nullable String id, Json data, Delivery delivery) {
        String identity = id == null ? null : DerivedIdentity.of(type, id);
        return dated(OneEvent.identified(identity, delivery).ofType(type), data);
    }

    private static Event dated(Event event, Json data) {
        return event.at(data.time("/paid_at", "/paidAt", "/created_at", "/createdAt"));
    }

    private static Event worth(Event event, Json data) {
        return AMOUNTS.minor(event, data.text("/amount"), data.text("/currency"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
