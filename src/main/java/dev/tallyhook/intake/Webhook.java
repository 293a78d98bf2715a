package dev.tallyhook.intake;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What a webhook says, after every rule was held against it.
 *
 * @param amount greater than 0, with 0 to as many decimals as the currency has
 * @param traceparent the request that brought it (W3C Trace Context), or null if that is not traced
 */
record Webhook(
        String transactionId,
        String sourceAccount,
        String destinationAccount,
        BigDecimal amount,
        String currency,
        @Nullable String traceparent) {

    Webhook(String transactionId, String sourceAccount, String destinationAccount, BigDecimal amount, String currency) {
        this(transactionId, sourceAccount, destinationAccount, amount, currency, null);
    }

    Webhook broughtBy(@Nullable String request) {
        return request == null
                ? this
                : new Webhook(transactionId, sourceAccount, destinationAccount, amount, currency, request);
    }

    /** Whether both tell of the same transfer: 1500.5 and 1500.50 are the same amount. */
    boolean sameContentAs(Webhook other) {
        return transactionId.equals(other.transactionId)
                && sourceAccount.equals(other.sourceAccount)
                && destinationAccount.equals(other.destinationAccount)
                && currency.equals(other.currency)
                && amount.compareTo(other.amount) == 0;
    }

    /** Says which one, but not whose money and how much: this line may reach a log. */
    @Override
    public String toString() {
        return "Webhook[" + transactionId + "]";
    }
}
