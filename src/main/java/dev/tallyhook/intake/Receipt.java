package dev.tallyhook.intake;

/** What became of a webhook, known only once it is on disk. */
enum Receipt {
    /** Stored now, for the first time. */
    ACCEPTED,
    /** Stored earlier with the same content: a retry. */
    REPLAYED,
    /** Stored earlier with other content, which stays; this attempt is recorded as a conflict. */
    CONFLICTING,
    /** The same, of a content that is on record as a conflict already; this attempt is counted there. */
    CONFLICTING_AGAIN
}
