package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Unmapped;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The event of a provider that sends one with each request, as a JSON object. */
final class OneEvent {

    private OneEvent() {}

    /** By the provider's rule; told apart by its bytes if they are not what the provider says that it sends. */
    static List<Event> of(Delivery delivery, Function<Json, Event> rule) {
        return List.of(only(delivery, rule));
    }

    /** The same, by itself. */
    static Event only(Delivery delivery, Function<Json, Event> rule) {
        return Json.object(delivery.body())
                .map(rule)
                .orElseGet(() -> Event.ofBytes(delivery.body(), Unmapped.UNREADABLE));
    }

    /** Of the identity that the provider gives it; by its bytes if there is none. */
    static Event identified(@Nullable String identity, Delivery delivery) {
        return identity == null ? Event.ofBytes(delivery.body(), Unmapped.NO_IDENTITY) : Event.of(identity);
    }
}
