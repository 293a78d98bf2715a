package dev.tallyhook.processing;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.PROCEED;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the clock, and finishes what is due. Any number of replicas may do so on the same table.
 *
 * <p>The schedule ticks on whole seconds, which alone would finish a transaction up to a second late. So a tick does not
 * poll once: it drains, sleeps until the next one is due, and drains again, until the next tick takes over from it. That
 * bounds each tick, leaves no gap between two, and if one dies, the next is a second away.
 */
@ApplicationScoped
public class DuePoller {

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

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final DueTransactions due;
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
    private long lookedNanos = System.nanoTime() - LOOK.toNanos();

    private volatile long lastSuccessNanos = System.nanoTime();
    private volatile boolean stopping;

    DuePoller(DueTransactions due, ProcessingMetrics metrics, ProcessingConfig config, Ticks ticks) {
        this.due = due;
        this.metrics = metrics;
        this.config = config;
        this.tick = ticks.every(PERIOD, "poller", this::pollInTurn, Tick.Trait.FINISHES_ROWS, Tick.Trait.OVERLAPS);
    }

    void start(@Observes StartupEvent event) {
        metrics.showHeartbeatAge(this::sinceLastSuccess);
    }

    @Scheduled(every = "1s", concurrentExecution = PROCEED, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void pollInTurn() throws InterruptedException {
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
        return latestTick.get() == number && !stopping;
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
            DueTransactions.Batch batch = due.finish(from, size);
            boolean isFull = batch.count() == size;
            size = batch.next(from, size, config.batchSize());
            from = batch.watermark();
            watermark = from;
            metrics.finishedByPoller(batch.count());
            succeeded();
            if (!isFull) {
                return untilNext(batch, Duration.ofNanos(System.nanoTime() - begunNanos));
            }
        }
        return Duration.ZERO;
    }

    private Duration untilNext(DueTransactions.Batch batch, Duration poll) throws SQLException {
        Duration least = between(PAUSE_MIN, poll, PAUSE_MIN_BUSY);
        if (batch.count() > 0 && System.nanoTime() - lookedNanos < LOOK.toNanos()) {
            return least; // What comes next is soon.
        }
        OffsetDateTime reached = passed(looked, batch.watermark());
        DueTransactions.Outlook outlook = due.outlook(reached);
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

    private void succeeded() {
        lastSuccessNanos = System.nanoTime();
        metrics.heartbeat();
        tick.succeeded();
        if (failing) {
            failing = false;
            Log.info("Due transactions are finished again");
        }
    }

    private void failed(SQLException failure) {
        metrics.pollFailed();
        tick.goesOn();
        // The watermark stays: it moves after a success only, so whatever failed is above it.
        if (!failing) {
            failing = true;
            Log.warnf("Due transactions wait; they are tried again several times a second: %s", failure.getMessage());
        }
    }

    /** Whether polls have failed, or have not happened, for longer than is normal. */
    public boolean stalled() {
        return sinceLastSuccess() > config.stalledAfter().toNanos();
    }

    private long sinceLastSuccess() {
        return System.nanoTime() - lastSuccessNanos;
    }

    /** Waits for the running batch, which is short; what is still due is left to the next start or another replica. */
    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        turn.lock();
        try {
            stopped.signalAll();
        } finally {
            turn.unlock();
        }
    }
}
