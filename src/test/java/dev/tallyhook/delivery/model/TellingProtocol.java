package dev.tallyhook.delivery.model;

import dev.tallyhook.delivery.model.State.Endpoint;
import dev.tallyhook.delivery.model.State.Harm;
import dev.tallyhook.delivery.model.State.Parcel;
import dev.tallyhook.delivery.model.State.Row;
import dev.tallyhook.delivery.model.Step.Event;
import dev.tallyhook.model.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Says what can happen next while two replicas tell one endpoint what is finished: the protocol of {@code Telling}, {@code Queue},
 * {@code Lane} and {@code OutcomeWriter}, without their code.
 *
 * <p>Modelled is what decides whether a message is told. Two transactions finish, together or one after the other; what queues them is
 * part of the commit. A replica claims a row with a lease, sends its messages in their order, gives back those that it does not come to,
 * and then writes down in one commit what came of all: the row goes if its lease is still that of the claim, and only then the rest and
 * the failures come back as rows of their own, or as dead letters. It may pause at any point for longer than the lease, which then ends
 * for whoever looks; and be killed at any point, and start again without knowing of it. The receiver may have a message whose
 * acknowledgment is lost. Claims and outcomes are not durable: a database that crashes may know nothing of the last of them. An operator
 * pauses the endpoint, deletes it, or sends dead letters again.
 *
 * <p>A statement locks what it changes and looks at it again, so each is one step here. Left out is how soon things happen: a lease may
 * end at once, and a row that is to be tried again later may be tried now. Endpoints know nothing of each other, so one is enough.
 */
final class TellingProtocol implements Protocol<State, Step> {

    /** What can happen around the protocol. */
    enum Trouble {
        KILL,
        /** A statement commits, and its answer is lost. */
        LOST_ANSWER,
        /** A statement was answered, and its commit is lost. */
        LOST_COMMIT,
        PAUSE,
        DELETION
    }

    /** What could be taken out of the protocol, or be otherwise. */
    enum Change {
        QUEUE_AFTER_THE_FINISH,
        QUEUE_BEFORE_THE_FINISH,
        LEASE_NEVER_ENDS,
        CLAIM_WITHOUT_A_LOOK_AT_THE_LEASE,
        OUTCOME_WITHOUT_A_LOOK_AT_THE_LEASE,
        /** Whether the row was deleted or not. */
        FAILURES_INSERTED_ANYWAY,
        PARCEL_NOT_DELETED,
        /** Of the insert in one of its own. */
        DELETE_IN_A_COMMIT_OF_ITS_OWN,
        REST_NOT_GIVEN_BACK,
        DEAD_LETTERS_NOT_QUEUED,
        NOT_CLEANED
    }

    /** Tries of a message. */
    private static final int TRIES_MAX = 2;

    private final Set<Trouble> troubles;
    private final int troublesMax;
    private final Set<Change> changes;

    /** @param troublesMax how many of them there may be in all */
    TellingProtocol(Set<Trouble> troubles, int troublesMax, Set<Change> changes) {
        this.troubles = troubles;
        this.troublesMax = troublesMax;
        this.changes = changes;
    }

    @Override
    public State start() {
        return State.start(troublesMax);
    }

    @Override
    public State mirrored(State state) {
        return state.mirrored();
    }

    @Override
    public List<Step> next(State state) {
        List<Step> steps = new ArrayList<>();
        addFinishes(state, steps);
        addLeases(state, steps);
        for (int replica = 0; replica < state.replicas().size(); replica++) {
            if (state.replicas().get(replica).isNone()) {
                addClaims(state, replica, steps);
            } else {
                addSends(state, replica, steps);
                addOutcomes(state, replica, steps);
                addDeath(state, replica, steps);
            }
        }
        addOperator(state, steps);
        // What makes no difference to anybody else may as well come before all the rest; so there are fewer states.
        for (Step step : steps) {
            if (isUnnoticed(step, state)) {
                return List.of(step);
            }
        }
        return steps;
    }

    private static boolean isUnnoticed(Step step, State state) {
        return switch (step.event()) {
            case SETTLES_IN_VAIN -> true;
            // Nobody comes back to the row before.
            case LEASE_ENDS ->
                state.queue().stream()
                        .anyMatch(row -> row.messages() == step.messages() && row.holder() == Row.A_DEAD_ONE);
            default -> false;
        };
    }

