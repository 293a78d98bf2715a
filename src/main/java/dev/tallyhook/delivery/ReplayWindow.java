package dev.tallyhook.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * How long a stretch of time a replay looks at next: so long that it holds about as many finished transactions as one statement may
 * handle, however many were finished in a second then.
 */
final class ReplayWindow {

    /** A stretch with fewer is followed by a longer one. */
    static final int ROWS_MIN = 2_000;

    /** A stretch with more is not taken, but a shorter one. */
    static final int ROWS_MAX = 10_000;

    private static final int FACTOR = 4;
    private static final Duration FIRST = Duration.ofSeconds(1);

    /** Years without a webhook are passed in some steps. */
    private static final Duration LONGEST = Duration.ofDays(3660);

    /** What PostgreSQL tells times apart by. */
    private static final Duration SHORTEST = Duration.of(1, ChronoUnit.MICROS);

    private Duration length = FIRST;

    /** Where one ends that begins there, if nothing else ends it. */
    Instant end(Instant from) {
        return from.plus(length);
    }

    /** How many rows it may have: all, if it cannot be shorter. */
    int rowsMax() {
        return length.equals(SHORTEST) ? Integer.MAX_VALUE - 1 : ROWS_MAX;
    }

    /** So many were in the last one, or more than it may have; the next one is longer or shorter. */
    void held(long rows) {
        if (rows > rowsMax()) {
            shorten();
        } else if (rows < ROWS_MIN) {
            length = length.multipliedBy(FACTOR);
            length = length.compareTo(LONGEST) > 0 ? LONGEST : length;
        }
    }

    /** Whatever was in the last one, the next one is shorter. */
    void tookTooLong() {
        shorten();
    }

    private void shorten() {
        length = length.dividedBy(FACTOR).truncatedTo(ChronoUnit.MICROS);
        length = length.compareTo(SHORTEST) < 0 ? SHORTEST : length;
    }
}
