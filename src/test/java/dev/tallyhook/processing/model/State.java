package dev.tallyhook.processing.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What the database and the replicas hold at one moment of the model, and what of it must not be.
 *
 * @param now the database's clock
 * @param latest the latest that it has ever said
 * @param committed rows whose insert is committed
 * @param finished rows that are {@code PROCESSED}, for whoever looks now
 * @param operator who holds rows back
 * @param sessions of the replicas, two for each: its poller's and its sweep's
 * @param troublesLeft how many times something may yet go wrong
 * @param harm what the step that led here has done
 */
record State(
        int now,
        int latest,
        Rows committed,
        Rows finished,
        Operator operator,
        List<Session> sessions,
        int troublesLeft,
        Harm harm) {

    enum Harm {
        NONE,
        FINISHED_TWICE,
        FINISHED_EARLY,
        FINISHED_AND_HELD,
        NEVER_FINISHED
    }

    enum Phase {
        DEAD,
        IDLE,
        RUNNING,
        WAITING_FOR_A_LOCK,
        HUNG
    }

    /**
     * A connection of a replica, and the statement that runs on it.
     *
     * @param watermark the statement looks at rows that are due after it
     * @param ahead rows of the statement's snapshot to which it has yet to come
     * @param locked rows that it has locked, and is going to finish
     */
    record Session(Phase phase, int watermark, Rows ahead, Rows locked) {

        /** Before the poller's first poll. */
        static final int NOT_YET = -1;

        static final int FROM_THE_BEGINNING = 0;

        static final Session DEAD = new Session(Phase.DEAD, NOT_YET, Rows.NONE, Rows.NONE);

        static Session idle(int watermark) {
            return new Session(Phase.IDLE, watermark, Rows.NONE, Rows.NONE);
        }

        Session begins(Rows snapshot) {
            return new Session(Phase.RUNNING, watermark, snapshot, Rows.NONE);
        }

        Session locks(Rows row) {
            return new Session(Phase.RUNNING, watermark, ahead.without(row), locked.and(row));
        }

        Session passes(Rows row) {
            return new Session(Phase.RUNNING, watermark, ahead.without(row), locked);
        }

        Session waits() {
            return new Session(Phase.WAITING_FOR_A_LOCK, watermark, ahead, locked);
        }

        Session hangs() {
            return new Session(Phase.HUNG, watermark, Rows.NONE, locked);
        }

        boolean isWell() {
            return phase != Phase.DEAD && phase != Phase.HUNG;
        }

        /** Mixed by hand, because a record's own hash of such small numbers is the same for very many. */
        @Override
        public int hashCode() {
            int packed = (phase.hashCode() * 31 + watermark) * 64 + ahead.bits() * 8 + locked.bits();
            int mixed = packed * 0x9E3779B9;
            return (mixed ^ (mixed >>> 15)) * 0x85EBCA6B;
        }
    }

    /**
     * Who holds rows and releases them.
     *
     * @param holdsLeft how many times it may yet hold one
     * @param locked the row that it is about to hold, before it commits
     * @param held rows that are {@code HELD}, for whoever looks now
     * @param moved rows that were released when they had been due for a while: they are due at the time of their release
     */
    record Operator(int holdsLeft, Rows locked, Rows held, Rows moved) {

        static Operator of(int holds) {
            return new Operator(holds, Rows.NONE, Rows.NONE, Rows.NONE);
        }

        Operator locks(Rows row) {
            return new Operator(holdsLeft - 1, row, held, moved);
        }

        Operator holds() {
            return new Operator(holdsLeft, Rows.NONE, held.and(locked), moved);
        }

        Operator rollsBack() {
            return new Operator(holdsLeft, Rows.NONE, held, moved);
        }

        Operator releases(Rows row, boolean moves) {
            return new Operator(holdsLeft, locked, held.without(row), moves ? moved.and(row) : moved);
        }
    }

    /** By any session. */
    Rows locked() {
        Rows locked = operator.locked;
        for (Session session : sessions) {
            locked = locked.and(session.locked);
        }
        return locked;
    }

    /** Rows that are {@code PROCESSING}, for whoever looks now. */
    Rows waiting() {
        return committed.without(finished).without(operator.held);
    }

    /** When the last of them is due; there must be one. The time in which one can be released that has been due for a while is the last. */
    int dueAt(Rows rows) {
        return rows.overlap(operator.moved) ? Rows.LAST_DUE_AT : rows.dueAt();
    }

    /** Those with {@code due_at > above} and {@code due_at <= until}. */
    Rows due(Rows rows, int above, int until) {
        Rows due = Rows.NONE;
        for (Rows row : Rows.EACH) {
            if (rows.overlap(row) && dueAt(row) > above && dueAt(row) <= until) {
                due = due.and(row);
            }
        }
        return due;
    }

    /** Rows that anybody could finish who looks at them. */
    Rows left() {
        return waiting().without(locked());
    }

    /** If it stays so for ever: then no row may be left, unless no replica is well that could finish it. */
    Harm harmAtRest() {
        return harm == Harm.NONE && !left().isEmpty() && isAnyReplicaWell() ? Harm.NEVER_FINISHED : harm;
    }

    private boolean isAnyReplicaWell() {
        for (int poller = 0; poller < sessions.size(); poller += 2) {
            if (sessions.get(poller).isWell() && sessions.get(poller + 1).isWell()) {
                return true;
            }
        }
        return false;
    }

    State at(int time) {
        return new State(time, Math.max(latest, time), committed, finished, operator, sessions, troublesLeft, harm);
    }

    State commit(Rows row) {
        return new State(now, latest, committed.and(row), finished, operator, sessions, troublesLeft, harm);
    }

    State finish(Rows rows) {
        // Whoever began when it was due may end after the clock was set back: the row says then that it was finished
        // when due.
        Harm early = dueAt(rows) > latest ? Harm.FINISHED_EARLY : Harm.NONE;
        Harm held = rows.overlap(operator.held) ? Harm.FINISHED_AND_HELD : early;
        Harm done = rows.overlap(finished) ? Harm.FINISHED_TWICE : held;
        return new State(now, latest, committed, finished.and(rows), operator, sessions, troublesLeft, done);
    }

    State with(Operator then) {
        Harm done = then.held.overlap(finished) ? Harm.FINISHED_AND_HELD : harm;
        return new State(now, latest, committed, finished, then, sessions, troublesLeft, done);
    }

    State with(int number, Session session) {
        List<Session> changed = new ArrayList<>(sessions);
        changed.set(number, session);
        return new State(now, latest, committed, finished, operator, List.copyOf(changed), troublesLeft, harm);
    }

    State troubled() {
        return new State(now, latest, committed, finished, operator, sessions, troublesLeft - 1, harm);
    }

    /** The same with the replicas changed about. They are alike, so what can follow is the same as well. */
    State mirrored() {
        List<Session> changed = new ArrayList<>(sessions);
        Collections.rotate(changed, 2);
        return new State(now, latest, committed, finished, operator, List.copyOf(changed), troublesLeft, harm);
    }
}
