package dev.tallyhook.schedule;

import io.quarkus.logging.Log;
import java.time.Duration;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Something that is done again and again. Nothing that it throws gets out, and each throw is counted; when it last got on is
 * known by the monotonic clock. {@link Ticks} makes them.
 */
public final class Tick {

    /** What is done. */
    @FunctionalInterface
    public interface Task {
        /** Does it once. What a task expects to go wrong, such as a database that is away, it handles itself. */
        void run() throws Exception;
    }

    /** How one differs from others. */
    public enum Trait {
        /** Without it due rows are left behind, so health depends on it. */
        FINISHES_ROWS,
        /** The next one may come while one is under way, which says itself, by {@link #succeeded}, that it works. */
        OVERLAPS,
        /** It writes what nobody waits for, by sessions by which others read: it can be put off while writing hangs. */
        WRITES_ASIDE
    }

    private final String name;
    private final long periodNanos;
    private final Task task;
    private final Set<Trait> traits;
    private final Runnable countFailure;
    private final LongSupplier clock;

    private int underWay;
    private boolean everBegun;
    private boolean stopped;

    /** Whether it was not the schedule that started it last. */
    private boolean rescued;

    private boolean failing;
    private long failingSinceNanos;
    private long begunNanos;

    /** When somebody said last that it is time, or the one under way ended. */
    private long heardNanos;

    private long restUntilNanos;
    private volatile long wentOnNanos;

    /** @param clock in nanoseconds, as {@link System#nanoTime} */
    Tick(String name, Duration period, Task task, Set<Trait> traits, Runnable countFailure, LongSupplier clock) {
        this.name = name;
        this.periodNanos = period.toNanos();
        this.task = task;
        this.traits = Set.copyOf(traits);
        this.countFailure = countFailure;
        this.clock = clock;
        long now = clock.getAsLong();
        heardNanos = now;
        restUntilNanos = now;
        wentOnNanos = now;
    }

    /**
     * The schedule says that it is time. The task runs on this thread, unless it rests, is under way, or has only just
     * begun, as when a clock that was set makes the schedule come twice.
     */
    public void come() {
        isScheduled();
        comeUnscheduled();
    }

    private synchronized void isScheduled() {
        rescued = false;
    }

    /** It is time by the monotonic clock, and the schedule has said nothing. */
    void comeUnscheduled() {
        if (begins()) {
            try {
                run();
            } finally {
                ended();
            }
        }
    }

    private synchronized boolean begins() {
        long now = clock.getAsLong();
        heardNanos = now;
        if (stopped || isBusy()) {
            return false;
        }
        isQuietNoLonger(now);
        boolean justBegun = everBegun && now - begunNanos < periodNanos / 2;
        if (justBegun || now - restUntilNanos < 0) {
            return false;
        }
        everBegun = true;
        begunNanos = now;
        underWay++;
        return true;
    }

    /** One that overlaps may hang while others come, so it has to say itself that it gets on. */
    private void isQuietNoLonger(long now) {
        if (!overlaps()) {
            wentOnNanos = now;
        }
    }

    private boolean isBusy() {
        return underWay > 0 && !overlaps();
    }

    private boolean overlaps() {
        return traits.contains(Trait.OVERLAPS);
    }

    private void run() {
        try {
            task.run();
            if (!overlaps()) {
                succeeded();
            }
        } catch (InterruptedException interrupted) {
            if (isStopped()) {
                Thread.currentThread().interrupt();
            } else {
                failed(interrupted);
            }
        } catch (Throwable failure) {
            // Whatever it is, the next tick may do better, and the scheduler's own log would tell of each.
            failed(failure);
        }
    }

    private synchronized void ended() {
        underWay--;
        heardNanos = clock.getAsLong();
        isQuietNoLonger(heardNanos);
    }

    /** The task has got on, well or not: what it does next has its own time. Cheap enough for every statement. */
    public void goesOn() {
        wentOnNanos = clock.getAsLong();
    }

    /** The task works. */
    public void succeeded() {
        goesOn();
        if (endsFailing()) {
            Log.infof("The task \"%s\" works again", name);
        }
    }

    /** Something was thrown that nobody expects: it is counted, and told once until the task works again. */
    public void failed(Throwable failure) {
        goesOn();
        try {
            countFailure.run();
            if (beginsFailing()) {
                Log.errorf(
                        failure,
                        "The task \"%s\" failed in a way that nobody expects; it is tried again and again, and told of once",
                        name);
            }
        } catch (Throwable another) {
            goesOn(); // Without memory not even this can be told; the next tick tries.
        }
    }

    private synchronized boolean beginsFailing() {
        boolean begins = !failing;
        failing = true;
        if (begins) {
            failingSinceNanos = clock.getAsLong();
        }
        return begins;
    }

    private synchronized boolean endsFailing() {
        boolean ends = failing;
        failing = false;
        return ends;
    }

    /** Until then what comes is left out. */
    public synchronized void rest(Duration duration) {
        restUntilNanos = clock.getAsLong() + duration.toNanos();
    }

    /**
     * Whether the schedule should have said that it is time, and has not: for twice the period, and once it is known to be silent, for
     * one.
     *
     * @param awakeNanos what was missed before is forgiven, because nothing ran in this process
     */
    synchronized boolean isOverdue(long awakeNanos) {
        long since = heardNanos - awakeNanos > 0 ? heardNanos : awakeNanos;
        return !stopped && !isBusy() && clock.getAsLong() - since > periodNanos * (rescued ? 1 : 2);
    }

    /** Somebody else than the schedule is going to start it. */
    synchronized void rescue() {
        rescued = true;
        heardNanos = clock.getAsLong();
    }

    synchronized boolean isRescued() {
        return rescued;
    }

    /** Since it last got on, came, or ended, in nanoseconds. */
    long quietNanos() {
        return clock.getAsLong() - wentOnNanos;
    }

    /** Since when it has failed without once working in between, in nanoseconds; 0 if it works. */
    synchronized long failingNanos() {
        return failing ? clock.getAsLong() - failingSinceNanos : 0;
    }

    boolean finishesRows() {
        return traits.contains(Trait.FINISHES_ROWS);
    }

    boolean has(Trait trait) {
        return traits.contains(trait);
    }

    String name() {
        return name;
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    synchronized void stop() {
        stopped = true;
    }
}
