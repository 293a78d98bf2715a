package dev.tallyhook.delivery;

import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.impl.ContextInternal;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One timer at a time, set, cancelled and come to its end on the event loop of a context. It is Netty's, which costs less than Vert.x'
 * own, because each message sets one.
 */
final class Deadline {

    private final ContextInternal context;
    private @Nullable ScheduledFuture<?> timer;

    Deadline(ContextInternal context) {
        this.context = context;
    }

    /** In place of what was set before. */
    void set(long millis, Runnable tooLate) {
        cancel();
        timer = context.nettyEventLoop()
                .schedule(() -> context.emit(fired -> tooLate.run()), Math.max(1, millis), TimeUnit.MILLISECONDS);
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
