package dev.tallyhook.intake;

import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.source.Unmapped;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts what named senders post: requests together with the built-in source's, and events by source. */
@Startup
@Singleton
public class SourceMetrics {

    private final MeterRegistry registry;
    private final IntakeMetrics all;

    /** Of one counter; there are as many as sources and outcomes or reasons, both of which are few. */
    private record Labels(String source, String value) {}

    private record Came(String source, Outcome outcome) {}

    private final Map<Came, Counter> events = new ConcurrentHashMap<>();
    private final Map<Labels, Counter> unmapped = new ConcurrentHashMap<>();

    SourceMetrics(MeterRegistry registry, IntakeMetrics all, Sources sources) {
        this.registry = registry;
        this.all = all;
        for (Source source : sources.all()) {
            for (Unmapped reason : Unmapped.values()) {
                unmapped(source.name(), reason.code()); // There from the start, so that the first one is an increase.
            }
        }
    }

    /** A delivery is answered with success, which tells what became of each of its events. */
    void answered(Source source, List<Webhook> webhooks, List<Receipt> receipts, long since) {
        Outcome outcome = receipts.contains(Receipt.ACCEPTED)
                ? Outcome.ACCEPTED
                : receipts.contains(Receipt.REPLAYED) ? Outcome.REPLAYED : Outcome.CONFLICTING;
        if (outcome == Outcome.CONFLICTING) {
            all.conflicting();
        } else {
            all.accepted(outcome, since);
        }
        for (int i = 0; i < receipts.size(); i++) {
            Receipt receipt = receipts.get(i);
            event(source, outcome(receipt));
            EventRow event = webhooks.get(i).event();
            if (receipt == Receipt.ACCEPTED && event != null && event.unmapped() != null) {
                unmapped(source.name(), event.unmapped()).increment();
            }
        }
    }

    /** A delivery is answered with a problem. */
    void refused(Source source, Throwable why) {
        all.refused(why);
        event(source, Outcome.of(why));
    }

    private static Outcome outcome(Receipt receipt) {
        return switch (receipt) {
            case ACCEPTED -> Outcome.ACCEPTED;
            case REPLAYED -> Outcome.REPLAYED;
            case CONFLICTING, CONFLICTING_AGAIN -> Outcome.CONFLICTING;
        };
    }

    /** How many events of a source came to that since this replica was started; a request that was refused counts as one. */
    public long count(String source, Outcome outcome) {
        Counter counted = events.get(new Came(source, outcome));
        return counted == null ? 0 : Math.round(counted.count());
    }

    /** How many events of a source were stored by this replica and could not be mapped in full. */
    public long unmapped(String source) {
        double sum = 0;
        for (Unmapped reason : Unmapped.values()) {
            sum += unmapped(source, reason.code()).count();
        }
        return Math.round(sum);
    }

    private void event(Source source, Outcome outcome) {
        events.computeIfAbsent(new Came(source.name(), outcome), this::events).increment();
    }

    private Counter events(Came came) {
        return Counter.builder("tallyhook.source.events")
                .description("Events of named senders, by what became of them; a request that is refused counts as one")
                .tag("source", came.source())
                .tag("outcome", came.outcome().label())
                .register(registry);
    }

    private Counter unmapped(String source, String reason) {
        return unmapped.computeIfAbsent(new Labels(source, reason), this::unmapped);
    }

    private Counter unmapped(Labels labels) {
        return Counter.builder("tallyhook.events.unmapped")
                .description("Events that were stored and could not be mapped in full, by source and reason")
                .tag("source", labels.source())
                .tag("reason", labels.value())
                .register(registry);
    }
}
