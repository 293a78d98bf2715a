package dev.tallyhook.packaged;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Waits for what will be true, and says what was not. */
public final class Eventually {

    private static final Duration LOOK = Duration.ofMillis(25);

    private Eventually() {}

    public static void within(Duration patience, Callable<Boolean> truth, Supplier<String> otherwise) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!truth.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(otherwise.get());
            }
            Thread.sleep(LOOK.toMillis());
        }
    }
}
