package dev.tallyhook.processing;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.agroal.DataSource;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finishes what lies below the poller's watermark: what was overdue when the service started, rows that were locked by a
 * replica that then died, rows that were committed after later ones. It reads the due index from where something may wait, past what is
 * finished, and strays, so it has a connection of its own, on which it cannot make the poller late, and time enough.
 */
@Startup
@ApplicationScoped
class Sweep {

    /** A sweep rests so many times as long as it takes: it costs a twentieth of one connection's time, until that is {@link #REST_MAX}. */
    private static final int REST_FACTOR = 20;

    /** {@code query_canceled}: the sweep took longer than its {@code statement_timeout}. */
    private static final String STATEMENT_TIMEOUT = "57014";

    private static final Duration REST_MAX = Duration.ofSeconds(30);

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** A stop waits so long for the running batch. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private final DueTransactions due;
    private final Distribution distribution;
    private final DueOnNodes onNodes;
    private final ProcessingMetrics metrics;
    private final ProcessingConfig config;
    private final ReentrantLock turn = new ReentrantLock();
    private final Tick tick;
    private Duration tookBefore = Duration.ZERO;
    private boolean failing;
    private volatile boolean stopping;

    Sweep(
            @DataSource("sweep") javax.sql.DataSource dataSource,
            Distribution distribution,
            DueOnNodes onNodes,
            Lateness lateness,
            FinishSpans spans,
            Telling telling,
            SteppedOver steppedOver,
            Refusals refusals,
            ProcessingMetrics metrics,
            ProcessingConfig config,
            Ticks ticks) {
        this.distribution = distribution;
        this.onNodes = onNodes;
        this.due = new DueTransactions(dataSource, lateness, spans, telling, steppedOver, refusals);
        this.metrics = metrics;
        this.config = config;
        this.tick = ticks.every(PERIOD, "sweep", this::sweepInTurn, Tick.Trait.FINISHES_ROWS);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void sweepInTurn() {
        long start = System.nanoTime();
        turn.lock();
        try {
            boolean more = sweep();
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            tick.rest(more ? Duration.ZERO : rest(took, tookBefore));
            tookBefore = took;
            failing = false;
        } catch (SQLException failure) {
            // A database that is away costs nothing to ask again. A sweep that was cut off for its length, or went
            // around
            // a damaged page, would cost it all again.
            boolean isDear = STATEMENT_TIMEOUT.equals(failure.getSQLState()) || failure instanceof UnreadableException;
            metrics.sweepFailed();
            tick.rest(isDear ? REST_MAX : Duration.ZERO);
            if (!failing) {
                failing = true;
                Log.warnf("The sweep failed; what it is to find waits until it succeeds: %s", failure.getMessage());
            }
        } catch (RuntimeException | Error unexpected) {
            metrics.sweepFailed();
            throw unexpected;
        } finally {
            turn.unlock();
        }
    }

    /**
     * How long to rest after a sweep. One that was slow for once, such as behind a lock or on a server that had just come back, does
     * not make the next one late: it rests for what two in a row cost.
     */
    static Duration rest(Duration took, Duration tookBefore) {
        Duration cost = took.compareTo(tookBefore) < 0 ? took : tookBefore;
        Duration rest = cost.multipliedBy(REST_FACTOR);
        return rest.compareTo(REST_MAX) < 0 ? rest : REST_MAX;
    }

    /** Whether there may be more. */
    private boolean sweep() throws SQLException {
        List<Node> nodes = distribution.nodes();
        return nodes.isEmpty() ? sweepLedger() : sweepNodes(nodes);
    }

    /** One server that is away keeps none of the others from being swept. */
    private boolean sweepNodes(List<Node> nodes) throws SQLException {
        boolean more = false;
        SQLException failure = null;
        for (Node node : nodes) {
            tick.goesOn();
            try {
                DueOnNodes.OnNode onNode = onNodes.toSweep(node);
                metrics.finishedBySweep(onNode.tryAgain());
                more |= sweepNode(onNode);
            } catch (SQLException away) {
                distribution.mayBeOtherwise(away);
                if (failure != null) {
                    metrics.sweepFailed(); // One is counted where it is caught.
                }
                failure = failure instanceof UnreadableException ? failure : away;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return more;
    }

    /** All its shards at once; one by one if something cannot be read, so that the way around it in one leads through no other. */
    private boolean sweepNode(DueOnNodes.OnNode onNode) throws SQLException {
        try {
            return sweep(onNode::finish, DueTransactions.FROM_THE_BEGINNING, false);
        } catch (UnreadableException inSomeShard) {
            Log.debugf("The sweep goes shard by shard: %s", inSomeShard.getMessage());
        }
        boolean more = false;
        SQLException failure = null;
        for (SweepPass.Finish shard : onNode.shardByShard()) {
            tick.goesOn();
            try {
                more |= sweep(shard, DueTransactions.FROM_THE_BEGINNING, true);
            } catch (SQLException ofOne) {
                if (DatabaseFailure.isOfTheServer(ofOne) && !OnShards.isBusy(ofOne)) {
                    throw ofOne;
                }
                failure = failure instanceof UnreadableException ? failure : ofOne;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return more;
    }

    private boolean sweepLedger() throws SQLException {
        metrics.finishedBySweep(due.tryAgain());
        SQLException damage = null;
        boolean more = false;
        try {
            more = sweep(due::finish, due.belowAll(), true);
        } catch (UnreadableException unreadable) {
            damage = unreadable; // It need not keep the strays too.
        }
        more |= sweep(due::finishStrays, DueTransactions.FROM_THE_BEGINNING, true);
        if (damage != null) {
            throw damage;
        }
        return more;
    }

    private boolean sweep(SweepPass.Finish statement, OffsetDateTime from, boolean goesAround) throws SQLException {
        return new SweepPass(
                        statement,
                        config.batchSize(),
                        batch -> {
                            tick.goesOn();
                            metrics.finishedBySweep(batch.count());
                        },
                        () -> stopping,
                        goesAround)
                .goThrough(from);
    }

    /** Waits for the running batch, unless it is long in finding anything: then PostgreSQL ends the statement by itself, or undoes it. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping = true;
        if (turn.tryLock(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
            turn.unlock();
        }
    }
}
