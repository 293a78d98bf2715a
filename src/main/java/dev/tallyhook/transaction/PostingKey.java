package dev.tallyhook.transaction;

/**
 * What a transaction is posted under: two values may have the same number, so whoever finds a row by it compares the value.
 *
 * @param value of which PostgreSQL makes the number, by its function {@code posting_key}
 */
record PostingKey(Kind kind, String value) {

    /** Those that fewer share come first. The numbers are those of the functions {@code posting_keys} and {@code late_keys}. */
    enum Kind {
        SUBJECT(5),
        SOURCE_ACCOUNT(1),
        DESTINATION_ACCOUNT(2),
        TYPE(4),
        SOURCE(3),
        /** Whatever has a time of its provider's; of no value, and only of what came late. */
        OCCURRED(6),
        /** Whatever has no source, likewise. */
        BUILT_IN(7);

        private final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    /** An integer of PostgreSQL's. */
    Sql number() {
        return new Sql().add("posting_key(" + kind.number + ", ?::text)", value);
    }
}
