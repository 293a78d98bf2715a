package dev.tallyhook.transaction;

/** There is no state between these two: a transaction is claimed and finished by one statement. */
public enum TransactionStatus {
    /** Accepted and waiting for its due time. */
    PROCESSING,
    /** Finished, at or after its due time. */
    PROCESSED
}
