package dev.tallyhook.intake;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.transaction.Identifier;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes of what a signed delivery tells what the ledger keeps. */
final class SourceWebhooks {

    /** More than any provider puts into one call, which is 250. */
    private static final int EVENTS_MAX = 1_000;

    private static final Instant TIME_MIN = Instant.parse("1970-01-01T00:00:00Z");
    private static final Instant TIME_MAX = Instant.parse("9999-12-31T23:59:59Z");

    private SourceWebhooks() {}

    /** One for each event, in their order. */
    static List<Webhook> of(Source source, Delivery delivery, @Nullable String traceparent) {
        List<Event> events = source.scheme().events(delivery);
        if (events.isEmpty() || events.size() > EVENTS_MAX) {
            events = List.of(Event.ofBytes(delivery.body(), Unmapped.UNREADABLE));
        }
        RawDelivery raw = RawDelivery.of(delivery, source.scheme());
        return events.stream()
                .map(event -> webhook(source, event, raw, traceparent))
                .toList();
    }

    /** An event as its rows have it. */
    static Webhook webhook(Source source, Event event, RawDelivery raw, @Nullable String traceparent) {
        Event fit = requireFit(event);
        var money = Optional.ofNullable(fit.money());
        return new Webhook(
                transactionId(source, fit.identity()),
                fit.sourceAccount(),
                fit.destinationAccount(),
                money.map(of -> of.amount()).orElse(null),
                money.map(of -> of.currency()).orElse(null),
                traceparent,
                new EventRow(
                        source.name(),
                        fit.type(),
                        fit.subject(),
                        fit.occurredAt(),
                        fit.unmapped() == null ? null : fit.unmapped().code(),
                        fit.money(),
                        raw));
    }

    /** An identity that is no {@link Identifier}, or is too long to be one behind the source's name, is told apart by its digest. */
    private static String transactionId(Source source, String identity) {
        String id = source.prefix() + identity;
        return Identifier.violationAsId(id) == null ? id : source.prefix() + Event.digest(identity);
    }

    /** What the ledger cannot hold is left out, and the event says so: its bytes have it. */
    private static Event requireFit(Event event) {
        boolean fits = fits(event.type())
                && fits(event.subject())
                && fits(event.sourceAccount())
                && fits(event.destinationAccount());
        Instant at = event.occurredAt();
        Event fit = event.ofType(orNull(event.type()))
                .about(orNull(event.subject()))
                .from(orNull(event.sourceAccount()))
                .to(orNull(event.destinationAccount()))
                .at(at == null || at.isBefore(TIME_MIN) || at.isAfter(TIME_MAX) ? null : at);
        return fits ? fit : fit.because(Unmapped.MALFORMED_ACCOUNT);
    }

    private static @Nullable String orNull(@Nullable String text) {
        return fits(text) ? text : null;
    }

    private static boolean fits(@Nullable String text) {
        return text == null || Identifier.violation(text) == null;
    }
}
