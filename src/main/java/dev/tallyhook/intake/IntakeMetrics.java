package dev.tallyhook.intake;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** Counts what comes in. Every outcome is there from the start, so that a rate begins at 0 and not at nothing. */
@Singleton
public class IntakeMetrics {

    private static final Duration[] ACCEPT_BUCKETS = millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000);
    private static final Duration[] GROUP_BUCKETS = millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000);
    private static final double[] GROUP_SIZES = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000};

    private final MeterRegistry registry;
    private final Map<Outcome, Counter> webhooks = new EnumMap<>(Outcome.class);
    private final Timer accept;
    private final DistributionSummary groupSize;
    private final Timer groupDuration;
    private final Counter retries;

    IntakeMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Outcome outcome : Outcome.values()) {
            webhooks.put(
                    outcome,
                    Counter.builder("tallyhook.webhooks")
                            .description("Webhooks answered, by what they were answered with")
                            .tag("outcome", outcome.label())
                            .register(registry));
        }
        accept = Timer.builder("tallyhook.accept.duration")
                .description("From a webhook's head to its answer 202")
                .serviceLevelObjectives(ACCEPT_BUCKETS)
                .register(registry);
        groupSize = DistributionSummary.builder("tallyhook.group")
                .baseUnit("webhooks")
                .description("Webhooks that shared a commit")
                .serviceLevelObjectives(GROUP_SIZES)
                .register(registry);
        groupDuration = Timer.builder("tallyhook.group.duration")
                .description("Writing a group and committing it")
                .serviceLevelObjectives(GROUP_BUCKETS)
                .register(registry);
        retries = Counter.builder("tallyhook.group.retries")
                .description("Groups to be written again, because the database failed in a way that may pass")
                .register(registry);
    }

    private static Duration[] millis(long... bounds) {
        Duration[] durations = new Duration[bounds.length];
        for (int i = 0; i < bounds.length; i++) {
            durations[i] = Duration.ofMillis(bounds[i]);
        }
        return durations;
    }

    void show(IntSupplier gathering, IntSupplier committing, IntSupplier away) {
        Gauge.builder("tallyhook.webhooks.gathering", gathering::getAsInt)
                .description("Webhooks that wait for the next commit")
                .register(registry);
        Gauge.builder("tallyhook.webhooks.committing", committing::getAsInt)
                .description("Webhooks whose commit is under way")
                .register(registry);
        Gauge.builder("tallyhook.nodes.away", away::getAsInt)
                .description("Servers of a distributed ledger that take no webhooks, as this replica finds")
                .register(registry);
    }

    /**
     * Counts a webhook that is answered 202.
     *
     * @param since when its head came, in nanoseconds of the monotonic clock
     */
    void accepted(Outcome outcome, long since) {
        counter(outcome).increment();
        accept.record(System.nanoTime() - since, TimeUnit.NANOSECONDS);
    }

    /** Counts one that contradicts what is stored, and whose sender takes no 409. */
    void conflicting() {
        counter(Outcome.CONFLICTING).increment();
    }

    /** Counts a webhook that is answered with a problem. */
    void refused(Throwable why) {
        counter(Outcome.of(why)).increment();
    }

    /** Tells of a group that was written and committed. */
    void committed(int size, long nanos) {
        groupSize.record(size);
        groupDuration.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Tells of a group that is written again. */
    void retried() {
        retries.increment();
    }

    /** How many webhooks this replica has answered so since its start. */
    public long count(Outcome outcome) {
        return (long) counter(outcome).count();
    }

    private Counter counter(Outcome outcome) {
        return Objects.requireNonNull(webhooks.get(outcome));
    }
}
