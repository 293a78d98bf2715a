package dev.tallyhook.schedule;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * All that is done again and again. The schedule drives it, but it compares times of the wall clock: set back by ten minutes, it starts
 * nothing for ten minutes. So a watch on the monotonic clock starts what the schedule has not, on threads of its own.
 */
@ApplicationScoped
public class Ticks {

    /** The schedule looks at its triggers once a second, so no task comes more often, whatever its period. */
    private static final Duration PERIOD_MIN = Duration.ofSeconds(1);

    /** How often the watch looks. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** A watch that comes so late has not run, as when the process was paused, and neither has the schedule. */
    private static final Duration PAUSED_MIN = Duration.ofSeconds(1);

    /** What finishes rows may be so quiet: longer than a sweep's statement and its socket may take, which is 61 s. */
    private static final Duration QUIET_MAX = Duration.ofSeconds(90);

    /** So long at most what finishes rows may fail each time; as long as the poller may be without a success. */
    private static final Duration FAILING_MAX = Duration.ofSeconds(10);

    /** After this no timeout is going to end it, and only a restart helps. */
    private static final Duration HANGING_MAX = Duration.ofMinutes(5);

    private final MeterRegistry registry;
    private final LongSupplier clock;
    private final List<Tick> all = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService watch =
            Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "schedule-watch"));

    /** As many at most as there are ticks, and one more for each that overlaps. */
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> daemon(task, "schedule-late"));

    private long lookedNanos;
    private long awakeNanos;
    private boolean scheduleIsSilent;
    private boolean blind;

    @Inject
    Ticks(MeterRegistry registry) {
        this(registry, System::nanoTime);
    }

    Ticks(MeterRegistry registry, LongSupplier clock) {
        this.registry = registry;
        this.clock = clock;
        lookedNanos = clock.getAsLong();
        awakeNanos = lookedNanos;
    }

    private static Thread daemon(Runnable task, String name) {
        var thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Something new to be done again and again, from now on.
     *
     * @param name in the log, and as a label of metrics
     * @param period that of the schedule
     */
    public Tick every(Duration period, String name, Tick.Task task, Tick.Trait... traits) {
        Counter failures = Counter.builder("tallyhook.tick.failures")
                .description("Times that a scheduled task failed in a way that nobody expects")
                .tag("tick", name)
                .register(registry);
        Duration real = period.compareTo(PERIOD_MIN) < 0 ? PERIOD_MIN : period;
        var tick = new Tick(name, real, task, Set.copyOf(Arrays.asList(traits)), failures::increment, clock);
        TimeGauge.builder("tallyhook.tick.quiet", tick::quietNanos, TimeUnit.NANOSECONDS)
                .description("Since a scheduled task last came or got on")
                .tag("tick", name)
                .register(registry);
        late(tick); // There from the start, so that a rate begins at 0.
        all.add(tick);
        return tick;
    }

    /** For so long from now on those of that kind are left out. */
    public void rest(Tick.Trait kind, Duration duration) {
        all.stream().filter(tick -> tick.has(kind)).forEach(tick -> tick.rest(duration));
    }

    private Counter late(Tick tick) {
        return Counter.builder("tallyhook.tick.late")
                .description("Times that the schedule did not start a task, and the watch did")
                .tag("tick", tick.name())
                .register(registry);
    }

    /** After everybody else: until all have started, the schedule starts nothing either. A command has none, and nothing to watch over. */
    void start(
            @Observes @Priority(Integer.MAX_VALUE) StartupEvent event,
            @ConfigProperty(name = "quarkus.scheduler.enabled", defaultValue = "true") boolean scheduled) {
        if (!scheduled) {
            return;
        }
        awakeNanos = clock.getAsLong();
        lookedNanos = awakeNanos;
        var unused = watch.scheduleAtFixedRate(this::look, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whatever goes wrong in here, the next look must come, and one that throws would be the last. */
    void look() {
        try {
            rescue();
            blind = false;
        } catch (Throwable failure) {
            tellBlind(failure);
        }
    }

    private void tellBlind(Throwable failure) {
        try {
            if (!blind) {
                blind = true;
                Log.error("The watch over the schedule failed; it looks again", failure);
            }
        } catch (Throwable another) {
            blind = false; // Without memory not even this can be told; the next look tries.
        }
    }

    private void rescue() {
        long now = clock.getAsLong();
        if (now - lookedNanos > PAUSED_MIN.toNanos()) {
            awakeNanos = now;
        }
        lookedNanos = now;
        for (Tick tick : all) {
            if (tick.isOverdue(awakeNanos)) {
                late(tick).increment();
                tellSilence(tick);
                workers.execute(tick::comeUnscheduled);
            }
        }
        if (scheduleIsSilent && all.stream().noneMatch(Tick::isRescued)) {
            scheduleIsSilent = false;
            Log.info("The schedule ticks again");
        }
    }

    private void tellSilence(Tick tick) {
        tick.rescue();
        if (!scheduleIsSilent) {
            scheduleIsSilent = true;
            Log.warnf(
                    "The schedule does not tick (\"%s\" should have come): was this machine's clock set back, or are all"
                            + " threads busy? What it should start is started by the monotonic clock until it does",
                    tick.name());
        }
    }

    /**
     * Whether what finishes rows hangs or does not come (for over 90 s, because a sweep may take 60 s), or fails each time for another
     * reason than the database (for over 10 s).
     */
    public boolean areStalled() {
        return all.stream()
                .filter(Tick::finishesRows)
                .anyMatch(
                        tick -> tick.quietNanos() > QUIET_MAX.toNanos() || tick.failingNanos() > FAILING_MAX.toNanos());
    }

    /** Whether what finishes rows has hung, or not come, for over 5 minutes, so that only a restart helps. */
    public boolean hang() {
        return all.stream().filter(Tick::finishesRows).anyMatch(tick -> tick.quietNanos() > HANGING_MAX.toNanos());
    }

    /** What comes from here on is left out. */
    void stop(@Observes @Priority(1) ShutdownEvent event) {
        all.forEach(Tick::stop);
        watch.shutdownNow();
        workers.shutdown();
    }
}
