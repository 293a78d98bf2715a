package dev.tallyhook.transaction;

import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A transaction as it is answered: amounts with every digit, times in UTC (RFC 3339). */
record TransactionView(
        String transactionId,
        String sourceAccount,
        String destinationAccount,
        BigDecimal amount,
        String currency,
        TransactionStatus status,
        Instant createdAt,
        @Nullable Instant processedAt) {

    static TransactionView of(Transaction row) {
        return new TransactionView(
                row.transactionId,
                row.sourceAccount,
                row.destinationAccount,
                row.amount,
                row.currency,
                row.status,
                row.createdAt,
                row.processedAt);
    }
}
