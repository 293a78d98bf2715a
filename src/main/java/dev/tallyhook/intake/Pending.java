package dev.tallyhook.intake;

import java.util.concurrent.CompletableFuture;

/**
 * A webhook that waits for its receipt.
 *
 * @param since when it began to wait, in nanoseconds of the monotonic clock
 */
record Pending(Webhook webhook, long since, CompletableFuture<Receipt> receipt) {

    boolean isSinceBefore(long nanos) {
        return since - nanos < 0;
    }
}
