package dev.tallyhook.processing;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether the database has refused to have anything finished, whichever row, for so long that it is no accident. The poller and sweeps, of all
 * replicas, pass over what another of them is trying right now, and the poller's watermark passes what it was kept from: so they may succeed at
 * nothing, while nothing is finished. Such a success says neither one nor the other. Of a distributed ledger this is not found out.
 */
@ApplicationScoped
class Refusals {

    private final long maxNanos;
    private final LongSupplier clock;
    private boolean refused;
    private long sinceNanos;
    private long latestNanos;

    @Inject
    Refusals(ProcessingConfig config) {
        this(config.stalledAfter(), System::nanoTime);
    }

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

    /** A row that stands for any was refused, or the statement was. */
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
