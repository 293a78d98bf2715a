package dev.tallyhook.processing.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.processing.model.ClaimProtocol.Change;
import dev.tallyhook.processing.model.ClaimProtocol.Trouble;
import dev.tallyhook.processing.model.State.Harm;
import dev.tallyhook.processing.model.Step.Event;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Holds that the protocol keeps its promises in whatever order things happen, and that each of its parts is needed:
 * without it the exploration finds what goes wrong, which it could not if it did not look.
 */
class ClaimProtocolTest {

    private static final Set<Trouble> ALL_TROUBLES = EnumSet.allOf(Trouble.class);

    /** What two replicas can be in at once, and what is tried with a clock that is set back only in part: it makes too many states. */
    private static final Set<Trouble> ALL_BUT_THE_CLOCKS = EnumSet.complementOf(EnumSet.of(Trouble.CLOCK_SET_BACK));

    private static final Set<Event> OF_HOLDS = EnumSet.of(
            Event.LEAVES_OUT_CHANGED,
            Event.BEGINS_TO_HOLD,
            Event.HOLDS,
            Event.DOES_NOT_HOLD,
            Event.RELEASES,
            Event.RELEASES_AS_DUE_NOW);

    @Test
    void every_committed_row_is_finished_once_and_not_early() {
        var exploration = explore(2, ALL_BUT_THE_CLOCKS, 2, Set.of());
        assertHolds(exploration);
        // Only changed protocols know these, clocks that are set back, or holds; all else has happened, so nothing held
        // for want of trying.
        var never = EnumSet.of(
                Event.TAKES,
                Event.WAITS,
                Event.LEAVES_OUT_AFTER_WAITING,
                Event.IS_SET_BACK,
                Event.LOWERS_ITS_WATERMARK);
        never.addAll(OF_HOLDS);
        assertEquals(EnumSet.complementOf(never), exploration.events());
    }

    @Test
    void and_so_it_is_when_the_clock_is_set_back_whatever_else_happens() {
        for (var exploration : List.of(explore(1, ALL_TROUBLES, 3, Set.of()), explore(2, ALL_TROUBLES, 1, Set.of()))) {
            assertHolds(exploration);
            assertTrue(exploration.events().contains(Event.LOWERS_ITS_WATERMARK), exploration::toString);
        }
    }