    private void addFinishes(State state, List<Step> steps) {
        for (int messages = 1; messages <= State.ALL; messages++) {
            if ((state.finished() & messages) == 0) {
                addFinish(state, messages, steps);
            }
        }
        if (state.unqueued() != 0) {
            State none = state.withUnqueued(0);
            State queued = state.endpoint() == Endpoint.DELETED ? none : none.plus(Row.of(state.unqueued(), 0));
            addStep("the poller", Event.QUEUES, state.unqueued(), queued, steps);
            if (mayBefall(Trouble.KILL, state)) {
                addStep("the poller", Event.FORGETS_TO_QUEUE, state.unqueued(), none.troubled(), steps);
            }
        }
    }

    private void addFinish(State state, int messages, List<Step> steps) {
        State finished = state.finish(messages);
        if (state.endpoint() == Endpoint.DELETED) {
            addStep("the poller", Event.FINISHES_FOR_NOBODY, messages, finished, steps);
        } else if (has(Change.QUEUE_AFTER_THE_FINISH)) {
            if (state.unqueued() == 0) {
                addStep("the poller", Event.FINISHES_ONLY, messages, finished.withUnqueued(messages), steps);
            }
        } else if (has(Change.QUEUE_BEFORE_THE_FINISH)) {
            int queued = queued(state) & messages;
            if (queued == messages) {
                addStep("the poller", Event.FINISHES_ONLY, messages, finished, steps);
            } else if (queued == 0) {
                addStep("the poller", Event.QUEUES, messages, state.plus(Row.of(messages, 0)), steps);
            }
        } else {
            addStep("the poller", Event.FINISHES, messages, finished.plus(Row.of(messages, 0)), steps);
        }
    }

    private static int queued(State state) {
        return state.queue().stream().mapToInt(Row::messages).reduce(0, (one, other) -> one | other);
    }

    private void addLeases(State state, List<Step> steps) {
        for (Row row : state.queue()) {
            if (row.holder() != Row.NOBODY && !row.isLeaseOver() && !has(Change.LEASE_NEVER_ENDS)) {
                State over = state.replace(row, row.withLeaseOver());
                addStep("the lease", Event.LEASE_ENDS, row.messages(), over, steps);
            }
        }
    }

    private void addClaims(State state, int replica, List<Step> steps) {
        if (state.endpoint() != Endpoint.ENABLED) {
            return;
        }
        for (Row row : state.queue()) {
            boolean isFree = row.holder() == Row.NOBODY || row.isLeaseOver();
            if (isFree || has(Change.CLAIM_WITHOUT_A_LOOK_AT_THE_LEASE)) {
                State told = state.with(replica, Parcel.of(row));
                Event event = isFree ? Event.CLAIMS : Event.TAKES_WHAT_IS_CLAIMED;
                addStep(name(replica), event, row.messages(), told.replace(row, row.claimedBy(replica)), steps);
                if (mayBefall(Trouble.LOST_COMMIT, state)) {
                    addStep(name(replica), Event.CLAIM_IS_LOST, row.messages(), told.troubled(), steps);
                }
            }
        }
    }

    private static void addSends(State state, int replica, List<Step> steps) {
        Parcel parcel = state.replicas().get(replica);
        if (parcel.waiting() != 0) {
            int message = Integer.lowestOneBit(parcel.waiting());
            State told = state.tell(message);
            State failed = state.with(replica, parcel.fails(message));
            addStep("the receiver", Event.IS_TOLD, message, told.with(replica, parcel.delivers(message)), steps);
            addStep("the receiver", Event.REFUSES, message, failed, steps);
            State unheard = told.with(replica, parcel.fails(message));
            addStep("the receiver", Event.IS_TOLD_UNHEARD, message, unheard, steps);
            State given = state.with(replica, parcel.givesBack());
            addStep(name(replica), Event.GIVES_BACK, parcel.waiting(), given, steps);
        }
    }

