package dev.tallyhook.delivery;

import jakarta.inject.Singleton;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The database's clock, as it was read last and has gone on since. */
@Singleton
class LedgerClock {

    private record Reading(Instant time, long nanos) {}

    private volatile @Nullable Reading latest;

    /**
     * It has been read.
     *
     * @param nanos when, or a little earlier, by the monotonic clock
     */
    void read(Instant time, long nanos) {
        latest = new Reading(time, nanos);
    }

    /** @throws IllegalStateException if it has not been read yet */
    Instant now() {
        Reading reading = latest;
        if (reading == null) {
            throw new IllegalStateException("The database's clock has not been read");
        }
        return reading.time().plusNanos(System.nanoTime() - reading.nanos());
    }

    boolean isKnown() {
        return latest != null;
    }
}
