package dev.tallyhook.delivery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** Counts what endpoints are told. No label names an endpoint: there may be any number of them. */
@Singleton
class DeliveryMetrics {

    private final MeterRegistry registry;
    private final Map<Outcome, Counter> attempts = new EnumMap<>(Outcome.class);
    private final Timer lateness;
    private final Counter deadLetters;
    private final Counter returned;
    private final Counter opened;
    private final Counter disabled;
    private final Counter failures;

    DeliveryMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Outcome outcome : Outcome.values()) {
            attempts.put(
                    outcome,
                    Counter.builder("tallyhook.delivery.attempts")
                            .description("Attempts to tell an endpoint, by what came of them")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        lateness = Timer.builder("tallyhook.delivery.lateness")
                .description(
                        "From when a transaction was finished to when an endpoint acknowledged it, at the first attempt")
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(5))
                .register(registry);
        deadLetters = counter("tallyhook.delivery.dead.letters", "Messages that were given up");
        returned = counter("tallyhook.delivery.returned", "Messages that were claimed and given back untried");
        opened = counter("tallyhook.delivery.circuits.opened", "Times that an endpoint that only fails was left alone");
        disabled =
                counter("tallyhook.delivery.endpoints.disabled", "Endpoints that were switched off because they fail");
        failures = counter("tallyhook.delivery.failures", "Times that the queue could not be read or written");
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void show(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    void attempted(Attempt attempt) {
        Objects.requireNonNull(attempts.get(attempt.outcome())).increment();
    }

    /** Told at once if it seems to be told before it was finished: then the database's clock was set back meanwhile. */
    void acknowledged(Duration late) {
        lateness.record(late.isNegative() ? Duration.ZERO : late);
    }

    void gaveUp(int messages) {
        deadLetters.increment(messages);
    }

    void gaveBack(int messages) {
        returned.increment(messages);
    }

    void opened() {
        opened.increment();
    }

    void disabled() {
        disabled.increment();
    }

    void failed() {
        failures.increment();
    }
}
