package dev.tallyhook.processing;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.PROCEED;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * Looks at the clock, and finishes what is due. Any number of replicas may do so on the same table.
 *
 * <p>The schedule ticks on whole seconds, which alone would finish a transaction up to a second late. So a tick does not
 * poll once: it polls until the next tick takes over from it ({@link Poll}). That bounds each tick, leaves no gap between two, and if one
 * dies, the next is a second away. Of a distributed ledger each server is polled by itself, so that one that is away makes nothing late
 * that is on another.
 */
@ApplicationScoped
public class DuePoller {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** A stop waits so long for all of them together: longer than a statement may take. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private final Distribution distribution;
    private final DueOnNodes onNodes;
    private final ProcessingMetrics metrics;
    private final ProcessingConfig config;
    private final Refusals refusals;
    private final Tick tick;
    private final Poll ofAll;
    private final Map<Node, Poll> ofNodes = new ConcurrentHashMap<>();
    private final ExecutorService polls = Executors.newCachedThreadPool(poll -> daemon(poll, "poll"));

    DuePoller(
            DueTransactions due,
            Distribution distribution,
            DueOnNodes onNodes,
            ProcessingMetrics metrics,
            ProcessingConfig config,
            Refusals refusals,
            Ticks ticks) {
        this.distribution = distribution;
        this.onNodes = onNodes;
        this.metrics = metrics;
        this.config = config;
        this.refusals = refusals;
        this.tick = ticks.every(PERIOD, "poller", this::poll, Tick.Trait.FINISHES_ROWS, Tick.Trait.OVERLAPS);
        this.ofAll = new Poll(due, "", () -> distribution.map().isEmpty(), this::refused, metrics, config, tick);
    }

    private static Thread daemon(Runnable task, String name) {
        var thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    void start(@Observes StartupEvent event) {
        metrics.showHeartbeatAge(this::sinceLastSuccess);
    }

    @Scheduled(every = "1s", concurrentExecution = PROCEED, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void poll() throws InterruptedException {
        List<Node> nodes = distribution.nodes();
        if (nodes.isEmpty()) {
            ofAll.inTurn();
            return;
        }
        ofNodes.entrySet().removeIf(left -> {
            boolean hasLeft = !nodes.contains(left.getKey());
            if (hasLeft) {
                left.getValue().stopSoon(); // Should its server come back, there is a new one.
            }
            return hasLeft;
        });
        nodes.forEach(node -> polls.execute(() -> poll(node)));
    }

    private void poll(Node node) {
        try {
            ofNodes.computeIfAbsent(node, this::of).inTurn();
        } catch (InterruptedException stopped) {
            Log.debugf("What is due on %s is polled no more", node);
        }
    }

    private Poll of(Node node) {
        return new Poll(
                onNodes.on(node),
                " on " + node,
                () -> distribution.nodes().contains(node),
                this::refused,
                metrics,
                config,
                tick);
    }

    /** A shard may have moved, or somebody has just distributed the ledger. */
    private void refused(SQLException failure) {
        distribution.mayBeOtherwise(failure);
    }

    /**
     * Whether polls have failed, or have not happened, for longer than is normal, or whether whatever was tried was refused meanwhile, by a
     * sweep too; of a distributed ledger on every server.
     */
    public boolean stalled() {
        return sinceLastSuccess() > config.stalledAfter().toNanos() || refusals.goOn() || onNodes.allRefuse();
    }

    private long sinceLastSuccess() {
        return Stream.concat(Stream.of(ofAll), ofNodes.values().stream())
                .mapToLong(Poll::sinceLastSuccess)
                .min()
                .orElseThrow();
    }

    /** Waits for the running batches, which are short; what is still due is left to the next start or another replica. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        List<Poll> all =
                Stream.concat(Stream.of(ofAll), ofNodes.values().stream()).toList();
        all.forEach(Poll::stopSoon);
        long deadline = System.nanoTime() + STOP_MAX.toNanos();
        for (Poll poll : all) {
            poll.stop(Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime())));
        }
        polls.shutdown();
    }
}
