package dev.tallyhook.endpoint;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What this replica knows of endpoints, by a look at the table each second. */
@Singleton
public class Directory {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** So long after a look began others may have made what it has not seen, and only then they may count on being told. */
    private static final Duration KNOWN_FOR = Duration.ofSeconds(2);

    /** As it was seen last. */
    private record Seen(
            List<Endpoint> all, Map<String, Endpoint> byId, Set<EventKind> wanted, long begunNanos, boolean ever) {

        static Seen of(Collection<Endpoint> endpoints, long begunNanos) {
            Set<EventKind> wanted = EnumSet.noneOf(EventKind.class);
            endpoints.stream()
                    .filter(endpoint -> endpoint.state() != EndpointState.DISABLED)
                    .forEach(endpoint -> wanted.addAll(endpoint.events()));
            return new Seen(
                    List.copyOf(endpoints),
                    endpoints.stream().collect(Collectors.toUnmodifiableMap(Endpoint::id, Function.identity())),
                    wanted,
                    begunNanos,
                    true);
        }
    }

    private final DirectoryLook look;
    private final Tick tick;

    /** Looks outside the schedule, one after the other: one that waits begins after whatever is done before it is asked for. */
    private final ThreadPoolExecutor looks = new ThreadPoolExecutor(
            0,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(1),
            task -> new Thread(task, "directory"),
            new ThreadPoolExecutor.DiscardPolicy());

    /** What a look says that began before is not relied on. */
    private final AtomicLong notBeforeNanos = new AtomicLong(System.nanoTime());

    private volatile Seen seen = new Seen(List.of(), Map.of(), Set.of(), System.nanoTime(), false);
    private boolean failing;

    Directory(
            @DataSource("delivery") javax.sql.DataSource dataSource,
            ConfiguredEndpoints configured,
            Secrets secrets,
            Ticks ticks) {
        this.look = new DirectoryLook(dataSource, configured, secrets);
        this.tick = ticks.every(PERIOD, "directory", this::look);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** All endpoints, whatever their state, in the order of their ids; as of the last look, which may be long ago. */
    public List<Endpoint> all() {
        return seen.all;
    }

    /** The one with this id, as of the last look. */
    public Optional<Endpoint> find(String id) {
        return Optional.ofNullable(seen.byId.get(id));
    }

    /** The one with this id, as it is now: this looks, and waits for it. */
    public Optional<Endpoint> findNow(String id) {
        look();
        return find(id);
    }

    /**
     * Whether anybody may want this kind of event: true unless a look that began 2 s ago at most found nobody who does, enabled or
     * paused. Cheap enough for every statement.
     */
    public boolean wants(EventKind kind) {
        Seen now = seen;
        return !isKnown(now) || now.wanted.contains(kind);
    }

    private boolean isKnown(Seen now) {
        return now.ever
                && System.nanoTime() - now.begunNanos <= KNOWN_FOR.toNanos()
                && now.begunNanos - notBeforeNanos.get() >= 0;
    }

    /** Something was changed by this replica: from here on everything is wanted, until a look says otherwise, which begins soon. */
    public void lookNow() {
        long now = System.nanoTime();
        notBeforeNanos.accumulateAndGet(now, (before, after) -> after - before > 0 ? after : before);
        looks.execute(this::look);
    }

    /** One at a time, so that an older one never replaces a newer one. */
    private synchronized void look() {
        long begunNanos = System.nanoTime();
        try {
            seen = Seen.of(look.endpoints(), begunNanos);
            if (failing) {
                failing = false;
                Log.info("The table of endpoints is read again");
            }
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf(
                        "The table of endpoints cannot be read, and what is known of it grows old; it is tried each second: %s",
                        DatabaseFailure.reason(failure));
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        looks.shutdownNow();
    }
}
