package dev.tallyhook.delivery;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The event loops that messages are sent on, and which of them the next one is sent on. A connection belongs to a loop, so what goes to one
 * host stays on one while it is little: its connections are kept rather than made, and used without a hop between threads. What is more is
 * shared by all of them, because a loop alone has but one processor.
 */
final class Loops {

    /** Telling shares the event loops with the intake, and needs no more than these. */
    private static final int COUNT = 2;

    /** To one host at once: so many stay on its own loop, and so much is a difference between loops worth a hop. */
    private static final int FEW = 8;

    /** One of them, with connections of its own. */
    record Loop(int index, ContextInternal context, Clients clients) {}

    private final List<Loop> loops;

    /** What is under way to a host, by loops; a host that nothing is under way to is not there. */
    private final Map<String, int[]> underWay = new ConcurrentHashMap<>();

    Loops(Vertx vertx, Supplier<Clients> clients) {
        loops = Stream.iterate(0, index -> index + 1)
                .limit(COUNT)
                .map(index -> new Loop(index, ((VertxInternal) vertx).createEventLoopContext(), clients.get()))
                .toList();
    }

    List<Loop> each() {
        return loops;
    }

    /** For one attempt, which ends with {@link #leave}. */
    Loop take(String host) {
        Context here = Vertx.currentContext();
        var taken = new int[1];
        underWay.compute(host, (same, before) -> {
            int[] counts = before == null ? new int[COUNT] : before;
            taken[0] = next(host, counts, here);
            counts[taken[0]]++;
            return counts;
        });
        return loops.get(taken[0]);
    }

    private int next(String host, int[] counts, @Nullable Context here) {
        int home = Math.floorMod(host.hashCode(), COUNT);
        if (counts[home] < FEW) {
            return home;
        }
        int least = home;
        int current = -1;
        for (Loop loop : loops) {
            least = counts[loop.index()] < counts[least] ? loop.index() : least;
            current = loop.context() == here ? loop.index() : current;
        }
        return current >= 0 && counts[current] < counts[least] + FEW ? current : least;
    }

    /** The attempt is over. */
    void leave(String host, Loop loop) {
        underWay.computeIfPresent(host, (same, counts) -> {
            counts[loop.index()]--;
            return Arrays.stream(counts).allMatch(count -> count == 0) ? null : counts;
        });
    }
}
