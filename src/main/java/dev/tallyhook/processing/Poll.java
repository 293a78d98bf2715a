package dev.tallyhook.processing;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import io.quarkus.logging.Log;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finishes what is due, of a ledger or on one server of it: drains, sleeps until the next one is due, and drains again, until the next
 * tick takes over.
 */
final class Poll {

    /** Between two polls that have little to do, so that what is due is finished in time. */
    private static final Duration PAUSE_MIN = Duration.ofMillis(2);

    /**
     * Between two polls that have much to do, each of which takes longer: what becomes due meanwhile is finished together, which spares
     * the database small commits. In between, a pause is as long as the poll before it.
     */
    private static final Duration PAUSE_MIN_BUSY = Duration.ofMillis(5);

    /** The longest sleep: a row with an earlier due time may yet come from a replica with a shorter delay. */
    private static final Duration PAUSE_MAX = Duration.ofMillis(500);

    /** What has been due for so long is no longer looked for by polls. */
    private static final Duration LONG_DUE = Duration.ofSeconds(1);

    /** While each poll finishes something, it is not asked what comes next; but so often how the clock goes. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** About so long after a failure: a connection that was cut is a new one then, and a database that is away is not crowded. */
    private static final Duration RETRY_PAUSE = Duration.ofMillis(200);

    /** A part that has failed says nothing as long as nothing new is due in it: after so long without a failure it is taken to be well again. */
    private static final Duration PART_QUIET = Duration.ofSeconds(5);

    private final Due due;

    /** In the log; empty of a ledger that is not distributed. */
    private final String where;

    private final BooleanSupplier isWanted;
    private final Consumer<SQLException> refused;
    private final ProcessingMetrics metrics;
    private final ProcessingConfig config;
    private final Tick tick;

    /** Held by the tick whose turn it is, but for its sleep, in which the next one takes over. */
    private final ReentrantLock turn = new ReentrantLock();

    private final Condition stopped = turn.newCondition();
    private final AtomicInteger latestTick = new AtomicInteger();
    private final AtomicBoolean successorWaits = new AtomicBoolean();

    /** Null until the first poll: what is overdue then is left to the sweep. */
    private @Nullable OffsetDateTime watermark;

    /** The database's clock, when it was asked what comes next. */
    private @Nullable OffsetDateTime looked;

    private boolean failing;

    /** Whether the latest failure, and when, was of a part of the ledger. */
    private boolean partFailed;

    private long partFailedNanos;
    private long lookedNanos = System.nanoTime() - LOOK.toNanos();

    private volatile long lastSuccessNanos = System.nanoTime();
    private volatile boolean stopping;

    /**
     * Of what is due.
     *
     * @param where it is, for the log
     * @param isWanted whether it is still this poll's matter
     * @param refused is told of each failure
     */
    Poll(
            Due due,
            String where,
            BooleanSupplier isWanted,
            Consumer<SQLException> refused,
            ProcessingMetrics metrics,
            ProcessingConfig config,
            Tick tick) {
        this.due = due;
        this.where = where;
        this.isWanted = isWanted;
        this.refused = refused;
        this.metrics = metrics;
        this.config = config;
        this.tick = tick;
    }

    /** Polls until the next one takes over, unless one waits for that already. */
    void inTurn() throws InterruptedException {
        if (!successorWaits.compareAndSet(false, true)) {
            return; // The statement under way is slow, and somebody waits already to take over from it.
        }
        int number = latestTick.incrementAndGet();
        try {
            turn.lockInterruptibly();
        } finally {
            successorWaits.set(false);
        }
        try {
            while (isTurnOf(number)) {
                Duration pause = drainOrFail(number);
                if (isTurnOf(number)) {
                    stopped.awaitNanos(pause.toNanos());
                }
            }
        } finally {
            turn.unlock();
        }
    }

    private Duration drainOrFail(int number) {
        try {
            return drain(number);
        } catch (SQLException failure) {
            failed(failure);
        } catch (RuntimeException | Error unexpected) {
            metrics.pollFailed();
            tick.failed(unexpected);
        }
        return DatabaseFailure.retryPause(RETRY_PAUSE);
    }

    private boolean isTurnOf(int number) {
        return latestTick.get() == number && !stopping && isWanted.getAsBoolean();
    }

