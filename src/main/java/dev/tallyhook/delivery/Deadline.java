package dev.tallyhook.delivery;

import io.vertx.core.Vertx;

/** One timer at a time, on the event loop that sets it. */
final class Deadline {

    private static final long NONE = -1;

    private final Vertx vertx;
    private long timer = NONE;

    Deadline(Vertx vertx) {
        this.vertx = vertx;
    }

    /** In place of what was set before. */
    void set(long millis, Runnable tooLate) {
        cancel();
        timer = vertx.setTimer(Math.max(1, millis), fired -> {
            timer = NONE;
            tooLate.run();
        });
    }

    void cancel() {
        if (timer != NONE) {
            vertx.cancelTimer(timer);
            timer = NONE;
        }
    }
}
