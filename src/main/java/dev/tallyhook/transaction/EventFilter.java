package dev.tallyhook.transaction;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which events of named senders a list has.
 *
 * @param source the name of a sender, or that of the built-in source, which has none
 * @param occurredFrom inclusive, by the provider's clock
 * @param occurredTo exclusive
 * @param unmapped whether only those of which not all could be mapped
 */
record EventFilter(
        Optional<String> source,
        Optional<String> type,
        Optional<String> subject,
        Optional<Instant> occurredFrom,
        Optional<Instant> occurredTo,
        boolean unmapped) {

    /** Of lists that do not tell events from other transactions. */
    static final EventFilter NONE = new EventFilter(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false);

    private static final String BUILT_IN = "transactions";

    static EventFilter read(QueryParameters parameters) {
        return new EventFilter(
                parameters.identifier("source"),
                parameters.identifier("type"),
                parameters.identifier("subject"),
                parameters.time("occurred_from"),
                parameters.time("occurred_to"),
                parameters.flag("unmapped"));
    }

    static EventFilter ofSource(String name) {
        return new EventFilter(
                Optional.of(name), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false);
    }

    private boolean isBuiltIn() {
        return equals(ofSource(BUILT_IN));
    }

    /** Those of one subject, what happened to one payment, stand in the order of the provider's own times. */
    boolean isInOrderOfStorage() {
        return subject.isEmpty();
    }

    /** What rows are in the order of. */
    String time() {
        return isInOrderOfStorage() ? "created_at" : "coalesce(occurred_at, created_at)";
    }

    /** What of it is posted. */
    List<PostingKey> keys() {
        List<PostingKey> keys = new ArrayList<>();
        if (!isBuiltIn()) {
            source.ifPresent(name -> keys.add(new PostingKey(PostingKey.Kind.SOURCE, name)));
            type.ifPresent(name -> keys.add(new PostingKey(PostingKey.Kind.TYPE, name)));
            subject.ifPresent(name -> keys.add(new PostingKey(PostingKey.Kind.SUBJECT, name)));
        }
        return keys;
    }

    /** By what {@link #time} is the time of a row. */
    Instant time(TransactionView row) {
        EventView event = row.event();
        return !isInOrderOfStorage() && event != null && event.occurredAt() != null
                ? event.occurredAt()
                : row.createdAt();
    }

    /** What is not posted, but some stretches are known not to have; empty if any may have some of it. What of it came late is posted so. */
    Optional<PostingKey> ruledOut() {
        return occurredFrom.isPresent() || occurredTo.isPresent()
                ? Optional.of(new PostingKey(PostingKey.Kind.OCCURRED, ""))
                : isBuiltIn() ? Optional.of(new PostingKey(PostingKey.Kind.BUILT_IN, "")) : Optional.empty();
    }

    /** Which stretches may have some of it, each beginning with AND. */
    Sql stretches() {
        var conditions = new Sql();
        if (isBuiltIn()) {
            return conditions.add(" AND has_built_in");
        }
        occurredFrom.ifPresent(at -> conditions.add(" AND last_occurred >= ?", at));
        occurredTo.ifPresent(at -> conditions.add(" AND first_occurred < ?", at));
        return conditions;
    }

    /** Each beginning with AND. */
    Sql conditions() {
        var conditions = new Sql();
        if (isBuiltIn()) {
            return conditions.add(" AND source IS NULL");
        }
        source.ifPresent(name -> conditions.add(" AND source = ?", name));
        type.ifPresent(name -> conditions.add(" AND type = ?", name));
        subject.ifPresent(name -> conditions.add(" AND subject = ?", name));
        if (unmapped) {
            conditions.add(" AND unmapped IS NOT NULL");
        }
        occurredFrom.ifPresent(at -> conditions.add(" AND occurred_at >= ?", at));
        occurredTo.ifPresent(at -> conditions.add(" AND occurred_at < ?", at));
        return conditions;
    }
}
