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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adyen's other webhooks, of platforms, management and tokens: a header {@code HmacSignature}, HMAC-SHA256 in Base64 over the body,
 * under a key that is written in hexadecimal digits.
 *
 * <p>A transfer tells of each of its changes with a number that grows; that number and the transfer's id make the identity, because only
 * tokens have an id of the event. Where there is neither, the time of the event tells it apart, or else its bytes. Its own account is the payer of what goes out, and the payee of what comes in. How the other
 * side is named differs from kind to kind, so it is left out.
 *
 * <p>Not confirmed: a header {@code Protocol} that some have seen beside the signature; it is not asked for.
 *
 * @see <a href="https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures">Adyen: verify HMAC signatures</a>
 */
final class AdyenPlatform implements Scheme {

    private static final String SIGNATURE = "hmacsignature";
    private static final Amounts AMOUNTS = Amounts.of("adyen");
    private static final String TRANSACTION = "balancePlatform.transaction.created";

    /** Where the time of the event stands. That of the thing's own creation is the same for each of its changes. */
    private static final String[] OF_THE_EVENT = {"/timestamp", "/createdAt", "/data/updatedAt"};

    /** Where the amount of those about money stands. */
    private static final Map<String, String> AMOUNT_OF = Map.of(
            "balancePlatform.transfer.created",
            "/data/amount",
            "balancePlatform.transfer.updated",
            "/data/amount",
            TRANSACTION,
            "/data/amount",
            "balancePlatform.dispute.created",
            "/data/disputedAmount",
            "balancePlatform.dispute.updated",
            "/data/disputedAmount");

    private static final Set<String> NO_MONEY = Set.of(
            "balancePlatform.accountHolder.created",
            "balancePlatform.accountHolder.updated",
            "balancePlatform.balanceAccount.created",
            "balancePlatform.balanceAccount.updated",
            "balancePlatform.balanceAccountSweep.created",
            "balancePlatform.balanceAccountSweep.updated",
            "balancePlatform.balanceAccountSweep.deleted",
            "balancePlatform.cardorder.created",
            "balancePlatform.cardorder.updated",
            "balancePlatform.mandate.created",
            "balancePlatform.mandate.updated",
            "balancePlatform.networkToken.created",
            "balancePlatform.networkToken.updated",
            "balancePlatform.paymentInstrument.created",
            "balancePlatform.paymentInstrument.updated",
            "balancePlatform.report.created",
            "balancePlatform.score.triggered",
            "merchant.created",
            "merchant.updated",
            "paymentMethod.created",
            "paymentMethodRequest.removed",
            "paymentMethodRequest.scheduledForRemoval",
            "recurring.token.alreadyExisting",
            "recurring.token.created",
            "recurring.token.disabled",
            "recurring.token.updated",
            "terminalAssignment.completed",
            "terminalBoarding.triggered",
            "terminalSettings.modified");

    private final Credentials<Hmac> keys;

    AdyenPlatform(SchemeContext context) {
        this.keys = context.secrets(secret -> Hmac.ofHex(secret, Hmac.SHA256));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        return Verdict.of(Hmac.anyFitsBase64(keys.current(), delivery.header(SIGNATURE), delivery.body()));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String type = body.text("/type");
        Instant time = body.time(OF_THE_EVENT);
        String identity = identity(body, type, time);
        Event event = OneEvent.identified(identity, delivery)
                .ofType(type)
                .about(TRANSACTION.equals(type) ? body.first("/data/transfer/id", "/data/id") : thing(body))
                .at(time == null ? body.time("/data/creationDate") : time);
        String amount = type == null ? null : AMOUNT_OF.get(type);
        if (amount == null) {
            return type != null && NO_MONEY.contains(type) ? event : event.because(Unmapped.UNKNOWN_TYPE);
        }
        String value = body.text(amount + "/value");
        return AMOUNTS.minor(
                accounts(event, body, direction(body, type, value)), value, body.text(amount + "/currency"));
    }

    private static @Nullable String identity(Json body, @Nullable String type, @Nullable Instant time) {
        String event = body.text("/eventId");
        String id = body.text("/data/id");
        String sequence = body.text("/data/sequenceNumber");
        if (event != null) {
            return event;
        }
        if (type == null) {
            return null;
        }
        if (id != null && (sequence != null || type.equals(TRANSACTION))) {
            return DerivedIdentity.of(type, id, sequence == null ? body.text("/data/status") : sequence);
        }
        String thing = thing(body);
        return time == null || thing == null
                ? null
                : DerivedIdentity.of(type, thing, body.text("/data/status"), DerivedIdentity.time(time, null));
    }

    /** What it speaks of. */
    private static @Nullable String thing(Json body) {
        return body.first(
                "/data/id",
                "/data/accountHolder/id",
                "/data/balanceAccount/id",
                "/data/paymentInstrument/id",
                "/data/sweep/id",
                "/data/storedPaymentMethodId",
                "/data/merchantId");
    }

    /** A transaction has none, but a sign. */
    private static @Nullable String direction(Json body, @Nullable String type, @Nullable String value) {
        if (TRANSACTION.equals(type) && value != null) {
            return value.startsWith("-") ? "outgoing" : "incoming";
        }
        return body.text("/data/direction");
    }

    private static Event accounts(Event event, Json body, @Nullable String direction) {
        String own = body.text("/data/balanceAccount/id");
        return "outgoing".equals(direction) ? event.from(own) : "incoming".equals(direction) ? event.to(own) : event;
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }
}
