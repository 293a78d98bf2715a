package dev.tallyhook.keeping;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Counts what goes, and shows whether that keeps up. */
@Startup // What alerts are made of is there before anything goes.
@ApplicationScoped
class KeepingMetrics {

    private final Map<String, Counter> gone = new HashMap<>();
    private final Counter failures;
    private volatile long behindSeconds;

    KeepingMetrics(MeterRegistry registry) {
        for (String kind :
                List.of(Keeping.TRANSACTIONS, Keeping.REQUESTS, Keeping.CONFLICTS, Keeping.DEAD_LETTERS, Keeping.IDS)) {
            gone.put(
                    kind,
                    Counter.builder("tallyhook.keeping.gone")
                            .description("What was deleted by this replica because it had been kept long enough")
                            .tag("kind", kind)
                            .register(registry));
        }
        failures = Counter.builder("tallyhook.keeping.failures")
                .description("Times that what was kept long enough could not be archived or deleted")
                .register(registry);
        TimeGauge.builder("tallyhook.keeping.behind", this, TimeUnit.SECONDS, metrics -> (double) metrics.behindSeconds)
                .description(
                        "Since the oldest transaction should have gone that this replica is to delete; 0 if it keeps up")
                .register(registry);
    }

    void gone(String kind, long number) {
        Objects.requireNonNull(gone.get(kind)).increment((double) number);
    }

    void failed() {
        failures.increment();
    }

    void behind(Duration overstayed) {
        behindSeconds = overstayed.toSeconds();
    }
}