    @Test
    void a_replica_that_is_killed_between_lock_and_commit_loses_nothing() {
        var exploration = explore(2, Set.of(Trouble.KILL), 2, Set.of());
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.IS_KILLED_WITH_LOCKS), exploration::toString);
    }

    @Test
    void without_the_sweep_a_row_that_is_committed_late_is_never_finished() {
        var exploration = explore(2, Set.of(Trouble.LATE_COMMIT), 0, Set.of(Change.NO_SWEEP));
        assertFails(Harm.NEVER_FINISHED, Event.COMMITS_BELOW_A_WATERMARK, exploration);
    }

    @Test
    void without_the_sweep_a_row_that_a_killed_replica_had_locked_is_never_finished() {
        var exploration = explore(2, Set.of(Trouble.KILL), 1, Set.of(Change.NO_SWEEP));
        assertFails(Harm.NEVER_FINISHED, Event.IS_KILLED_WITH_LOCKS, exploration);
    }

    @Test
    void without_the_sweep_a_row_that_was_overdue_at_the_start_is_never_finished() {
        var exploration = explore(2, Set.of(Trouble.LATE_START), 0, Set.of(Change.NO_SWEEP));
        assertFails(Harm.NEVER_FINISHED, Event.POLLS_FIRST, exploration);
    }

    @Test
    void without_skip_locked_a_session_that_hangs_keeps_others_from_finishing_what_it_has_not_locked() {
        var exploration = explore(2, Set.of(Trouble.HANG), 1, Set.of(Change.NO_SKIP_LOCKED));
        assertFails(Harm.NEVER_FINISHED, Event.HANGS, exploration);
    }

    @Test
    void without_skip_locked_and_without_hangs_the_second_look_at_a_row_keeps_it_from_being_finished_twice() {
        var exploration = explore(2, Set.of(Trouble.FAILURE, Trouble.KILL), 1, Set.of(Change.NO_SKIP_LOCKED));
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.LEAVES_OUT_AFTER_WAITING), exploration::toString);
    }

    @Test
    void without_for_update_a_row_is_finished_twice() {
        var exploration = explore(2, Set.of(), 0, Set.of(Change.NO_FOR_UPDATE));
        assertFails(Harm.FINISHED_TWICE, Event.TAKES, exploration);
    }

    @Test
    void without_the_condition_on_due_at_a_row_is_finished_early() {
        var exploration = explore(1, Set.of(), 0, Set.of(Change.NO_DUE_CONDITION));
        assertFails(Harm.FINISHED_EARLY, Event.FINISHES, exploration);
    }

    @Test
    void a_poller_alone_finishes_what_was_committed_in_time_and_nobody_else_has_locked() {
        assertHolds(explore(1, Set.of(Trouble.FAILURE), 2, Set.of(Change.NO_SWEEP)));
    }

    @Test
    void so_do_two_pollers_because_one_that_has_a_row_locked_has_not_passed_it() {
        var exploration = explore(2, Set.of(Trouble.FAILURE), 2, Set.of(Change.NO_SWEEP));
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.SKIPS), exploration::toString);
    }

    @Test
    void a_poller_with_its_watermark_at_the_latest_row_finished_passes_another_that_is_due_at_the_same_time() {
        var exploration = explore(1, Set.of(), 0, Set.of(Change.NO_SWEEP, Change.WATERMARK_AT_THE_LATEST));
        assertFails(Harm.NEVER_FINISHED, Event.FINISHES, exploration);
    }

    @Test
    void a_poller_whose_watermark_moves_before_the_statement_has_succeeded_passes_what_failed() {
        var exploration =
                explore(1, Set.of(Trouble.FAILURE), 1, Set.of(Change.NO_SWEEP, Change.WATERMARK_MOVED_BY_FAILURES));
        assertFails(Harm.NEVER_FINISHED, Event.FAILS, exploration);
    }

    @Test
    void a_poller_alone_finishes_what_is_committed_after_the_clock_was_set_back() {
        var exploration = explore(
                2, Set.of(Trouble.CLOCK_SET_BACK, Trouble.FAILURE), 2, Set.of(Change.NO_SWEEP, Change.POLLS_IN_TIME));
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.LOWERS_ITS_WATERMARK), exploration::toString);
    }

    @Test
    void a_poller_that_keeps_its_watermark_above_a_clock_that_was_set_back_passes_what_is_committed_then() {
        var exploration = explore(
                1,
                Set.of(Trouble.CLOCK_SET_BACK),
                1,
                Set.of(Change.NO_SWEEP, Change.POLLS_IN_TIME, Change.WATERMARK_ABOVE_THE_CLOCK));
        assertFails(Harm.NEVER_FINISHED, Event.IS_SET_BACK, exploration);
    }

    @Test
    void a_row_that_is_held_is_not_finished_and_one_that_is_released_is_once() {
        for (var exploration : List.of(
                exploreHolds(1, ALL_TROUBLES, 1, 2, Set.of()),
                exploreHolds(2, Set.of(Trouble.FAILURE), 1, 1, Set.of()))) {
            assertHolds(exploration);
            assertTrue(exploration.events().containsAll(OF_HOLDS), exploration::toString);
        }
    }

    @Test
    void without_the_second_look_a_row_is_finished_that_is_held() {
        var exploration = exploreHolds(1, Set.of(), 0, 1, Set.of(Change.NO_FOR_UPDATE));
        assertFails(Harm.FINISHED_AND_HELD, Event.HOLDS, exploration);
    }

    @Test
    void a_hold_that_does_not_look_at_the_status_holds_what_is_finished() {
        var exploration = exploreHolds(1, Set.of(), 0, 1, Set.of(Change.HOLD_OF_WHATEVER));
        assertFails(Harm.FINISHED_AND_HELD, Event.FINISHES, exploration);
    }

    @Test
    void a_poller_alone_finishes_what_is_released_after_its_time() {
        var exploration = exploreHolds(1, Set.of(), 0, 2, Set.of(Change.NO_SWEEP));
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.RELEASES_AS_DUE_NOW), exploration::toString);
    }

    @Test
    void and_passes_it_if_it_is_still_due_at_its_own_time() {
        var exploration = exploreHolds(1, Set.of(), 0, 1, Set.of(Change.NO_SWEEP, Change.RELEASE_KEEPS_THE_DUE_TIME));
        assertFails(Harm.NEVER_FINISHED, Event.RELEASES, exploration);
    }

    @Test
    void without_the_sweep_a_row_is_never_finished_that_a_failed_hold_had_locked() {
        var exploration = exploreHolds(1, Set.of(Trouble.FAILURE), 1, 1, Set.of(Change.NO_SWEEP));
        assertFails(Harm.NEVER_FINISHED, Event.DOES_NOT_HOLD, exploration);
    }

    private static Exploration explore(int replicas, Set<Trouble> troubles, int troublesMax, Set<Change> changes) {
        return exploreHolds(replicas, troubles, troublesMax, 0, changes);
    }

    private static Exploration exploreHolds(
            int replicas, Set<Trouble> troubles, int troublesMax, int holdsMax, Set<Change> changes) {
        return Exploration.of(new ClaimProtocol(replicas, troubles, troublesMax, holdsMax, changes));
    }

    private static void assertHolds(Exploration exploration) {
        assertEquals(Harm.NONE, exploration.harm(), exploration::toString);
        assertTrue(exploration.statesAtRest() > 0, "it comes to rest");
    }

    /** @param cause a step without which the trace would show something else than the test's name says */
    private static void assertFails(Harm expected, Event cause, Exploration exploration) {
        assertEquals(expected, exploration.harm(), exploration::toString);
        assertTrue(exploration.trace().stream().anyMatch(step -> step.event() == cause), exploration::toString);
    }
}
