package dev.tallyhook.transaction;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
        Optional<Instant> createdTo,
        EventFilter events) {

    TransactionFilter(
            Optional<String> transactionId,
            Optional<TransactionStatus> status,
            Optional<String> sourceAccount,
            Optional<String> destinationAccount,
            Optional<Instant> createdFrom,
            Optional<Instant> createdTo) {
        this(transactionId, status, sourceAccount, destinationAccount, createdFrom, createdTo, EventFilter.NONE);
    }

    /** All events of a named source. */
    static TransactionFilter ofSource(String source) {
        return new TransactionFilter(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                EventFilter.ofSource(source));
    }

    static TransactionFilter read(QueryParameters parameters) {
        return new TransactionFilter(
                parameters.identifier("transaction_id"),
                parameters.status("status"),
                parameters.identifier("source_account"),
                parameters.identifier("destination_account"),
                parameters.time("created_from"),
                parameters.time("created_to"),
                EventFilter.read(parameters));
    }

    /** Whether it is best found by what it is posted under. Few events are not mapped, and they have an index. */
    boolean isPosted() {
        return transactionId.isEmpty() && !events.unmapped() && !keys().isEmpty();
    }

    /** Whether there may be parts of the ledger that are known to have none of it; see {@link #isPosted} on what is not mapped. */
    boolean isRuledOutSomewhere() {
        return !events.unmapped() && events.ruledOut().isPresent();
    }

    /** What of it is posted; first that of which there are the fewest, as far as one can tell by its kind. */
    List<PostingKey> keys() {
        List<PostingKey> keys = new ArrayList<>(events.keys());
        sourceAccount.ifPresent(account -> keys.add(new PostingKey(PostingKey.Kind.SOURCE_ACCOUNT, account)));
        destinationAccount.ifPresent(account -> keys.add(new PostingKey(PostingKey.Kind.DESTINATION_ACCOUNT, account)));
        keys.sort(Comparator.comparing(PostingKey::kind));
        return keys;
    }

    /** What came later is not on the page, or nobody knows: by a provider's times a cursor says nothing of when a row was stored. */
    Optional<Instant> latest(Optional<Cursor> after) {
        return events.isInOrderOfStorage() && after.isPresent() ? after.map(Cursor::at) : createdTo;
    }

    /** Which stretches may have some of a page, by when it was stored, each beginning with AND. */
    Sql stretches(Optional<Cursor> after) {
        var conditions = new Sql();
        createdFrom.ifPresent(time -> conditions.add(" AND until > ?", time));
        latest(after).ifPresent(time -> conditions.add(" AND since <= ?", time));
        return conditions;
    }

    /** All but the status, each beginning with AND. */
    Sql conditions(Optional<Cursor> after) {
        Sql conditions = events.conditions();
        transactionId.ifPresent(id -> conditions.add(" AND transaction_id = ?", id));
        sourceAccount.ifPresent(account -> conditions.add(" AND source_account = ?", account));
        destinationAccount.ifPresent(account -> conditions.add(" AND destination_account = ?", account));
        createdFrom.ifPresent(time -> conditions.add(" AND created_at >= ?", time));
        createdTo.ifPresent(time -> conditions.add(" AND created_at < ?", time));
        after.ifPresent(cursor ->
                conditions.add(" AND (" + events.time() + ", transaction_id) < (?, ?)", cursor.at(), cursor.key()));
        return conditions;
    }

    /** A cursor belongs to a list by this: lists without a filter for events are called what they were before there was one. */
    @Override
    public String toString() {
        return "TransactionFilter[transactionId=" + transactionId + ", status=" + status + ", sourceAccount="
                + sourceAccount + ", destinationAccount=" + destinationAccount + ", createdFrom=" + createdFrom
                + ", createdTo=" + createdTo + (events.equals(EventFilter.NONE) ? "" : ", events=" + events) + "]";
    }
}
