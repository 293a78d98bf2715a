package dev.tallyhook.intake;

import java.math.BigDecimal;

/**
 * What a webhook says, after every rule was held against it.
 *
 * @param amount greater than 0, with 0 to as many decimals as the currency has
 */
record Webhook(
        String transactionId, String sourceAccount, String destinationAccount, BigDecimal amount, String currency) {

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
