package dev.tallyhook.delivery;

import dev.tallyhook.problem.ProblemException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/** Who may send a test message now: they are for people, and nobody is to be flooded by them. */
final class TestTurns {

    /** Of one endpoint. */
    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Of all endpoints at once. */
    private static final int UNDER_WAY_MAX = 16;

    private final LongSupplier clock;
    private final Map<String, Long> begunNanos = new HashMap<>();
    private int underWay;

    /** @param clock in nanoseconds, as {@link System#nanoTime} */
    TestTurns(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Begins one.
     *
     * @return ends it; once is enough
     * @throws ProblemException 429 if the endpoint had one in the last second, or too many are under way
     */
    synchronized Runnable begin(String endpointId) {
        long now = clock.getAsLong();
        begunNanos.values().removeIf(begun -> now - begun >= PERIOD.toNanos());
        if (begunNanos.containsKey(endpointId)) {
            throw ProblemException.tooManyRequests("An endpoint is sent one test message a second; try again");
        }
        if (underWay >= UNDER_WAY_MAX) {
            throw ProblemException.tooManyRequests("Too many test messages are under way; try again");
        }
        begunNanos.put(endpointId, now);
        underWay++;
        var ended = new AtomicBoolean();
        return () -> {
            if (ended.compareAndSet(false, true)) {
                end();
            }
        };
    }

    private synchronized void end() {
        underWay--;
    }
}
