package dev.tallyhook.delivery;

import java.sql.SQLException;

/** Where a replay is, as this replica knows it beyond what is on record. */
final class ReplayPosition {

    /** {@code query_canceled}. */
    private static final String STATEMENT_TIMEOUT = "57014";

    private final ReplayWindow window = new ReplayWindow();
    private long letter;
    private long queued;

    ReplayWindow window() {
        return window;
    }

    /** Dead letters up to this one are queued, and need not be looked for among the index entries of what has gone. */
    long letter() {
        return letter;
    }

    void passedLetter(long id) {
        letter = Math.max(letter, id);
    }

    /** All that it has queued, on whichever replica. */
    long queued() {
        return queued;
    }

    void hasQueued(long messages) {
        queued = messages;
    }

    /** A piece was not kept, or nobody knows: dead letters are looked for from the first one again, and fewer transactions at once. */
    void isUncertain(Exception failure) {
        letter = 0;
        if (failure instanceof SQLException statement && STATEMENT_TIMEOUT.equals(statement.getSQLState())) {
            window.tookTooLong();
        }
    }
}
