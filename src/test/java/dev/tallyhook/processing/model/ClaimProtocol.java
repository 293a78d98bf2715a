package dev.tallyhook.processing.model;

import dev.tallyhook.model.Protocol;
import dev.tallyhook.processing.model.State.Harm;
import dev.tallyhook.processing.model.State.Operator;
import dev.tallyhook.processing.model.State.Phase;
import dev.tallyhook.processing.model.State.Session;
import dev.tallyhook.processing.model.Step.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Says what can happen next while replicas claim and finish due rows: the protocol of {@code DueTransactions},
 * {@code DuePoller}, {@code Sweep} and {@code Holds}, without their code.
 *
 * <p>Modelled is what decides whether a row is finished, and how often. A statement takes its snapshot when it begins:
 * rows that are committed, due, not finished and above the watermark. It comes to them one by one in the order of
 * {@code due_at}, locks what is free, skips what another has locked, and leaves out what another has finished
 * meanwhile, because PostgreSQL looks at a row again once it has locked it. What is skipped or left out does not count
 * for the LIMIT. To finish and to commit are one step. Each replica has a poller, whose watermark begins at the time of
 * its first poll, moves after a success to just below the latest row finished, or to what has been due for long where there was nothing
 * to be finished, and is lowered to the clock when that was set
 * back below it; and a sweep, which looks from the beginning. An insert fixes {@code due_at}, and may be committed at any time after that, or never. A hold locks a row that waits, and then
 * commits; one that comes too late sees that the row is finished, and changes nothing. A release makes a row due at its own time, or
 * when it is released if that has passed.
 *
 * <p>Left out is how soon things happen, and with it pauses and timeouts: here a session may hang for ever, which is
 * worse than any timeout. PostgreSQL hears at once of a replica that is killed; one of which it has not heard yet is
 * one that hangs. A sweep looks at strays, and at the rest from where something may
 * wait: that nothing waits elsewhere {@code StretchesTest} holds. It goes on from batch to batch above what it has finished; here each of its statements looks
 * from the beginning, as each of its runs does. A statement reads the clock and takes its snapshot in one step, because
 * PostgreSQL reads the clock first, and a later snapshot only has more. A release reads the clock and commits in one step: one that commits
 * late is like an insert that does.
 */
final class ClaimProtocol implements Protocol<State, Step> {

    /** What can go wrong around the protocol. */
    enum Trouble {
        /** The first poll comes when rows are due already. */
        LATE_START,
        /** An insert is committed when its row is due already. */
        LATE_COMMIT,
        FAILURE,
        HANG,
        KILL,
        /** To the beginning: by its owner, or because another server with another clock has taken over. */
        CLOCK_SET_BACK
    }

    /** What could be taken out of the protocol, or be otherwise. */
    enum Change {
        NO_SWEEP,
        NO_SKIP_LOCKED,
        /** Nor the second look at the row, which comes with the lock. */
        NO_FOR_UPDATE,
        NO_DUE_CONDITION,
        WATERMARK_AT_THE_LATEST,
        WATERMARK_MOVED_BY_FAILURES,
        WATERMARK_ABOVE_THE_CLOCK,
        /** A hold takes a row without a look at its status. */
        HOLD_OF_WHATEVER,
        RELEASE_KEEPS_THE_DUE_TIME,
        /** Time moves on only between polls, which are much shorter than a delay. */
        POLLS_IN_TIME
    }

    /** Fewer than there are rows, so that a full batch can leave one behind. */
    private static final int BATCH_SIZE = 2;

    private static final List<String> SESSIONS =
            List.of("replica 1's poller", "replica 1's sweep", "replica 2's poller", "replica 2's sweep");

    private final int replicas;
    private final Set<Trouble> troubles;
    private final int troublesMax;
    private final int holdsMax;
    private final Set<Change> changes;

