package dev.tallyhook.processing;

import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is due: of a ledger, or of that part of it that one server has. */
interface Due {

    /**
     * What one statement finished.
     *
     * @param count how many
     * @param isFull whether it was as many as it might be, so that there may be more
     * @param watermark just below the latest {@code due_at} among them, or the one given if there was none
     * @param failure of a part of the ledger, such as one shard of many, whose rows it has left; null if there was none
     */
    record Batch(
            int count,
            boolean isFull,
            OffsetDateTime watermark,
            @Nullable SQLException failure) {

        private static final int SAME_INSTANT_MAX = 20_000;

        Batch(int count, boolean isFull, OffsetDateTime watermark) {
            this(count, isFull, watermark, null);
        }

        /**
         * How many to finish next: more where all of a batch were due at the instant that the one before ended with, because each batch
         * reads past what was finished of that instant.
         *
         * @param from the watermark of this batch
         * @param size of this batch
         * @param usual of one that knows of no such instant
         */
        int next(OffsetDateTime from, int size, int usual) {
            return failure != null || watermark.isAfter(from)
                    ? usual
                    : Math.max(usual, Math.min(2 * size, SAME_INSTANT_MAX));
        }
    }

    /**
     * What the database says of what comes next.
     *
     * @param now its clock
     * @param untilNextDue how long from then until the next one above the watermark is due that nobody holds; nothing if none is within a
     *     second
     */
    record Outlook(OffsetDateTime now, Optional<Duration> untilNextDue) {}

    /**
     * Finishes the longest overdue above the watermark, skipping what another replica is finishing right now.
     *
     * @param watermark rows up to it are not looked at, which spares reading what was finished before
     * @param batchSize how many at most
     */
    Batch finish(OffsetDateTime watermark, int batchSize) throws SQLException;

    /** When the next one above the watermark is due. */
    Outlook outlook(OffsetDateTime watermark) throws SQLException;

    /** The database's clock, which is the only one that says what is due. */
    OffsetDateTime now() throws SQLException;
}
