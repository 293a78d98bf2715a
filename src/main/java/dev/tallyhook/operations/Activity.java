package dev.tallyhook.operations;

import dev.tallyhook.keeping.Progress;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all replicas do.
 *
 * @param currentTime of the database
 * @param replicas the names of those that reported within the last seconds
 * @param waiting transactions of the whole ledger that wait, as counted last; null until then, like the two that follow
 * @param overdue those among them that are due
 * @param oldestOverdueSeconds how long the first of these has been due
 * @param conflicts the number of the latest one, which is how many contents were ever recorded but for numbers that were lost; null
 *     if the database does not tell
 * @param keeping how what was kept long enough goes; null where everything is kept for ever
 * @param seconds oldest first; those in which nobody reported are missing
 */
record Activity(
        Instant currentTime,
        List<String> replicas,
        @Nullable Long waiting,
        @Nullable Long overdue,
        @Nullable Double oldestOverdueSeconds,
        @Nullable Long conflicts,
        Progress.@Nullable Seen keeping,
        List<Second> seconds) {

    /**
     * What they did in one second.
     *
     * @param at its beginning
     * @param finished how many transactions were finished
     * @param latenessP50Seconds how late the median of them was; null if there were none
     * @param latenessP99Seconds the same for the 99th percentile
     * @param waiting as counted at that time; null if it was not
     */
    record Second(
            Instant at,
            long accepted,
            long replayed,
            long conflicting,
            long invalid,
            long unauthenticated,
            long shed,
            long failed,
            long finished,
            @Nullable Double latenessP50Seconds,
            @Nullable Double latenessP99Seconds,
            @Nullable Long waiting,
            @Nullable Long overdue) {}
}
