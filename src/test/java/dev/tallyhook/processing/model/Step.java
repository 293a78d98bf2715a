package dev.tallyhook.processing.model;

import dev.tallyhook.model.Protocol;
import java.util.List;

/**
 * Something that happens in the model.
 *
 * @param rows those to which it happens
 * @param after what is then
 */
record Step(String who, Event event, Rows rows, State after) implements Protocol.Happening<State> {

    enum Event {
        TIME_PASSES(true, "moves on"),
        IS_SET_BACK(false, "is set back"),
        RAISES_ITS_WATERMARK(false, "raises its watermark past what others finish"),
        LOWERS_ITS_WATERMARK(true, "sees that the clock was set back, and lowers its watermark to it"),
        COMMITS(false, "is committed of row"),
        COMMITS_BELOW_A_WATERMARK(false, "is committed when a watermark has passed the due time of row"),
        POLLS_FIRST(true, "polls for the first time, and takes the time for its watermark"),
        BEGINS(true, "begins a statement, and sees"),
        BEGINS_IN_VAIN(false, "begins a statement, and sees only what others have locked:"),
        LOCKS(true, "locks"),
        TAKES(true, "takes, without a lock,"),
        SKIPS(true, "skips what another has locked:"),
        WAITS(true, "waits for what another has locked:"),
        LEAVES_OUT(true, "looks again, and leaves out what another has finished:"),
        LEAVES_OUT_AFTER_WAITING(true, "looks again after its wait, and leaves out what another has finished:"),
        LEAVES_OUT_CHANGED(true, "looks again, and leaves out what was held or released meanwhile:"),
        FINDS_NOTHING(true, "ends without a row"),
        FINISHES(true, "finishes and commits"),
        FINISHES_UNANSWERED(false, "loses its connection, but PostgreSQL still finishes and commits"),
        FAILS(false, "fails, and PostgreSQL rolls back and unlocks"),
        HANGS(false, "hangs for ever, with what it has locked:"),
        IS_KILLED(false, "is killed"),
        IS_KILLED_WITH_LOCKS(false, "is killed between lock and commit, and PostgreSQL rolls back and unlocks"),
        RESTARTS(false, "starts again"),
        BEGINS_TO_HOLD(false, "locks, to hold it,"),
        HOLDS(true, "holds and commits"),
        DOES_NOT_HOLD(false, "fails, and PostgreSQL rolls back and unlocks"),
        RELEASES(false, "releases, due at its own time,"),
        RELEASES_AS_DUE_NOW(false, "releases, due at once because it has been due for a while,");

        private final boolean certain;
        private final String words;

        Event(boolean certain, String words) {
            this.certain = certain;
            this.words = words;
        }
    }

    /** A state in which nothing is certain to happen may stay as it is for ever. */
    static boolean isRest(List<Step> next) {
        return next.stream().noneMatch(step -> step.event.certain);
    }

    @Override
    public String toString() {
        return "time %d: %s %s %s"
                .formatted(after.now(), who, event.words, rows.isEmpty() ? "" : rows)
                .strip();
    }
}
