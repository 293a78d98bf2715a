package dev.tallyhook.delivery;

import dev.tallyhook.delivery.Addresses.Answer;
import io.quarkus.logging.Log;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where hosts are, as far as they may be connected to. Nobody waits for a look-up on a thread that others need, and a name server that does
 * not answer holds up none but its own names: whoever asks for one name waits for the same look-up, a second one is tried when the first
 * takes too long, and names whose last look-up took too long have threads apart from those of all others.
 */
final class Names {

    /** Threads for names that are answered, and as many for those that are not. */
    static final int LANE_THREADS = 16;

    private static final int WAITING_MAX = 1024;
    private static final int LOOK_UPS_MAX = 2;
    private static final int REMEMBERED_MAX = 4096;

    /** A burst is one look-up; and a name that is moved is followed at once. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private record Known(Answer answer, long at, boolean always) {}

    /** All but {@code known} is guarded by itself. */
    private static final class Name {
        private final String host;
        private volatile @Nullable Known known;
        private final List<Consumer<Answer>> waiting = new ArrayList<>();
        private int lookUps;
        private long begunAt;
        private boolean slow;

        Name(String host) {
            this.host = host;
        }
    }

    private final Resolver resolver;
    private final Addresses addresses;
    private final long patienceNanos;
    private final LongSupplier nanoTime;
    private final Executor forPrompt = lane("name look-up");
    private final Executor forSlow = lane("slow name look-up");
    private final Map<String, Name> names = new ConcurrentHashMap<>();

    /**
     * Looks names up.
     *
     * @param patience a look-up that takes longer is tried once more beside
     */
    Names(Resolver resolver, Addresses addresses, Duration patience, LongSupplier nanoTime) {
        this.resolver = resolver;
        this.addresses = addresses;
        this.patienceNanos = patience.toNanos();
        this.nanoTime = nanoTime;
    }

    /** Threads that are there only while there is something to look up, and do not keep the service from ending. */
    private static Executor lane(String name) {
        var lane = new ThreadPoolExecutor(
                LANE_THREADS, LANE_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(WAITING_MAX), task -> {
                    var thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
        lane.allowCoreThreadTimeOut(true);
        return lane;
    }

    /**
     * Finds where it is.
     *
     * @param host as in a URL
     * @param then is called at once if it is known, else on another thread, once or, if the look-up never ends, never; must not block
     */
    void find(String host, Consumer<Answer> then) {
        Name name = named(host);
        long now = nanoTime.getAsLong();
        Known known = name.known;
        if (known != null && (known.always || now - known.at < FRESH_NANOS)) {
            then.accept(known.answer);
            return;
        }
        boolean slow;
        synchronized (name) {
            name.waiting.add(then);
            boolean late = name.lookUps > 0 && now - name.begunAt > patienceNanos;
            if (name.lookUps > 0 && (!late || name.lookUps == LOOK_UPS_MAX)) {
                return;
            }
            name.slow |= late;
            name.lookUps++;
            name.begunAt = now;
            slow = name.slow;
        }
        try {
            (slow ? forSlow : forPrompt).execute(() -> lookUp(name));
        } catch (RejectedExecutionException full) {
            end(name, Answer.failed(Outcome.TIMED_OUT, "too many names are being looked up"), name.slow);
        }
    }

    /** Who has asked does not want to know any more. */
    void leave(String host, Consumer<Answer> then) {
        Name name = names.get(host);
        if (name != null) {
            synchronized (name) {
                name.waiting.remove(then);
            }
        }
    }

    private Name named(String host) {
        Name name = names.get(host);
        if (name != null) {
            return name;
        }
        if (names.size() >= REMEMBERED_MAX) {
            names.values().removeIf(Names::isIdle);
        }
        return names.computeIfAbsent(host, this::newName);
    }

    private static boolean isIdle(Name name) {
        synchronized (name) {
            return name.lookUps == 0 && name.waiting.isEmpty();
        }
    }

    /** An address is no name, and there is nothing to look up. */
    private Name newName(String host) {
        var name = new Name(host);
        name.known = addresses
                .withoutLookUp(host)
                .map(answer -> new Known(answer, 0, true))
                .orElse(null);
        return name;
    }

    private void lookUp(Name name) {
        synchronized (name) {
            if (name.waiting.isEmpty()) {
                name.lookUps--;
                return;
            }
        }
        long began = nanoTime.getAsLong();
        Answer answer = ask(name.host);
        end(name, answer, nanoTime.getAsLong() - began > patienceNanos);
    }

    private void end(Name name, Answer answer, boolean slow) {
        List<Consumer<Answer>> waiting;
        synchronized (name) {
            name.lookUps--;
            name.slow = slow;
            if (!answer.isForTheMoment()) {
                name.known = new Known(answer, nanoTime.getAsLong(), false);
            }
            waiting = List.copyOf(name.waiting);
            name.waiting.clear();
        }
        waiting.forEach(then -> then.accept(answer));
    }

    private Answer ask(String host) {
        try {
            return addresses.judged(resolver.addresses(host));
        } catch (UnknownHostException unknown) {
            return Answer.failed(Outcome.UNKNOWN_HOST, "the name has no address");
        } catch (RuntimeException unforeseen) {
            Log.debug("A name could not be looked up", unforeseen);
            return Answer.failed(Outcome.UNKNOWN_HOST, "the name could not be looked up");
        }
    }
}
