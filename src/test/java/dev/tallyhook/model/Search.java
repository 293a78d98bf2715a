package dev.tallyhook.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Predicate;

/**
 * All states that a {@link Protocol} can come to, in whatever order things happen. They are tried breadth first, so that the way to one
 * that is found is a short one.
 */
public final class Search<S, T extends Protocol.Happening<S>> {

    /** A little more than the protocols have: a model that has grown should be noticed before it takes all memory. */
    private static final int STATES_MAX = 1_000_000;

    private final Protocol<S, T> protocol;

    /** Of two that are mirrored, the one that was found first. */
    private final Map<S, S> cameFrom = new LinkedHashMap<>();

    private Search(Protocol<S, T> protocol) {
        this.protocol = protocol;
    }

    /** Looks at each state once. */
    public interface Visitor<S, T> {
        /**
         * Looks at one.
         *
         * @param next all that can happen then
         * @return whether to go on
         */
        boolean visit(S state, List<T> next);
    }

    /** Searches until there is nothing new, or the visitor has seen enough. */
    public static <S, T extends Protocol.Happening<S>> Search<S, T> of(Protocol<S, T> protocol, Visitor<S, T> visitor) {
        var search = new Search<S, T>(protocol);
        search.run(visitor);
        return search;
    }

    private void run(Visitor<S, T> visitor) {
        S start = protocol.start();
        cameFrom.put(start, start);
        Queue<S> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            S state = open.remove();
            List<T> next = protocol.next(state);
            if (!visitor.visit(state, next)) {
                return;
            }
            for (T step : next) {
                S after = step.after();
                if (!cameFrom.containsKey(after) && !cameFrom.containsKey(protocol.mirrored(after))) {
                    cameFrom.put(after, state);
                    open.add(after);
                }
            }
            if (cameFrom.size() > STATES_MAX) {
                throw new IllegalStateException("More than " + STATES_MAX + " states");
            }
        }
    }

    /** How it comes to be so, step by step. */
    public List<T> traceTo(S state) {
        Deque<T> trace = new ArrayDeque<>();
        S after = state;
        while (!after.equals(protocol.start())) {
            S before = cameFrom.get(after);
            for (T step : protocol.next(before)) {
                if (step.after().equals(after)) {
                    trace.addFirst(step);
                    break;
                }
            }
            after = before;
        }
        return List.copyOf(trace);
    }

    /**
     * A state from which nothing leads to what is to be reached, if there is one. To be asked when the search has come to its end.
     *
     * @param reached what it is to come to
     * @param reliable the steps that it can be relied on to come to it
     */
    public Optional<S> withoutWayTo(Predicate<S> reached, Predicate<T> reliable) {
        Map<S, Integer> numbers = new LinkedHashMap<>();
        cameFrom.keySet().forEach(state -> numbers.put(state, numbers.size()));
        List<List<Integer>> before = new ArrayList<>(numbers.size());
        numbers.keySet().forEach(state -> before.add(new ArrayList<>(2)));
        Deque<Integer> open = new ArrayDeque<>();
        boolean[] leads = new boolean[numbers.size()];
        numbers.forEach((state, number) -> {
            protocol.next(state).stream().filter(reliable).forEach(step -> before.get(number(step.after(), numbers))
                    .add(number));
            if (reached.test(state)) {
                leads[number] = true;
                open.add(number);
            }
        });
        while (!open.isEmpty()) {
            for (int number : before.get(open.remove())) {
                if (!leads[number]) {
                    leads[number] = true;
                    open.add(number);
                }
            }
        }
        return numbers.keySet().stream()
                .filter(state -> !leads[numbers.get(state)])
                .findFirst();
    }

    private int number(S state, Map<S, Integer> numbers) {
        Integer number = numbers.get(state);
        return number == null ? numbers.get(protocol.mirrored(state)) : number;
    }
}
