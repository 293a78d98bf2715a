package dev.tallyhook.processing;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether the database has refused whatever a sweep tried to finish, for so long that it is no accident. Poller and sweeps pass over what
 * another of them is trying right now, so each may succeed at nothing while nothing is finished: such a success says neither one nor the
 * other.
 */
final class Refusals {

    private final long maxNanos;
    private final LongSupplier clock;
    private boolean refused;
    private long sinceNanos;
    private long latestNanos;

    /**
     * None yet.
     *
     * @param max so long they may last, and after so long without another they are over
     * @param clock in nanoseconds, as {@link System#nanoTime}
     */
    Refusals(Duration max, LongSupplier clock) {
        this.maxNanos = max.toNanos();
        this.clock = clock;
    }

    /** Nothing could be finished of what was tried, and the rows are to blame, or what they are held to. */
    synchronized void refused() {
        long now = clock.getAsLong();
        if (!isRecent(now)) {
            sinceNanos = now;
        }
        refused = true;
        latestNanos = now;
    }

    /** Something was finished. */
    synchronized void over() {
        refused = false;
    }

    /** Whether there is nothing else, for longer than it may be so. */
    synchronized boolean goOn() {
        return isRecent(clock.getAsLong()) && latestNanos - sinceNanos > maxNanos;
    }

    private boolean isRecent(long now) {
        return refused && now - latestNanos <= maxNanos;
    }
}