    /** Finishes batches until one is not full, and says how long to sleep then. */
    private Duration drain(int number) throws SQLException {
        if (watermark == null) {
            watermark = due.now();
        }
        OffsetDateTime from = watermark;
        int size = config.batchSize();
        while (isTurnOf(number)) {
            long begunNanos = System.nanoTime();
            Due.Batch batch = due.finish(from, size);
            size = batch.next(from, size, config.batchSize());
            from = batch.watermark();
            watermark = from;
            metrics.finishedByPoller(batch.count());
            beat();
            SQLException failure = batch.failure();
            if (failure == null) {
                recovered();
            }
            if (!batch.isFull()) {
                if (failure != null) {
                    partFailedNanos = System.nanoTime();
                    partFailed = true;
                    if (!DatabaseFailure.isOfTheServer(failure)) {
                        moveOn();
                    }
                    throw failure;
                }
                return untilNext(batch, Duration.ofNanos(System.nanoTime() - begunNanos));
            }
        }
        return Duration.ZERO;
    }

    private Duration untilNext(Due.Batch batch, Duration poll) throws SQLException {
        Duration least = between(PAUSE_MIN, poll, PAUSE_MIN_BUSY);
        if (batch.count() > 0 && System.nanoTime() - lookedNanos < LOOK.toNanos()) {
            return least; // What comes next is soon.
        }
        OffsetDateTime reached = passed(looked, batch.watermark());
        Due.Outlook outlook = due.outlook(reached);
        lookedNanos = System.nanoTime();
        looked = outlook.now();
        watermark = notAbove(outlook.now(), reached);
        return between(least, outlook.untilNextDue().orElse(PAUSE_MAX), PAUSE_MAX);
    }

    /**
     * After a batch that was not full: what was due well before it began, is above the watermark and was left, another replica has finished
     * or is about to, or the sweep finds it. Where others finish all, each poll would else read past more and more of it.
     */
    static OffsetDateTime passed(@Nullable OffsetDateTime lookedBefore, OffsetDateTime watermark) {
        if (lookedBefore == null) {
            return watermark;
        }
        OffsetDateTime longDue = lookedBefore.minus(LONG_DUE);
        return longDue.isAfter(watermark) ? longDue : watermark;
    }

    /** The rest has been finished: what a part of the ledger has kept for long is left to the sweep, and not read again by each poll. */
    private void moveOn() throws SQLException {
        OffsetDateTime now = due.now();
        watermark = notAbove(now, passed(looked, Objects.requireNonNull(watermark)));
        looked = now;
    }

    /**
     * Each watermark is a reading of the database's clock, or below the due time of a row that was due by one, so it is above a later
     * reading only if that clock was set back since, or another server with another clock took over. What is accepted from
     * then on is due after the new reading, and would be below the old watermark.
     */
    private static OffsetDateTime notAbove(OffsetDateTime now, OffsetDateTime watermark) {
        return watermark.isAfter(now) ? now : watermark;
    }

    private static Duration between(Duration least, Duration wanted, Duration most) {
        return wanted.compareTo(least) < 0 ? least : wanted.compareTo(most) > 0 ? most : wanted;
    }

    private void beat() {
        lastSuccessNanos = System.nanoTime();
        metrics.heartbeat();
        tick.succeeded();
    }

    private void recovered() {
        if (failing && !(partFailed && System.nanoTime() - partFailedNanos < PART_QUIET.toNanos())) {
            failing = false;
            partFailed = false;
            Log.infof("Due transactions%s are finished again", where);
        }
    }

    private void failed(SQLException failure) {
        metrics.pollFailed();
        tick.goesOn();
        refused.accept(failure);
        // The watermark stays, so whatever failed is above it, unless it was a part of the ledger only.
        // But what cannot even be read would keep all that comes after it, and is left to the sweep.
        if (failure instanceof UnreadableException unreadable) {
            watermark = unreadable.now();
        }
        if (!failing) {
            failing = true;
            Log.warnf(
                    "Due transactions%s wait; they are tried again several times a second: %s",
                    where, failure.getMessage());
        }
    }

    long sinceLastSuccess() {
        return System.nanoTime() - lastSuccessNanos;
    }

    /** It begins nothing more. */
    void stopSoon() {
        stopping = true;
    }

    /** Waits for the running batch, which is short; what is still due is left to the next start or another replica. */
    void stop(Duration patience) throws InterruptedException {
        stopping = true;
        if (turn.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            try {
                stopped.signalAll();
            } finally {
                turn.unlock();
            }
        }
    }
}
