package dev.tallyhook.transaction;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a transaction is posted under: two values may have the same number, so whoever finds a row by it compares the value.
 *
 * @param value of which PostgreSQL makes the number, by its function {@code posting_key}
 */
record PostingKey(Kind kind, String value) {

    /** The numbers are those of the function {@code posting_keys}. */
    enum Kind {
        SOURCE_ACCOUNT(1),
        DESTINATION_ACCOUNT(2),
        SOURCE(3),
        TYPE(4),
        SUBJECT(5);

        private final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    static List<PostingKey> ofThosePresent(Map<Kind, Optional<String>> values) {
        return values.entrySet().stream()
                .filter(entry -> entry.getValue().isPresent())
                .map(entry -> new PostingKey(entry.getKey(), entry.getValue().get()))
                .sorted(Comparator.comparing(PostingKey::kind))
                .toList();
    }

    /** An integer of PostgreSQL's. */
    Sql number() {
        return new Sql().add("posting_key(" + kind.number + ", ?::text)", value);
    }
}