    /**
     * Of one or two replicas.
     *
     * @param troublesMax how many failures, hangs and kills there may be in all
     * @param holdsMax how many times a row may be held
     */
    ClaimProtocol(int replicas, Set<Trouble> troubles, int troublesMax, int holdsMax, Set<Change> changes) {
        this.replicas = replicas;
        this.troubles = troubles;
        this.troublesMax = troublesMax;
        this.holdsMax = holdsMax;
        this.changes = changes;
    }

    @Override
    public State start() {
        int watermark = troubles.contains(Trouble.LATE_START) ? Session.NOT_YET : 0;
        List<Session> sessions = new ArrayList<>();
        for (int replica = 0; replica < replicas; replica++) {
            sessions.add(Session.idle(watermark));
            sessions.add(Session.idle(Session.FROM_THE_BEGINNING));
        }
        return new State(
                0, 0, Rows.NONE, Rows.NONE, Operator.of(holdsMax), List.copyOf(sessions), troublesMax, Harm.NONE);
    }

    /**
     * All that can happen next. It always comes to rest: a statement that has begun for a free row comes away without
     * only if another session has locked it, which then finishes it, or is in trouble, and troubles are limited.
     */
    @Override
    public List<Step> next(State state) {
        List<Step> steps = new ArrayList<>();
        addClock(state, steps);
        addInserts(state, steps);
        addHoldsAndReleases(state, steps);
        for (int poller = 0; poller < state.sessions().size(); poller += 2) {
            addLifeAndDeath(state, poller, steps);
            addSession(state, poller, steps);
            if (!has(Change.NO_SWEEP)) {
                addSession(state, poller + 1, steps);
            }
        }
        // What makes no difference to anybody else may as well come before all the rest; so there are fewer states.
        for (Step step : steps) {
            if (isUnnoticed(step, state)) {
                return List.of(step);
            }
        }
        return steps;
    }

    @Override
    public State mirrored(State state) {
        return state.mirrored();
    }

    private static boolean isUnnoticed(Step step, State state) {
        return switch (step.event()) {
            case FINDS_NOTHING, LEAVES_OUT, LEAVES_OUT_AFTER_WAITING -> true;
            // Without troubles a replica's lock lasts until the row is finished, which would then be left out instead.
            case SKIPS ->
                state.troublesLeft() == 0
                        && !step.rows().overlap(state.operator().locked());
            default -> false;
        };
    }

    private void addClock(State state, List<Step> steps) {
        if (state.now() < Rows.LAST_DUE_AT && !(has(Change.POLLS_IN_TIME) && isAnyPollUnderWay(state))) {
            steps.add(new Step("the clock", Event.TIME_PASSES, Rows.NONE, state.at(state.now() + 1)));
        }
        if (state.now() > 0 && mayBefall(Trouble.CLOCK_SET_BACK, state)) {
            steps.add(new Step(
                    "the clock", Event.IS_SET_BACK, Rows.NONE, state.at(0).troubled()));
        }
    }

    private boolean isAnyPollUnderWay(State state) {
        for (int poller = 0; poller < state.sessions().size(); poller += 2) {
            Session session = state.sessions().get(poller);
            boolean works = session.phase() == Phase.RUNNING || session.phase() == Phase.WAITING_FOR_A_LOCK;
            if (works || isToBeLowered(session, state)) {
                return true;
            }
        }
        return false;
    }

    /** A sweep's never is: it is at the beginning. */
    private boolean isToBeLowered(Session session, State state) {
        return !has(Change.WATERMARK_ABOVE_THE_CLOCK)
                && session.phase() == Phase.IDLE
                && session.watermark() > state.now();
    }

    private void addInserts(State state, List<Step> steps) {
        for (Rows row : Rows.EACH) {
            boolean late = state.now() >= row.dueAt();
            if (!state.committed().overlap(row) && (!late || troubles.contains(Trouble.LATE_COMMIT))) {
                boolean passed = state.sessions().stream().anyMatch(session -> session.watermark() >= row.dueAt());
                Event event = passed ? Event.COMMITS_BELOW_A_WATERMARK : Event.COMMITS;
                steps.add(new Step("the insert", event, row, state.commit(row)));
            }
        }
    }

