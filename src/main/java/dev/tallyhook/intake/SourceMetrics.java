package dev.tallyhook.intake;

import dev.tallyhook.source.Source;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Locale;

/** Counts what named senders post: requests together with the built-in source's, and events by source. */
@ApplicationScoped
class SourceMetrics {

    private final MeterRegistry registry;
    private final IntakeMetrics all;

    SourceMetrics(MeterRegistry registry, IntakeMetrics all) {
        this.registry = registry;
        this.all = all;
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
            event(source, receipt == Receipt.CONFLICTING_AGAIN ? Receipt.CONFLICTING.name() : receipt.name());
            EventRow event = webhooks.get(i).event();
            if (receipt == Receipt.ACCEPTED && event != null && event.unmapped() != null) {
                Counter.builder("tallyhook.events.unmapped")
                        .description("Events that were stored and could not be mapped in full, by source and reason")
                        .tag("source", source.name())
                        .tag("reason", event.unmapped())
                        .register(registry)
                        .increment();
            }
        }
    }

    /** A delivery is answered with a problem. */
    void refused(Source source, Throwable why) {
        all.refused(why);
        event(source, Outcome.of(why).name());
    }

    private void event(Source source, String outcome) {
        Counter.builder("tallyhook.source.events")
                .description("Events of named senders, by what became of them; a request that is refused counts as one")
                .tag("source", source.name())
                .tag("outcome", outcome.toLowerCase(Locale.ROOT))
                .register(registry)
                .increment();
    }
}
