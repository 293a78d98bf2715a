package dev.tallyhook.processing;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/** Counts what is finished, and shows whether the poller lives. */
@ApplicationScoped
public class ProcessingMetrics {

    private final MeterRegistry registry;
    private final Counter byPoller;
    private final Counter bySweep;
    private final Counter heartbeats;
    private final Counter pollerFailures;
    private final Counter sweepFailures;
    private final Counter notTraced;

    ProcessingMetrics(MeterRegistry registry) {
        this.registry = registry;
        byPoller = finishedBy("poller");
        bySweep = finishedBy("sweep");
        heartbeats = counter("tallyhook.poller.heartbeats", "Polls that succeeded");
        pollerFailures = counter("tallyhook.poller.failures", "Polls that failed");
        sweepFailures = counter("tallyhook.sweep.failures", "Sweeps that failed");
        notTraced = counter("tallyhook.finishes.not.traced", "Transactions finished that do not show in their trace");
    }

    private Counter finishedBy(String who) {
        return Counter.builder("tallyhook.transactions.finished")
                .description("Transactions finished, by the poller or by the sweep for what that left behind")
                .tag("by", who)
                .register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void showHeartbeatAge(LongSupplier nanos) {
        TimeGauge.builder("tallyhook.poller.heartbeat.age", nanos::getAsLong, TimeUnit.NANOSECONDS)
                .description("Since the last poll that succeeded")
                .register(registry);
    }

    <T> void show(String name, String description, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value).description(description).register(registry);
    }

    void finishedByPoller(int count) {
        byPoller.increment(count);
    }

    void finishedBySweep(int count) {
        bySweep.increment(count);
    }

    void heartbeat() {
        heartbeats.increment();
    }

    void pollFailed() {
        pollerFailures.increment();
    }

    void notTraced() {
        notTraced.increment();
    }

    void sweepFailed() {
        sweepFailures.increment();
    }
}
