package dev.tallyhook.processing.model;

import dev.tallyhook.model.Search;
import dev.tallyhook.processing.model.State.Harm;
import dev.tallyhook.processing.model.Step.Event;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What came of trying all that can happen in a {@link ClaimProtocol}, in every order.
 *
 * @param harm the first that was found, at which the exploration ended
 * @param trace how it came to it, step by step
 * @param states how many were looked at
 * @param statesAtRest how many of those may stay as they are for ever
 * @param events what happened on the way to any of those
 */
record Exploration(Harm harm, List<Step> trace, int states, int statesAtRest, Set<Event> events) {

    static Exploration of(ClaimProtocol protocol) {
        var look = new Look();
        Search<State, Step> search = Search.of(protocol, look);
        List<Step> trace = look.harm == Harm.NONE ? List.of() : search.traceTo(look.last);
        return new Exploration(look.harm, trace, look.states, look.statesAtRest, look.events);
    }

    /** Goes on until it sees harm. */
    private static final class Look implements Search.Visitor<State, Step> {

        private final Set<Event> events = EnumSet.noneOf(Event.class);
        private Harm harm = Harm.NONE;
        private State last;
        private int states;
        private int statesAtRest;

        @Override
        public boolean visit(State state, List<Step> next) {
            boolean atRest = Step.isRest(next);
            states++;
            statesAtRest += atRest ? 1 : 0;
            harm = atRest ? state.harmAtRest() : state.harm();
            last = state;
            if (harm != Harm.NONE) {
                return false;
            }
            next.forEach(step -> events.add(step.event()));
            return true;
        }
    }

    /** The harm, a line for each step of the way to it, and what nobody has finished then. */
    @Override
    public String toString() {
        String steps = trace.stream().map(step -> "  " + step + "\n").collect(Collectors.joining());
        Rows left = trace.isEmpty()
                ? Rows.NONE
                : trace.get(trace.size() - 1).after().left();
        return "%s, found in %d states\n%s  rows left: %s".formatted(harm, states, steps, left);
    }
}
