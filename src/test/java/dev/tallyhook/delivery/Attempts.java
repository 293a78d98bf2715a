package dev.tallyhook.delivery;

import java.time.Duration;

/** What attempts may come to. */
final class Attempts {

    static final Attempt DELIVERED = new Attempt(Outcome.DELIVERED, 200, Duration.ofMillis(3), null, null);

    static final Attempt REFUSED = failed(Outcome.REFUSED, 500);

    static final Attempt TIMED_OUT = failed(Outcome.TIMED_OUT, 0);

    static final Attempt GONE = failed(Outcome.GONE, 410);

    private Attempts() {}

    static Attempt failed(Outcome outcome, int status) {
        return new Attempt(outcome, status, Duration.ofMillis(3), null, "no");
    }

    /** It asks to be left alone for so long. */
    static Attempt failed(Outcome outcome, int status, Duration retryAfter) {
        return new Attempt(outcome, status, Duration.ofMillis(3), retryAfter, "not now");
    }
}
