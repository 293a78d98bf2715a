package dev.tallyhook.transaction;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A transaction as it is answered: amounts with every digit, times in UTC (RFC 3339).
 *
 * @param event what else is known of one that a named sender posted; null if it is the built-in source's, whose answer has none of it
 */
record TransactionView(
        String transactionId,
        @Nullable String sourceAccount,
        @Nullable String destinationAccount,
        @Nullable BigDecimal amount,
        @Nullable String currency,
        TransactionStatus status,
        Instant createdAt,
        @Nullable Instant processedAt,

        @JsonUnwrapped @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
        EventView event) {

    /** In the order in which {@link #of(ResultSet, int)} reads them. */
    static final String COLUMNS =
            "transaction_id, source_account, destination_account, amount, currency, status, created_at, processed_at,"
                    + " source, type, subject, occurred_at, unmapped";

    /** Reads the {@link #COLUMNS}, which begin at this one. */
    static TransactionView of(ResultSet row, int first) throws SQLException {
        return new TransactionView(
                row.getString(first),
                row.getString(first + 1),
                row.getString(first + 2),
                row.getBigDecimal(first + 3),
                row.getString(first + 4),
                TransactionStatus.valueOf(row.getString(first + 5)),
                Timestamps.of(row, first + 6),
                Timestamps.orNull(row, first + 7),
                EventView.of(row, first + 8));
    }

    static TransactionView of(Transaction row) {
        return new TransactionView(
                row.transactionId,
                row.sourceAccount,
                row.destinationAccount,
                row.amount,
                row.currency,
                row.status,
                row.createdAt,
                row.processedAt,
                EventView.of(row));
    }

    /** As it was answered before it was finished or held. */
    TransactionView asAccepted() {
        return new TransactionView(
                transactionId,
                sourceAccount,
                destinationAccount,
                amount,
                currency,
                TransactionStatus.PROCESSING,
                createdAt,
                null,
                event);
    }

    /** With what is known of its event. */
    TransactionView telling(EventView more) {
        return new TransactionView(
                transactionId,
                sourceAccount,
                destinationAccount,
                amount,
                currency,
                status,
                createdAt,
                processedAt,
                more);
    }
}
