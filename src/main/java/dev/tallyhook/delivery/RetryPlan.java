package dev.tallyhook.delivery;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * When a message that failed is tried again.
 *
 * @param waits before the second attempt, the third, and so on
 */
record RetryPlan(List<Duration> waits) {

    /** What an endpoint asks for beyond this it does not get. */
    static final Duration RETRY_AFTER_MAX = Duration.ofDays(1);

    /** Up to a fifth is added, so that what failed together does not come back together; nothing is ever early. */
    private static final int JITTER = 5;

    /**
     * How long to wait.
     *
     * @param attempts that failed, with the last one
     * @return null if it is given up
     */
    @Nullable
    Duration after(int attempts, Attempt attempt) {
        if (attempt.outcome() == Outcome.GONE || attempts > waits.size()) {
            return null;
        }
        Duration wait = waits.get(attempts - 1);
        Duration asked = attempt.retryAfter();
        if (asked != null && asked.compareTo(wait) > 0) {
            wait = asked.compareTo(RETRY_AFTER_MAX) < 0 ? asked : RETRY_AFTER_MAX;
        }
        return wait.plusNanos(ThreadLocalRandom.current().nextLong(wait.toNanos() / JITTER + 1));
    }
}
