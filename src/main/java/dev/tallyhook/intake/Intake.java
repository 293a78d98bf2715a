package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * The seam between HTTP and the ledger: takes a webhook that keeps every rule, and answers with a receipt once it is on
 * disk.
 *
 * <p>Webhooks are written in groups. While one group is being committed the next one gathers, so a lone webhook waits for
 * nobody, and many share a commit; there is no timer. One writer is enough: a second one gains nothing, because what limits
 * a group is the database's work for its rows and not the wait for its commit. Of a distributed ledger each server has a writer of its own
 * ({@link Lanes}).
 */
@Singleton
public class Intake {

    /** How often it is looked whether somebody has waited too long; {@code answer-within} is kept to this precision. */
    private static final Duration LOOK = Duration.ofMillis(20);

    /** A stop waits so long for the group that is being written. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    /**
     * So long before the connections are looked at for the last time nothing new is taken, so that nothing is stored whose sender
     * could not be answered any more.
     */
    private static final Duration LAST_CALL = Duration.ofMillis(50);

    private final Lanes lanes;
    private final IntakeMetrics metrics;
    private final Duration answerWithin;
    private final Duration stopDelay;
    private final Thread watch = new Thread(this::watchUntilClosed, "intake-watch");

    /** When to take nothing new, by the monotonic clock; null until it is known. */
    private volatile @Nullable Long closingNanos;

    private volatile boolean stopped;

    Intake(
            Lanes lanes,
            IntakeMetrics metrics,
            IntakeConfig config,
            @ConfigProperty(name = "quarkus.shutdown.delay") Duration stopDelay) {
        this.lanes = lanes;
        this.metrics = metrics;
        this.answerWithin = config.answerWithin();
        this.stopDelay = stopDelay;
        watch.setDaemon(true);
    }

    void start(@Observes StartupEvent event) {
        lanes.start();
        watch.start();
        metrics.show(lanes::gathering, lanes::committing, lanes::away);
    }

    /**
     * Refuses early what would be refused later, before its signature and its rules are checked.
     *
     * @throws ProblemException 503 if the intake is full or closing
     */
    void requireRoom() {
        lanes.requireRoom();
    }

    /**
     * Stores what one request brought, at least one webhook, all of it in one commit, or nothing; of a distributed ledger in one commit of
     * each server that it belongs to.
     *
     * @return a receipt for each, or a {@link ProblemException} with 503 if the database did not confirm in time. After a 503 the
     *     webhook may be stored all the same; the sender's retry is then a replay.
     * @throws ProblemException 503 if the intake is full or closing
     */
    CompletionStage<List<Receipt>> record(List<Webhook> webhooks) {
        var pending = new Pending(webhooks, System.nanoTime(), new CompletableFuture<>());
        lanes.enter(pending);
        return pending.receipts();
    }

    /**
     * Whether the database takes webhooks, as the writer itself finds: by news that are at most 250 ms old, given after at most
     * 500 ms.
     */
    public CompletionStage<Boolean> takesWebhooks() {
        return lanes.takeWebhooks();
    }

    /** Whether no webhook can be stored, for whatever reason in here. */
    public boolean stalled() {
        return !watch.isAlive() || lanes.stalled();
    }

    private void watchUntilClosed() {
        try {
            while (!stopped) {
                Thread.sleep(LOOK.toMillis());
                lanes.refuseWhatWaitsSinceBefore(System.nanoTime() - answerWithin.toNanos());
                closeInTime();
            }
        } catch (InterruptedException interrupted) {
            Log.debug("The watch was told to stop");
        }
    }

    /** For the delay of the stop webhooks are still taken, because balancers need a while to learn of it. */
    void stopSoon(@Observes ShutdownDelayInitiatedEvent event) {
        if (stopDelay.compareTo(LAST_CALL.plus(LOOK)) <= 0) {
            lanes.close();
        } else {
            closingNanos = System.nanoTime() + stopDelay.minus(LAST_CALL).toNanos();
        }
    }

    private void closeInTime() {
        Long closing = closingNanos;
        if (closing != null && System.nanoTime() - closing > 0) {
            lanes.close();
        }
    }

    /** Nothing is taken from here on, and what was taken is answered before the connections close. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        lanes.close();
        boolean over = lanes.areOverWithin(STOP_MAX);
        stopped = true;
        if (!over) {
            Log.warn("Stopped while the database still owed an answer; those senders were answered 503");
        }
    }
}
