package dev.tallyhook.delivery;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * Leaves an endpoint alone that only fails: it opens, lets one attempt through after a rest, and closes when that succeeds. Not for
 * more than one thread at a time.
 */
final class Circuit {

    /** So many failures in a row open it. */
    private static final int IN_A_ROW = 5;

    /** So many attempts within a minute are enough to judge by. */
    private static final int JUDGED_MIN = 20;

    /** Of them so many in a hundred must fail. */
    private static final int PERCENT = 80;

    private static final Duration WINDOW = Duration.ofMinutes(1);

    /** Before the first attempt that is let through, before the second, and so on; the last stays. */
    private static final List<Duration> RESTS = List.of(
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofMinutes(5));

    private final LongSupplier nanos;
    private int row;
    private int tried;
    private int failed;
    private long windowNanos;

    /** How many rests there were since it was closed; 0 if it is. */
    private int opened;

    private long restUntilNanos;

    /** What it asked for, which no success of an attempt that began before ends. */
    private long askedUntilNanos;

    /**
     * Closed.
     *
     * @param nanos the monotonic clock
     */
    Circuit(LongSupplier nanos) {
        this.nanos = nanos;
        windowNanos = nanos.getAsLong();
        restUntilNanos = windowNanos;
        askedUntilNanos = windowNanos;
    }

    void succeeded() {
        if (opened > 0) {
            startOver();
        }
        row = 0;
        count(false);
    }

    void failed() {
        row++;
        count(true);
        boolean mostly = tried >= JUDGED_MIN && failed * 100 >= tried * PERCENT;
        if (opened > 0 ? !isResting() : row >= IN_A_ROW || mostly) {
            rest(longer(RESTS.get(Math.min(opened, RESTS.size() - 1))));
            opened++;
        }
    }

    private void count(boolean failure) {
        long now = nanos.getAsLong();
        if (now - windowNanos > WINDOW.toNanos()) {
            windowNanos = now;
            tried = 0;
            failed = 0;
        }
        tried++;
        failed += failure ? 1 : 0;
    }

    /** Replicas that rest together do not come back together. */
    private static Duration longer(Duration rest) {
        return rest.plusMillis(ThreadLocalRandom.current().nextLong(rest.toMillis() / 5));
    }

    /** Leaves it alone for so long, as it has asked for, whatever it has done. */
    void restAsAsked(Duration rest) {
        askedUntilNanos = later(askedUntilNanos, rest);
    }

    /** Leaves it alone for so long; if it is open, until it is seen to be well. */
    void rest(Duration rest) {
        restUntilNanos = later(restUntilNanos, rest);
    }

    private long later(long untilNanos, Duration rest) {
        long until = nanos.getAsLong() + rest.toNanos();
        return until - untilNanos > 0 ? until : untilNanos;
    }

    /** How long it is still left alone; zero if it is not. */
    Duration resting() {
        long now = nanos.getAsLong();
        return Duration.ofNanos(Math.max(Math.max(restUntilNanos - now, askedUntilNanos - now), 0));
    }

    boolean isResting() {
        return !resting().isZero();
    }

    boolean isOpen() {
        return opened > 0;
    }

    /** An operator says that it may be tried again. */
    void close() {
        startOver();
        askedUntilNanos = nanos.getAsLong();
    }

    private void startOver() {
        row = 0;
        tried = 0;
        failed = 0;
        opened = 0;
        restUntilNanos = nanos.getAsLong();
    }
}