    private void addHoldsAndReleases(State state, List<Step> steps) {
        Operator operator = state.operator();
        if (!operator.locked().isEmpty()) {
            addStep(Event.HOLDS, operator.locked(), state.with(operator.holds()), steps);
            if (mayBefall(Trouble.FAILURE, state)) {
                State failed = state.with(operator.rollsBack()).troubled();
                addStep(Event.DOES_NOT_HOLD, operator.locked(), failed, steps);
            }
            return;
        }
        for (Rows row : Rows.EACH) {
            Rows rows = has(Change.HOLD_OF_WHATEVER) ? state.left().and(state.finished()) : state.left();
            if (operator.holdsLeft() > 0 && rows.overlap(row)) {
                addStep(Event.BEGINS_TO_HOLD, row, state.with(operator.locks(row)), steps);
            }
            if (operator.held().overlap(row)) {
                boolean moves = state.now() > state.dueAt(row) && !has(Change.RELEASE_KEEPS_THE_DUE_TIME);
                Event event = moves ? Event.RELEASES_AS_DUE_NOW : Event.RELEASES;
                addStep(event, row, state.with(operator.releases(row, moves)), steps);
            }
        }
    }

    private static void addStep(Event event, Rows row, State after, List<Step> steps) {
        steps.add(new Step("the operator", event, row, after));
    }

    private void addLifeAndDeath(State state, int poller, List<Step> steps) {
        String replica = "replica " + (poller / 2 + 1);
        int sweep = poller + 1;
        if (state.sessions().get(poller).phase() == Phase.DEAD) {
            State restarted = state.with(poller, Session.idle(Session.NOT_YET))
                    .with(sweep, Session.idle(Session.FROM_THE_BEGINNING));
            steps.add(new Step(replica, Event.RESTARTS, Rows.NONE, restarted));
        } else if (mayBefall(Trouble.KILL, state)) {
            State killed = state.with(poller, Session.DEAD).with(sweep, Session.DEAD);
            Rows unlocked = state.locked().without(killed.locked());
            Event event = unlocked.isEmpty() ? Event.IS_KILLED : Event.IS_KILLED_WITH_LOCKS;
            steps.add(new Step(replica, event, unlocked, killed.troubled()));
        }
    }

    private void addSession(State state, int number, List<Step> steps) {
        switch (state.sessions().get(number).phase()) {
            case IDLE -> addBeginning(state, number, steps);
            case RUNNING, WAITING_FOR_A_LOCK -> {
                addProgress(state, number, steps);
                addTroubles(state, number, steps);
            }
            case DEAD, HUNG -> {}
        }
    }

    private void addBeginning(State state, int number, List<Step> steps) {
        Session session = state.sessions().get(number);
        if (session.watermark() == Session.NOT_YET) {
            steps.add(step(number, Event.POLLS_FIRST, Rows.NONE, state, Session.idle(state.now())));
            return;
        }
        if (isToBeLowered(session, state)) {
            steps.add(step(number, Event.LOWERS_ITS_WATERMARK, Rows.NONE, state, Session.idle(state.now())));
        }
        int until = has(Change.NO_DUE_CONDITION) ? Rows.LAST_DUE_AT : state.now();
        Rows snapshot = state.due(state.waiting(), session.watermark(), until);
        if (!snapshot.isEmpty()) {
            boolean free = has(Change.NO_FOR_UPDATE)
                    || !snapshot.without(state.locked()).isEmpty();
            Event event = free ? Event.BEGINS : Event.BEGINS_IN_VAIN;
            steps.add(step(number, event, snapshot, state, session.begins(snapshot)));
        }
        boolean isPoller = number % 2 == 0;
        if (isPoller
                && session.watermark() < state.now() - 1
                && snapshot.without(state.locked()).isEmpty()) {
            steps.add(step(number, Event.RAISES_ITS_WATERMARK, Rows.NONE, state, Session.idle(state.now() - 1)));
        }
    }

