package dev.tallyhook.processing.model;

import dev.tallyhook.processing.model.State.Harm;
import dev.tallyhook.processing.model.Step.Event;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What came of trying all that can happen in a {@link ClaimProtocol}, in every order. It is tried breadth first, so
 * that the way to the harm that is found is a short one.
 *
 * @param harm the first that was found, at which the exploration ended
 * @param trace how it came to it, step by step
 * @param states how many were looked at
 * @param statesAtRest how many of those may stay as they are for ever
 * @param events what happened on the way to any of those
 */
record Exploration(Harm harm, List<Step> trace, int states, int statesAtRest, Set<Event> events) {

    /** A little more than the protocol has: a model that has grown should be noticed before it takes all memory. */
    private static final int STATES_MAX = 1_000_000;

    static Exploration of(ClaimProtocol protocol) {
        int states = 0;
        int statesAtRest = 0;
        Set<Event> events = EnumSet.noneOf(Event.class);
        State start = protocol.start();
        Map<State, State> cameFrom = new HashMap<>(Map.of(start, start));
        Queue<State> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            State state = open.remove();
            List<Step> next = protocol.next(state);
            boolean atRest = Step.isRest(next);
            states++;
            statesAtRest += atRest ? 1 : 0;
            Harm harm = atRest ? state.harmAtRest() : state.harm();
            if (harm != Harm.NONE) {
                return new Exploration(harm, trace(protocol, cameFrom, state), states, statesAtRest, events);
            }
            for (Step step : next) {
                events.add(step.event());
                State after = step.after();
                if (!cameFrom.containsKey(after) && !cameFrom.containsKey(after.mirrored())) {
                    cameFrom.put(after, state);
                    open.add(after);
                }
            }
            if (cameFrom.size() > STATES_MAX) {
                throw new IllegalStateException("More than " + STATES_MAX + " states");
            }
        }
        return new Exploration(Harm.NONE, List.of(), states, statesAtRest, events);
    }

    private static List<Step> trace(ClaimProtocol protocol, Map<State, State> cameFrom, State last) {
        Deque<Step> trace = new ArrayDeque<>();
        State after = last;
        while (!after.equals(protocol.start())) {
            State before = cameFrom.get(after);
            for (Step step : protocol.next(before)) {
                if (step.after().equals(after)) {
                    trace.addFirst(step);
                    break;
                }
            }
            after = before;
        }
        return List.copyOf(trace);
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
