package dev.tallyhook.transaction;

/** There is no state between waiting and finished: a transaction is claimed and finished by one statement. */
public enum TransactionStatus {
    /** Accepted and waiting for its due time. */
    PROCESSING,
    /** Finished, at or after its due time. */
    PROCESSED,
    /** Accepted, and kept from being finished by an operator until it is released. */
    HELD
}
