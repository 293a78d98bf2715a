package dev.tallyhook.delivery;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;
import static java.util.Comparator.naturalOrder;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells endpoints what waits for them, as long as there are any: one thread claims, another one writes down what came of it, and what
 * lies between runs on event loops. No connection to the database is held while anything is on its way. Any number of replicas may do so
 * on the same queue.
 */
@Startup // So that its metrics are there from the start.
@ApplicationScoped
class Courier {

    /** How often all endpoints' rows are looked at: what another replica has queued, or is to be tried again, waits so long at most. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** Between two claims: what is queued meanwhile is claimed together. */
    private static final Duration PAUSE = Duration.ofMillis(2);

    /** While much is due, which comes first: how often it is asked whether that is over. */
    private static final Duration REST = Duration.ofMillis(20);

    private static final Duration RETRY_PAUSE = Duration.ofMillis(200);
    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** A stop waits so long for attempts under way. What is not over by then another replica tells again. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private final Lanes lanes;
    private final Settler settler;
    private final Nudge nudge;
    private final LedgerFirst ledgerFirst;
    private final DeliveryMetrics metrics;
    private final Tick tick;
    private @Nullable Thread claiming;
    private @Nullable Thread settling;
    private boolean failing;
    private volatile boolean stopping;
    private volatile boolean settled;

    Courier(Lanes lanes, Settler settler, Telling telling, DeliveryMetrics metrics, Ticks ticks) {
        this.lanes = lanes;
        this.settler = settler;
        this.nudge = telling.nudge();
        this.ledgerFirst = telling.ledgerFirst();
        this.metrics = metrics;
        this.tick = ticks.every(PERIOD, "courier", this::watch);
        metrics.show("tallyhook.delivery.under.way", "Attempts under way of this replica", lanes::underWay);
        metrics.show(
                "tallyhook.delivery.circuits.open", "Endpoints that this replica leaves alone", lanes::openCircuits);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** Begins once there is an endpoint; tells the others how endpoints do. */
    private void watch() throws SQLException {
        lanes.update();
        if (lanes.isEmpty() && claiming == null) {
            return;
        }
        claiming = alive(claiming, "courier", this::claim);
        settling = alive(settling, "courier-outcomes", this::settle);
        try {
            lanes.tellNews();
        } catch (SQLException failure) {
            failed(failure);
        }
    }

    private Thread alive(@Nullable Thread thread, String name, Loop loop) {
        if (thread != null && thread.isAlive()) {
            return thread;
        }
        var started = new Thread(() -> run(loop), name);
        started.setDaemon(true);
        if (!stopping) {
            started.start();
        }
        return started;
    }

    private interface Loop {
        void run() throws InterruptedException;
    }

    /** What nobody expects ends the thread, and the next tick begins another one. */
    private void run(Loop loop) {
        try {
            loop.run();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error unexpected) {
            tick.failed(unexpected);
        }
    }

    private void claim() throws InterruptedException {
        long lookedNanos = System.nanoTime() - LOOK.toNanos();
        boolean rested = false;
        while (!stopping) {
            boolean rests = ledgerFirst.comes();
            long untilLook = rested && !rests ? 0 : LOOK.toNanos() - (System.nanoTime() - lookedNanos);
            rested = rests;
            Set<String> news = rests || untilLook <= 0
                    ? Set.of()
                    : nudge.take(Duration.ofNanos(untilLook).toMillis());
            boolean all = untilLook <= 0 || System.nanoTime() - lookedNanos >= LOOK.toNanos();
            if (all) {
                lookedNanos = System.nanoTime();
                lanes.look();
            }
            if (!rests) {
                claim(all ? null : news);
            }
            Thread.sleep((rests ? REST : PAUSE).toMillis());
        }
    }

    private void claim(@Nullable Set<String> news) throws InterruptedException {
        try {
            lanes.claim(news);
            if (failing) {
                failing = false;
                Log.info("Endpoints are told again");
            }
        } catch (SQLException failure) {
            failed(failure);
            Thread.sleep(RETRY_PAUSE.toMillis());
        }
    }

    private void failed(SQLException failure) {
        metrics.failed();
        if (!failing) {
            failing = true;
            Log.warnf("Endpoints wait; they are told when the database can be asked: %s", failure.getMessage());
        }
    }

    private void settle() throws InterruptedException {
        while (!settled) {
            settler.settle(LOOK, this::written);
        }
        while (settler.settle(Duration.ZERO, this::written)) {
            // Until there is nothing left.
        }
    }

    /** What was given back may be told at once. */
    private void written(List<Parcel> parcels) {
        Map<String, OffsetDateTime> back = parcels.stream()
                .filter(parcel -> !parcel.returned().isEmpty())
                .collect(Collectors.toMap(Parcel::endpointId, Parcel::nextAt, BinaryOperator.minBy(naturalOrder())));
        if (!back.isEmpty()) {
            lanes.lookAgain(back);
            nudge.give(back.keySet());
        }
    }

    /** Begins nothing new, waits for what is under way, and writes down what came of it; the rest goes back to the queue. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping = true;
        nudge.wake();
        if (claiming != null) {
            claiming.join(STOP_MAX.toMillis());
        }
        lanes.giveBackAll();
        long deadline = System.nanoTime() + STOP_MAX.toNanos();
        while (lanes.underWay() > 0 && deadline - System.nanoTime() > 0) {
            Thread.sleep(10);
        }
        settled = true;
        if (settling != null) {
            settling.join(STOP_MAX.toMillis());
        }
    }
}
