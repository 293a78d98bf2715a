package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where webhooks gather for the next commit. It has room for a burst, but not for a crowd that stays: once the oldest of every
 * group has waited too long for {@link #BURST_MAX}, more comes in than goes out, and from then on only one group may wait, so
 * that those who are taken are still answered early. This is the idea of CoDel (RFC 8289): not how many wait tells a good queue
 * from a bad one, but whether their waiting ends.
 */
final class WaitingRoom {

    /** To wait longer than this is to wait too long. */
    static final Duration WAIT_TARGET = Duration.ofMillis(25);

    /** Waiting too long for no longer than this is a burst. */
    static final Duration BURST_MAX = Duration.ofMillis(50);

    /** A crowd is over once no group has been full for so long, or the writer finds nobody waiting. */
    static final Duration CALM_MIN = Duration.ofSeconds(1);

    private final int sizeMax;
    private final int groupSizeMax;
    private final ArrayDeque<Pending> waiting = new ArrayDeque<>();

    /** Of those that wait: a delivery of many events takes the room of as many. */
    private int webhooks;

    /** Since when, by the monotonic clock, they have waited too long; null if they have not. */
    private @Nullable Long slowSinceNanos;

    private long lastFullNanos;
    private boolean crowded;
    private boolean writerIdle;
    private boolean writerWanted;
    private boolean closed;

    WaitingRoom(int sizeMax, int groupSizeMax) {
        this.sizeMax = sizeMax;
        this.groupSizeMax = groupSizeMax;
    }

    /**
     * Takes one in.
     *
     * @throws ProblemException 503 if there is no room, or none any more
     */
    synchronized void enter(Pending pending) {
        requireRoom();
        waiting.addLast(pending);
        webhooks += pending.size();
        if (waiting.size() == 1) {
            notifyAll();
        }
    }

    /**
     * Passes if one that comes now would be taken in.
     *
     * @throws ProblemException 503 if not
     */
    synchronized void requireRoom() {
        if (closed) {
            throw ProblemException.stopping();
        }
        if (writerIdle) {
            crowded = false;
            slowSinceNanos = null;
        }
        if (webhooks >= (crowded ? Math.min(sizeMax, groupSizeMax) : sizeMax)) {
            throw full();
        }
    }

    static ProblemException full() {
        return ProblemException.overloaded("The intake is full; try again");
    }

    /**
     * Waits for one, and lets out with it whatever else has gathered, oldest first.
     *
     * @param patience how long to wait for one; zero is without a limit
     * @return the group, empty only if nobody came in time, the writer was woken, or the room is closed and nobody waits
     */
    synchronized List<Pending> nextGroup(Duration patience) throws InterruptedException {
        writerIdle = true;
        long since = System.nanoTime();
        long left = patience.toMillis();
        while (waiting.isEmpty() && !closed && !writerWanted && (patience.isZero() || left > 0)) {
            wait(left);
            left = patience.isZero()
                    ? 0
                    : patience.toMillis() - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        }
        writerIdle = false;
        // With a group it need not learn what it is wanted for, so it looks up once more after it.
        writerWanted = writerWanted && !waiting.isEmpty();
        List<Pending> group = new ArrayList<>(Math.min(waiting.size(), groupSizeMax));
        int size = 0;
        // A delivery is not divided: one that is larger than a group is a group of its own.
        while (!waiting.isEmpty() && (size == 0 || size + waiting.getFirst().size() <= groupSizeMax)) {
            group.add(leaveFirst());
            size += group.get(group.size() - 1).size();
        }
        if (size > 0) {
            judge(group.get(0).since(), size >= groupSizeMax || !waiting.isEmpty(), System.nanoTime());
        }
        return group;
    }

    private Pending leaveFirst() {
        Pending first = waiting.removeFirst();
        webhooks -= first.size();
        return first;
    }

    private void judge(long oldestSince, boolean full, long now) {
        if (full) {
            lastFullNanos = now;
        }
        if (now - oldestSince <= WAIT_TARGET.toNanos()) {
            slowSinceNanos = null;
        } else if (slowSinceNanos == null) {
            slowSinceNanos = now;
        } else if (now - slowSinceNanos > BURST_MAX.toNanos()) {
            crowded = true;
        }
        if (crowded && now - lastFullNanos > CALM_MIN.toNanos()) {
            crowded = false;
        }
    }

    /** How many webhooks wait. */
    synchronized int size() {
        return webhooks;
    }

    /** Lets out those who have waited since before {@code nanos}, by the monotonic clock. */
    synchronized List<Pending> leaveIfSinceBefore(long nanos) {
        List<Pending> leaving = new ArrayList<>();
        while (!waiting.isEmpty() && waiting.getFirst().isSinceBefore(nanos)) {
            leaving.add(leaveFirst());
        }
        return leaving;
    }

    /** Lets out, in a crowd, the oldest of those who wait beyond one group: they have waited too long already. */
    synchronized List<Pending> leaveIfCrowded() {
        List<Pending> leaving = new ArrayList<>();
        while (crowded && webhooks > groupSizeMax && waiting.size() > 1) {
            leaving.add(leaveFirst());
        }
        return leaving;
    }

    /** Has the writer look up from its waiting: there is something else for it to do. */
    synchronized void wakeWriter() {
        writerWanted = true;
        notifyAll();
    }

    /** Whether nobody is inside, and nobody will be. */
    synchronized boolean isOver() {
        return closed && waiting.isEmpty();
    }

    /** Takes nobody in from now on; those inside are still let out. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
