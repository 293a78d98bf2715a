package dev.tallyhook.delivery.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.delivery.model.State.Harm;
import dev.tallyhook.delivery.model.Step.Event;
import dev.tallyhook.delivery.model.TellingProtocol.Change;
import dev.tallyhook.delivery.model.TellingProtocol.Trouble;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Holds that whatever is finished is told, or is still to be told, in whatever order things happen, and that each part of the protocol
 * is needed for that: without it the exploration finds what goes wrong, which it could not if it did not look.
 */
class TellingProtocolTest {

    private static final Set<Trouble> ALL_TROUBLES = EnumSet.allOf(Trouble.class);

    /** Thrice as many as there are: a model that has grown should be noticed while it is still quick. */
    private static final int STATES_MAX = 500_000;

    @Test
    void nothing_that_is_finished_is_lost_or_told_early_or_waits_for_ever() {
        var exploration = explore(ALL_TROUBLES, 2, Set.of());
        assertHolds(exploration);
        assertTrue(exploration.states() < STATES_MAX, exploration::toString);
        // Only changed protocols know these; all else has happened, so nothing held for want of trying.
        assertEquals(
                EnumSet.complementOf(EnumSet.of(
                        Event.FINISHES_ONLY,
                        Event.QUEUES,
                        Event.FORGETS_TO_QUEUE,
                        Event.TAKES_WHAT_IS_CLAIMED,
                        Event.IS_KILLED_WHILE_IT_SETTLES)),
                exploration.events());
    }

    @Test
    void what_is_queued_in_a_commit_after_the_finish_is_lost_with_the_replica_between_them() {
        var exploration = explore(Set.of(Trouble.KILL), 1, Set.of(Change.QUEUE_AFTER_THE_FINISH));
        assertFails(Harm.LOST, Event.FORGETS_TO_QUEUE, exploration);
    }

    @Test
    void what_is_queued_in_a_commit_before_the_finish_is_told_early() {
        var exploration = explore(Set.of(), 0, Set.of(Change.QUEUE_BEFORE_THE_FINISH));
        assertFails(Harm.TOLD_EARLY, Event.IS_TOLD, exploration);
    }

    @Test
    void with_a_lease_that_never_ends_what_a_killed_replica_had_claimed_is_never_told() {
        var exploration = explore(Set.of(Trouble.KILL), 1, Set.of(Change.LEASE_NEVER_ENDS));
        assertFails(Harm.NEVER_TOLD, Event.IS_KILLED, exploration);
    }

    @Test
    void and_so_is_what_came_of_it_when_the_database_lost_that() {
        var exploration = explore(Set.of(Trouble.LOST_COMMIT), 1, Set.of(Change.LEASE_NEVER_ENDS));
        assertFails(Harm.NEVER_TOLD, Event.SETTLED_IS_LOST, exploration);
    }

    @Test
    void without_kills_and_crashes_no_lease_need_end() {
        assertHolds(explore(Set.of(), 0, Set.of(Change.LEASE_NEVER_ENDS)));
    }

    /** The look at the lease, and SKIP LOCKED, which is the same look at what is not committed yet, only spare repetitions. */
    @Test
    void a_claim_of_what_is_claimed_only_tells_it_once_more() {
        var exploration = explore(Set.of(Trouble.KILL), 1, Set.of(Change.CLAIM_WITHOUT_A_LOOK_AT_THE_LEASE));
        assertHolds(exploration);
        assertTrue(exploration.events().contains(Event.TAKES_WHAT_IS_CLAIMED), exploration::toString);
    }

    @Test
    void an_outcome_that_does_not_look_at_the_lease_changes_what_another_replica_has_claimed_since() {
        var exploration = explore(Set.of(), 0, Set.of(Change.OUTCOME_WITHOUT_A_LOOK_AT_THE_LEASE));
        assertFails(Harm.CHANGED_BY_A_LOST_LEASE, Event.LEASE_ENDS, exploration);
    }

    @Test
    void failures_that_are_inserted_whoever_has_the_lease_stand_in_the_queue_twice() {
        var exploration = explore(Set.of(), 0, Set.of(Change.FAILURES_INSERTED_ANYWAY));
        assertFails(Harm.QUEUED_TWICE, Event.LEASE_ENDS, exploration);
    }

    @Test
    void and_so_they_do_when_an_outcome_whose_answer_was_lost_is_written_again() {
        var exploration = explore(Set.of(Trouble.LOST_ANSWER), 1, Set.of(Change.FAILURES_INSERTED_ANYWAY));
        assertTrue(
                Set.of(Harm.QUEUED_TWICE, Harm.CHANGED_BY_A_LOST_LEASE).contains(exploration.harm()),
                exploration::toString);
    }

    @Test
    void a_failure_that_is_inserted_beside_its_parcel_stands_in_the_queue_twice() {
        var exploration = explore(Set.of(), 0, Set.of(Change.PARCEL_NOT_DELETED));
        assertFails(Harm.QUEUED_TWICE, Event.SETTLES, exploration);
    }

    @Test
    void a_parcel_that_is_deleted_in_a_commit_before_its_failures_are_inserted_is_lost_with_the_replica_between_them() {
        var exploration = explore(Set.of(Trouble.KILL), 1, Set.of(Change.DELETE_IN_A_COMMIT_OF_ITS_OWN));
        assertFails(Harm.LOST, Event.IS_KILLED_WHILE_IT_SETTLES, exploration);
    }

    @Test
    void without_the_rest_as_a_row_what_is_given_back_is_lost() {
        var exploration = explore(Set.of(), 0, Set.of(Change.REST_NOT_GIVEN_BACK));
        assertFails(Harm.LOST, Event.GIVES_BACK, exploration);
    }

    @Test
    void dead_letters_that_are_deleted_before_they_are_queued_are_lost() {
        var exploration = explore(Set.of(), 0, Set.of(Change.DEAD_LETTERS_NOT_QUEUED));
        assertFails(Harm.LOST, Event.REPLAYS, exploration);
    }

    @Test
    void what_a_deleted_endpoint_had_stays_unless_it_is_taken_away() {
        var exploration = explore(Set.of(Trouble.DELETION), 1, Set.of(Change.NOT_CLEANED));
        assertFails(Harm.LEFT_BEHIND, Event.DELETES, exploration);
    }

    private static Exploration explore(Set<Trouble> troubles, int troublesMax, Set<Change> changes) {
        return Exploration.of(new TellingProtocol(troubles, troublesMax, changes));
    }

    private static void assertHolds(Exploration exploration) {
        assertEquals(Harm.NONE, exploration.harm(), exploration::toString);
    }

    /** @param cause a step without which the trace would show something else than the test's name says */
    private static void assertFails(Harm expected, Event cause, Exploration exploration) {
        assertEquals(expected, exploration.harm(), exploration::toString);
        assertTrue(exploration.trace().stream().anyMatch(step -> step.event() == cause), exploration::toString);
    }
}
