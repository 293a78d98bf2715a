package dev.tallyhook.delivery;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether telling waits because much is due: what is told is finished first, so on a machine that both keep busy, finishing goes first and
 * telling makes up for it afterwards, faster. Nothing is claimed or begun meanwhile, for so long at most; then they share the machine.
 */
final class LedgerFirst {

    /** While much is due, a statement ends more often than that. */
    static final Duration AGAIN_WITHIN = Duration.ofMillis(100);

    static final Duration WAIT_MAX = Duration.ofSeconds(10);

    private final LongSupplier nanoTime;
    private long firstNanos;
    private long lastNanos;

    LedgerFirst(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.lastNanos = nanoTime.getAsLong() - AGAIN_WITHIN.toNanos();
        this.firstNanos = lastNanos;
    }

    /** A statement has finished as many as it may, so there may be more. */
    synchronized void moreIsDue() {
        long now = nanoTime.getAsLong();
        if (!isRecent(now)) {
            firstNanos = now;
        }
        lastNanos = now;
    }

    /** Whether to claim nothing now. */
    synchronized boolean comes() {
        long now = nanoTime.getAsLong();
        return isRecent(now) && now - firstNanos < WAIT_MAX.toNanos();
    }

    private boolean isRecent(long now) {
        return now - lastNanos < AGAIN_WITHIN.toNanos();
    }
}
