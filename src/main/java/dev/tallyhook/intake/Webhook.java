package dev.tallyhook.intake;

import dev.tallyhook.transaction.Gone;
import java.math.BigDecimal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a webhook says, after every rule was held against it. One of the built-in source has accounts, amount and currency; an event
 * of a named sender may lack any of them.
 *
 * @param amount with 0 to as many decimals as the currency has, and greater than 0 unless it is an event's
 * @param traceparent the request that brought it (W3C Trace Context), or null if that is not traced
 * @param event what is kept beside it, or null if it is the built-in source's
 */
record Webhook(
        String transactionId,
        @Nullable String sourceAccount,
        @Nullable String destinationAccount,
        @Nullable BigDecimal amount,
        @Nullable String currency,
        @Nullable String traceparent,
        @Nullable EventRow event) {

    Webhook(String transactionId, String sourceAccount, String destinationAccount, BigDecimal amount, String currency) {
        this(transactionId, sourceAccount, destinationAccount, amount, currency, null, null);
    }

    Webhook broughtBy(@Nullable String request) {
        return request == null
                ? this
                : new Webhook(transactionId, sourceAccount, destinationAccount, amount, currency, request, event);
    }

    /** The same event, brought by another copy of its request. */
    Webhook broughtBy(RawDelivery raw) {
        return event == null
                ? this
                : new Webhook(
                        transactionId,
                        sourceAccount,
                        destinationAccount,
                        amount,
                        currency,
                        traceparent,
                        new EventRow(
                                event.source(),
                                event.type(),
                                event.subject(),
                                event.occurredAt(),
                                event.unmapped(),
                                event.sent(),
                                raw));
    }

    /** The name of its sender, or null if it is the built-in source's. */
    @Nullable
    String source() {
        return event == null ? null : event.source();
    }

    /** Whether it tells the same as what is stored with its id. */
    boolean sameContentAs(Stored stored) {
        return Objects.equals(source(), stored.source())
                && agrees(sourceAccount, stored.sourceAccount())
                && agrees(destinationAccount, stored.destinationAccount())
                && agrees(currency, stored.currency())
                && agrees(amount, stored.amount());
    }

    /**
     * Whether it tells the same as what is gone with its id, which tells the source as well.
     *
     * @param content the digest of that; null if nothing is known of it
     */
    boolean agreesWithWhatIsGone(byte @Nullable [] content) {
        return Gone.agrees(
                content,
                event != null,
                transactionId,
                sourceAccount,
                destinationAccount,
                amount == null ? null : amount.stripTrailingZeros().toPlainString(),
                currency);
    }

    /** 1500.5 and 1500.50 are the same amount. */
    private boolean agrees(@Nullable BigDecimal mine, @Nullable BigDecimal stored) {
        return (mine == null || stored == null) ? event != null : mine.compareTo(stored) == 0;
    }

    /** Of an event, what could not be mapped contradicts nothing: it may be another version, or other settings, that map more. */
    private boolean agrees(@Nullable String mine, @Nullable String stored) {
        return Objects.equals(mine, stored) || (event != null && (mine == null || stored == null));
    }

    /** Says which one, but not whose money and how much: this line may reach a log. */
    @Override
    public String toString() {
        return "Webhook[" + transactionId + "]";
    }

    /** What the ledger has under an id. */
    record Stored(
            @Nullable String source,
            @Nullable String sourceAccount,
            @Nullable String destinationAccount,
            @Nullable BigDecimal amount,
            @Nullable String currency) {

        @Override
        public String toString() {
            return "Stored";
        }
    }
}