    private void addProgress(State state, int number, List<Step> steps) {
        Session session = state.sessions().get(number);
        Rows locked = session.locked();
        if (!session.ahead().isEmpty() && locked.size() < BATCH_SIZE) {
            addNextRow(state, number, steps);
        } else if (locked.isEmpty()) {
            steps.add(step(number, Event.FINDS_NOTHING, locked, state, Session.idle(session.watermark())));
        } else {
            Session moved = Session.idle(watermarkAfter(state, number));
            steps.add(step(number, Event.FINISHES, locked, state.finish(locked), moved));
        }
    }

    private void addNextRow(State state, int number, List<Step> steps) {
        Session session = state.sessions().get(number);
        boolean waiting = session.phase() == Phase.WAITING_FOR_A_LOCK;
        Rows row = session.ahead().first();
        if (has(Change.NO_FOR_UPDATE)) {
            steps.add(step(number, Event.TAKES, row, state, session.locks(row)));
        } else if (!state.locked().overlap(row)) {
            addSecondLook(state, number, row, steps);
        } else if (!has(Change.NO_SKIP_LOCKED)) {
            steps.add(step(number, Event.SKIPS, row, state, session.passes(row)));
        } else if (!waiting) {
            steps.add(step(number, Event.WAITS, row, state, session.waits()));
        }
    }

    private static void addSecondLook(State state, int number, Rows row, List<Step> steps) {
        Session session = state.sessions().get(number);
        if (state.finished().overlap(row)) {
            boolean waited = session.phase() == Phase.WAITING_FOR_A_LOCK;
            Event leavesOut = waited ? Event.LEAVES_OUT_AFTER_WAITING : Event.LEAVES_OUT;
            steps.add(step(number, leavesOut, row, state, session.passes(row)));
            return;
        }
        if (!state.operator().held().overlap(row)) {
            steps.add(step(number, Event.LOCKS, row, state, session.locks(row)));
        }
        // One that was released since the statement has read the clock is not due by that reading.
        if (!state.waiting().without(state.operator().moved()).overlap(row)) {
            steps.add(step(number, Event.LEAVES_OUT_CHANGED, row, state, session.passes(row)));
        }
    }

    private void addTroubles(State state, int number, List<Step> steps) {
        Session session = state.sessions().get(number);
        Rows locked = session.locked();
        // What fails before it has locked anything might as well not have begun.
        if (mayBefall(Trouble.FAILURE, state) && !locked.isEmpty()) {
            boolean moves = has(Change.WATERMARK_MOVED_BY_FAILURES);
            Session failed = Session.idle(moves ? watermarkAfter(state, number) : session.watermark());
            steps.add(step(number, Event.FAILS, locked, state.troubled(), failed));
            if (session.ahead().isEmpty() || locked.size() == BATCH_SIZE) {
                State finished = state.finish(locked).troubled();
                steps.add(step(number, Event.FINISHES_UNANSWERED, locked, finished, failed));
            }
        }
        if (mayBefall(Trouble.HANG, state)) {
            steps.add(step(number, Event.HANGS, locked, state.troubled(), session.hangs()));
        }
    }

    /** Just below the latest row finished, because others may be due at the very same time. */
    private int watermarkAfter(State state, int number) {
        Session session = state.sessions().get(number);
        boolean isSweep = number % 2 == 1;
        int latest = state.dueAt(session.locked());
        int below = has(Change.WATERMARK_AT_THE_LATEST) ? latest : latest - 1;
        return isSweep ? session.watermark() : Math.max(session.watermark(), below);
    }

    private boolean has(Change change) {
        return changes.contains(change);
    }

    private boolean mayBefall(Trouble trouble, State state) {
        return state.troublesLeft() > 0 && troubles.contains(trouble);
    }

    private static Step step(int number, Event event, Rows rows, State state, Session then) {
        return new Step(SESSIONS.get(number), event, rows, state.with(number, then));
    }
}
