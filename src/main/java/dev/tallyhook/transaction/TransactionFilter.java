package dev.tallyhook.transaction;

import java.time.Instant;
import java.util.Optional;

/**
 * Which transactions a list has.
 *
 * @param createdFrom inclusive
 * @param createdTo exclusive, so that ranges that follow each other share nothing
 */
record TransactionFilter(
        Optional<String> transactionId,
        Optional<TransactionStatus> status,
        Optional<String> sourceAccount,
        Optional<String> destinationAccount,
        Optional<Instant> createdFrom,
        Optional<Instant> createdTo) {

    static TransactionFilter read(QueryParameters parameters) {
        return new TransactionFilter(
                parameters.identifier("transaction_id"),
                parameters.status("status"),
                parameters.identifier("source_account"),
                parameters.identifier("destination_account"),
                parameters.time("created_from"),
                parameters.time("created_to"));
    }

    /** All but the status, each beginning with AND. */
    Sql conditions(Optional<Cursor> after) {
        var conditions = new Sql();
        transactionId.ifPresent(id -> conditions.add(" AND transaction_id = ?", id));
        sourceAccount.ifPresent(account -> conditions.add(" AND source_account = ?", account));
        destinationAccount.ifPresent(account -> conditions.add(" AND destination_account = ?", account));
        createdFrom.ifPresent(time -> conditions.add(" AND created_at >= ?", time));
        createdTo.ifPresent(time -> conditions.add(" AND created_at < ?", time));
        after.ifPresent(
                cursor -> conditions.add(" AND (created_at, transaction_id) < (?, ?)", cursor.at(), cursor.key()));
        return conditions;
    }
}
