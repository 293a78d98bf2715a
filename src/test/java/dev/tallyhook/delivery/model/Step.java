package dev.tallyhook.delivery.model;

import dev.tallyhook.model.Protocol;
import java.util.stream.Collectors;

/**
 * Something that happens in the model.
 *
 * @param messages those to which it happens
 * @param after what is then
 */
record Step(String who, Event event, int messages, State after) implements Protocol.Happening<State> {

    enum Event {
        FINISHES(true, "finishes, and queues in the same commit,"),
        FINISHES_FOR_NOBODY(true, "finishes, and there is no endpoint to queue for,"),
        FINISHES_ONLY(true, "finishes, and has yet to queue"),
        QUEUES(true, "queues"),
        FORGETS_TO_QUEUE(false, "is killed before it has queued"),
        CLAIMS(true, "claims"),
        CLAIM_IS_LOST(false, "claims, but the database crashes and does not know that any more:"),
        TAKES_WHAT_IS_CLAIMED(false, "claims what another has claimed:"),
        IS_TOLD(true, "is told, and acknowledges"),
        IS_TOLD_UNHEARD(false, "is told, but its acknowledgment is lost:"),
        REFUSES(false, "does not take"),
        GIVES_BACK(true, "has waited too long, and is to give back"),
        SETTLES(true, "writes down what came of"),
        SETTLES_IN_VAIN(true, "has lost its lease, and leaves alone"),
        SETTLES_UNHEARD(false, "writes down, but hears no answer and will do so again:"),
        SETTLED_IS_LOST(false, "writes down, but the database crashes and does not know that any more:"),
        IS_KILLED_WHILE_IT_SETTLES(false, "is killed when it has deleted, and has yet to insert, what came of"),
        IS_KILLED(false, "is killed, and starts again without"),
        LEASE_ENDS(true, "ends of"),
        PAUSES(false, "pauses the endpoint"),
        RESUMES(true, "enables the endpoint again"),
        DELETES(false, "deletes the endpoint"),
        CLEANS(true, "takes away what the endpoint had:"),
        REPLAYS(true, "sends dead letters again:");

        /** It comes some time, if nothing else does: goes wrong, or is decided by people. */
        private final boolean reliable;

        private final String words;

        Event(boolean reliable, String words) {
            this.reliable = reliable;
            this.words = words;
        }
    }

    boolean isReliable() {
        return event.reliable;
    }

    @Override
    public String toString() {
        String numbers = State.MESSAGES.stream()
                .filter(message -> (messages & message) != 0)
                .map(String::valueOf)
                .collect(Collectors.joining(", ", "{", "}"));
        return "%s %s %s"
                .formatted(who, event.words, messages == 0 ? "" : numbers)
                .strip();
    }
}
