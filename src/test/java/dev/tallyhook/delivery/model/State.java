package dev.tallyhook.delivery.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What the database, the replicas and the receiver hold at one moment of the model, and what of it must not be. Sets of messages are
 * written in bits, the lowest for message 1.
 *
 * @param finished messages whose transaction is finished
 * @param unqueued of them those that somebody is still about to queue; none, unless the protocol is changed
 * @param told messages that the receiver has
 * @param dead messages that were given up
 * @param queue its rows, in the order of their messages
 * @param replicas what each has claimed
 * @param troublesLeft how many times something may yet go wrong
 * @param harm what the step that led here has done
 */
record State(
        int finished,
        int unqueued,
        int told,
        int dead,
        Endpoint endpoint,
        List<Row> queue,
        List<Parcel> replicas,
        int troublesLeft,
        Harm harm) {

    /** Two are enough: one of a row is told, and the other one is not. */
    static final List<Integer> MESSAGES = List.of(1, 2);

    static final int ALL = 3;

    enum Harm {
        NONE,
        /** It is told what is not finished. */
        TOLD_EARLY,
        /** It is finished, and neither told, nor in the queue, nor a dead letter. */
        LOST,
        /** It stands in two rows, or in a row and is a dead letter. */
        QUEUED_TWICE,
        /** What came of a lease that was lost has changed something of whoever has it now. */
        CHANGED_BY_A_LOST_LEASE,
        /** There is no way any more to its being told. */
        NEVER_TOLD,
        /** There is no way any more to the end of what a deleted endpoint had. */
        LEFT_BEHIND
    }

    enum Endpoint {
        ENABLED,
        PAUSED,
        DELETED
    }

    /**
     * A row of the queue. No two have the same messages, so they tell one from the other.
     *
     * @param tries that failed
     * @param holder the replica that claimed it last, {@link #NOBODY}, or {@link #A_DEAD_ONE}
     * @param isLeaseOver whether it may be claimed all the same
     */
    record Row(int messages, int tries, int holder, boolean isLeaseOver) {

        static final int NOBODY = -1;

        /** One that knows nothing of it any more. */
        static final int A_DEAD_ONE = 2;

        static Row of(int messages, int tries) {
            return new Row(messages, tries, NOBODY, false);
        }

        Row claimedBy(int replica) {
            return new Row(messages, tries, replica, false);
        }

        Row withLeaseOver() {
            return new Row(messages, tries, holder, true);
        }

        Row left() {
            return new Row(messages, tries, A_DEAD_ONE, isLeaseOver);
        }

        Row mirrored() {
            return holder == NOBODY || holder == A_DEAD_ONE ? this : new Row(messages, tries, 1 - holder, isLeaseOver);
        }
    }

    /**
     * What a replica has claimed, and what has come of each message. One parcel for each is enough: two of one replica are like those of
     * two.
     *
     * @param tries that had failed before
     * @param waiting messages that have not begun
     * @param delivered messages that were acknowledged
     * @param failed messages that were not, whether the receiver has them or not
     * @param returned messages that are given back untried
     * @param isGone whether the row that it was claimed as has been deleted
     */
    record Parcel(int messages, int tries, int waiting, int delivered, int failed, int returned, boolean isGone) {

        static final Parcel NONE = new Parcel(0, 0, 0, 0, 0, 0, false);

        static Parcel of(Row row) {
            return new Parcel(row.messages, row.tries, row.messages, 0, 0, 0, false);
        }

        boolean isNone() {
            return messages == 0;
        }

        Parcel delivers(int message) {
            return new Parcel(messages, tries, waiting & ~message, delivered | message, failed, returned, isGone);
        }

        Parcel fails(int message) {
            return new Parcel(messages, tries, waiting & ~message, delivered, failed | message, returned, isGone);
        }

        Parcel givesBack() {
            return new Parcel(messages, tries, 0, delivered, failed, waiting, isGone);
        }

        Parcel withoutRow() {
            return new Parcel(messages, tries, waiting, delivered, failed, returned, true);
        }

        boolean isOf(Row row) {
            return messages == row.messages && !isGone;
        }
    }

    static State start(int troublesMax) {
        return new State(
                0, 0, 0, 0, Endpoint.ENABLED, List.of(), List.of(Parcel.NONE, Parcel.NONE), troublesMax, Harm.NONE);
    }

    State finish(int messages) {
        return new State(finished | messages, unqueued, told, dead, endpoint, queue, replicas, troublesLeft, harm);
    }

    State withUnqueued(int messages) {
        return new State(finished, messages, told, dead, endpoint, queue, replicas, troublesLeft, harm);
    }

    State tell(int message) {
        Harm early = (finished & message) == 0 ? Harm.TOLD_EARLY : harm;
        return new State(finished, unqueued, told | message, dead, endpoint, queue, replicas, troublesLeft, early);
    }

    State withDead(int messages) {
        return new State(finished, unqueued, told, messages, endpoint, queue, replicas, troublesLeft, harm);
    }

    State with(Endpoint then) {
        return new State(finished, unqueued, told, dead, then, queue, replicas, troublesLeft, harm);
    }

    State with(int replica, Parcel parcel) {
        List<Parcel> changed = new ArrayList<>(replicas);
        changed.set(replica, parcel);
        return new State(finished, unqueued, told, dead, endpoint, queue, List.copyOf(changed), troublesLeft, harm);
    }

    State with(List<Row> rows) {
        List<Row> ordered = rows.stream()
                .sorted(Comparator.comparingInt(Row::messages).thenComparingInt(Row::tries))
                .toList();
        return new State(finished, unqueued, told, dead, endpoint, ordered, replicas, troublesLeft, harm);
    }

    State plus(Row row) {
        List<Row> more = new ArrayList<>(queue);
        more.add(row);
        return with(more);
    }

    State replace(Row row, Row by) {
        List<Row> changed = new ArrayList<>(queue);
        changed.set(queue.indexOf(row), by);
        return with(changed);
    }

    /** Whoever has it claimed will not find it any more. */
    State delete(Row row) {
        State after = with(queue.stream().filter(other -> !other.equals(row)).toList());
        for (int replica = 0; replica < replicas.size(); replica++) {
            if (replicas.get(replica).isOf(row)) {
                after = after.with(replica, replicas.get(replica).withoutRow());
            }
        }
        return after;
    }

    State clean() {
        State after = this;
        for (Row row : queue) {
            after = after.delete(row);
        }
        return new State(finished, 0, told, 0, endpoint, List.of(), after.replicas, troublesLeft, harm);
    }

    State harmed(Harm done) {
        return done == harm
                ? this
                : new State(finished, unqueued, told, dead, endpoint, queue, replicas, troublesLeft, done);
    }

    State troubled() {
        return new State(finished, unqueued, told, dead, endpoint, queue, replicas, troublesLeft - 1, harm);
    }

    /** What must not be at any time. */
    Harm harmNow() {
        if (harm != Harm.NONE || endpoint == Endpoint.DELETED) {
            return harm;
        }
        int somewhere = dead;
        for (Row row : queue) {
            if ((somewhere & row.messages) != 0) {
                return Harm.QUEUED_TWICE;
            }
            somewhere |= row.messages;
        }
        return (finished & ~(told | somewhere | unqueued)) == 0 ? Harm.NONE : Harm.LOST;
    }

    /** Whether nothing is left to do. */
    boolean isDone() {
        return endpoint == Endpoint.DELETED
                ? queue.isEmpty() && dead == 0 && replicas.stream().allMatch(Parcel::isNone)
                : told == ALL;
    }

    /** The same with the replicas changed about. They are alike, so what can follow is the same as well. */
    State mirrored() {
        return new State(
                finished,
                unqueued,
                told,
                dead,
                endpoint,
                queue.stream().map(Row::mirrored).toList(),
                List.of(replicas.get(1), replicas.get(0)),
                troublesLeft,
                harm);
    }

    /** Mixed by hand, because a record's own hash of such small numbers is the same for very many. */
    @Override
    public int hashCode() {
        long packed = finished
                + 4L * told
                + 16L * dead
                + 64L * endpoint.name().hashCode()
                + 256L * troublesLeft
                + 1024L * unqueued;
        for (Row row : queue) {
            packed = packed * 0x9E3779B97F4A7C15L
                    + row.messages
                    + 4L * row.tries
                    + 16L * (row.holder + 1)
                    + (row.isLeaseOver ? 64 : 0);
        }
        for (Parcel parcel : replicas) {
            packed = packed * 0x9E3779B97F4A7C15L
                    + parcel.messages
                    + 4L * parcel.tries
                    + 16L * parcel.waiting
                    + 64L * parcel.delivered
                    + 256L * parcel.failed
                    + 1024L * parcel.returned
                    + (parcel.isGone ? 4096 : 0);
        }
        return Long.hashCode(packed * 0xC2B2AE3D27D4EB4FL);
    }
}
