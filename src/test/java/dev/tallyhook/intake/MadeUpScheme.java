package dev.tallyhook.intake;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Verdict;
import java.util.List;
import java.util.function.Function;

/** A scheme of which only what is made of a delivery matters. */
record MadeUpScheme(Function<Delivery, List<Event>> rule, List<String> headersToKeep) implements Scheme {

    @Override
    public Verdict verify(Delivery delivery) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return rule.apply(delivery);
    }
}