    private void addOutcomes(State state, int replica, List<Step> steps) {
        Parcel parcel = state.replicas().get(replica);
        if (parcel.waiting() != 0) {
            return;
        }
        String who = name(replica);
        State settled = settle(state, replica);
        boolean isInVain = settled.equals(state);
        State after = settled.with(replica, Parcel.NONE);
        addStep(who, isInVain ? Event.SETTLES_IN_VAIN : Event.SETTLES, parcel.messages(), after, steps);
        if (!isInVain && mayBefall(Trouble.LOST_ANSWER, state)) {
            addStep(who, Event.SETTLES_UNHEARD, parcel.messages(), settled.troubled(), steps);
        }
        if (!isInVain && mayBefall(Trouble.LOST_COMMIT, state)) {
            State lost = leave(state, replica).troubled();
            addStep(who, Event.SETTLED_IS_LOST, parcel.messages(), lost, steps);
        }
        Row row = rowOf(state, parcel);
        if (row != null && has(Change.DELETE_IN_A_COMMIT_OF_ITS_OWN) && mayBefall(Trouble.KILL, state)) {
            State killed = state.delete(row).with(replica, Parcel.NONE).troubled();
            addStep(who, Event.IS_KILLED_WHILE_IT_SETTLES, parcel.messages(), killed, steps);
        }
    }

    /** What the database has then; the replica still has its parcel. */
    private State settle(State state, int replica) {
        Parcel parcel = state.replicas().get(replica);
        Row row = rowOf(state, parcel);
        boolean isOwn = row != null && row.holder() == replica;
        boolean isFound = isOwn || (row != null && has(Change.OUTCOME_WITHOUT_A_LOOK_AT_THE_LEASE));
        State after = isFound && !has(Change.PARCEL_NOT_DELETED) ? state.delete(row) : state;
        if (isFound || has(Change.FAILURES_INSERTED_ANYWAY)) {
            if (parcel.returned() != 0 && !has(Change.REST_NOT_GIVEN_BACK)) {
                after = after.plus(Row.of(parcel.returned(), parcel.tries()));
            }
            for (int message : State.MESSAGES) {
                if ((parcel.failed() & message) != 0) {
                    boolean isGivenUp = parcel.tries() + 1 == TRIES_MAX;
                    after = isGivenUp
                            ? after.withDead(after.dead() | message)
                            : after.plus(Row.of(message, parcel.tries() + 1));
                }
            }
        }
        Harm harm = after.harmNow();
        boolean isChanged = !after.queue().equals(state.queue()) || after.dead() != state.dead();
        return harm == Harm.NONE && !isOwn && isChanged ? after.harmed(Harm.CHANGED_BY_A_LOST_LEASE) : after;
    }

    private static Row rowOf(State state, Parcel parcel) {
        return state.queue().stream().filter(parcel::isOf).findFirst().orElse(null);
    }

    private void addDeath(State state, int replica, List<Step> steps) {
        if (!mayBefall(Trouble.KILL, state)) {
            return;
        }
        State killed = leave(state, replica).troubled();
        addStep(name(replica), Event.IS_KILLED, state.replicas().get(replica).messages(), killed, steps);
    }

    /** The replica knows nothing of its parcel any more, and the row still has its lease. */
    private static State leave(State state, int replica) {
        State left = state.with(replica, Parcel.NONE);
        for (Row row : state.queue()) {
            if (row.holder() == replica) {
                left = left.replace(row, row.left());
            }
        }
        return left;
    }

    private void addOperator(State state, List<Step> steps) {
        String who = "the operator";
        switch (state.endpoint()) {
            case ENABLED -> {
                if (mayBefall(Trouble.PAUSE, state)) {
                    addStep(who, Event.PAUSES, 0, state.with(Endpoint.PAUSED).troubled(), steps);
                }
            }
            case PAUSED -> addStep(who, Event.RESUMES, 0, state.with(Endpoint.ENABLED), steps);
            case DELETED -> {
                int left = queued(state) | state.dead();
                if (left != 0 && !has(Change.NOT_CLEANED)) {
                    addStep("the background", Event.CLEANS, left, state.clean(), steps);
                }
                return;
            }
        }
        if (mayBefall(Trouble.DELETION, state)) {
            addStep(who, Event.DELETES, 0, state.with(Endpoint.DELETED).troubled(), steps);
        }
        if (state.dead() != 0) {
            State none = state.withDead(0);
            State queued = has(Change.DEAD_LETTERS_NOT_QUEUED) ? none : none.plus(Row.of(state.dead(), 0));
            addStep(who, Event.REPLAYS, state.dead(), queued, steps);
        }
    }

    private static String name(int replica) {
        return "replica " + (replica + 1);
    }

    private static void addStep(String who, Event event, int messages, State after, List<Step> steps) {
        steps.add(new Step(who, event, messages, after.harmed(after.harmNow())));
    }

    private boolean has(Change change) {
        return changes.contains(change);
    }

    private boolean mayBefall(Trouble trouble, State state) {
        return state.troublesLeft() > 0 && troubles.contains(trouble);
    }
}
