package dev.tallyhook.delivery;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt came to.
 *
 * @param status of HTTP; 0 if there was none
 * @param took from when it was to be sent to when it was over
 * @param retryAfter how long it asked to be left alone, from {@code Retry-After} in either form; null if it did not
 * @param answer for people: the beginning of the answer of a failure, or why there was none; without control characters, at most
 *     1,024 characters; null if there is nothing to say
 */
record Attempt(
        Outcome outcome,
        int status,
        Duration took,
        @Nullable Duration retryAfter,
        @Nullable String answer) {

    boolean isDelivered() {
        return outcome == Outcome.DELIVERED;
    }
}
