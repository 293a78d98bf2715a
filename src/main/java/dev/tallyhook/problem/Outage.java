package dev.tallyhook.problem;

import io.quarkus.logging.Log;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Tells in the log that readers are answered 503, once in a while and not once a request. */
final class Outage {

    private static final Duration PERIOD = Duration.ofSeconds(10);

    private final AtomicLong toldNanos = new AtomicLong(System.nanoTime() - PERIOD.toNanos());
    private final AtomicLong untold = new AtomicLong();

    void tell(Throwable failure) {
        long now = System.nanoTime();
        long told = toldNanos.get();
        untold.incrementAndGet();
        if (now - told >= PERIOD.toNanos() && toldNanos.compareAndSet(told, now)) {
            Log.warnf(
                    "The database cannot be read; readers are answered 503, %d since this was told last: %s",
                    untold.getAndSet(0), DatabaseFailure.reason(failure));
        }
    }
}
