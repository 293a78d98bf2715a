package dev.tallyhook.delivery.model;

import dev.tallyhook.delivery.model.State.Endpoint;
import dev.tallyhook.delivery.model.State.Harm;
import dev.tallyhook.delivery.model.Step.Event;
import dev.tallyhook.model.Search;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What came of trying all that can happen in a {@link TellingProtocol}, in every order, and then of looking for states from which
 * nothing leads on.
 *
 * @param harm the first that was found
 * @param trace how it came to it, step by step
 * @param states how many were looked at
 * @param events what happened on the way to any of those
 */
record Exploration(Harm harm, List<Step> trace, int states, Set<Event> events) {

    static Exploration of(TellingProtocol protocol) {
        var look = new Look();
        Search<State, Step> search = Search.of(protocol, look);
        if (look.harmed != null) {
            return look.found(look.harmed.harm(), search.traceTo(look.harmed));
        }
        Optional<State> stuck = search.withoutWayTo(State::isDone, Step::isReliable);
        return stuck.map(state -> look.found(
                        state.endpoint() == Endpoint.DELETED ? Harm.LEFT_BEHIND : Harm.NEVER_TOLD,
                        search.traceTo(state)))
                .orElseGet(() -> look.found(Harm.NONE, List.of()));
    }

    /** Goes on until it sees harm. */
    private static final class Look implements Search.Visitor<State, Step> {

        private final Set<Event> events = EnumSet.noneOf(Event.class);
        private State harmed;
        private int states;

        @Override
        public boolean visit(State state, List<Step> next) {
            states++;
            if (state.harm() != Harm.NONE) {
                harmed = state;
                return false;
            }
            next.forEach(step -> events.add(step.event()));
            return true;
        }

        Exploration found(Harm harm, List<Step> trace) {
            return new Exploration(harm, trace, states, events);
        }
    }

    /** The harm, and a line for each step of the way to it. */
    @Override
    public String toString() {
        String steps = trace.stream().map(step -> "  " + step + "\n").collect(Collectors.joining());
        return "%s, found in %d states\n%s".formatted(harm, states, steps);
    }
}
