package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The seam between HTTP and the ledger: takes a webhook that keeps every rule, and answers with a receipt once it is on
 * disk.
 *
 * <p>Webhooks are written in groups. While one group is being committed the next one gathers, so a lone webhook waits for
 * nobody, and many share a commit; there is no timer. One writer is enough: a second one gains nothing, because what limits
 * a group is the database's work for its rows and not the wait for its commit.
 */
@ApplicationScoped
public class Intake {

    /** How often it is looked whether somebody has waited too long; {@code answer-within} is kept to this precision. */
    private static final Duration LOOK = Duration.ofMillis(20);

    /** Statements that take longer are stuck: each of their timeouts, and that of their connection, is shorter. */
    private static final Duration GROUP_MAX = Duration.ofSeconds(10);

    /** A stop waits so long for the group that is being written. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private final LedgerWriter ledger;
    private final WaitingRoom waiting;
    private final IntakeMetrics metrics;
    private final TransactionLog log = new TransactionLog();
    private final Duration answerWithin;
    private final Thread writer = new Thread(this::writeUntilClosed, "intake-writer");
    private final Thread watch = new Thread(this::watchUntilClosed, "intake-watch");
    private volatile List<Pending> beingWritten = List.of();

    /** When the statements under way began, by the monotonic clock. */
    private volatile long writingSince;

    private volatile boolean stopped;
    private boolean databaseAway;

    Intake(LedgerWriter ledger, IntakeMetrics metrics, IntakeConfig config) {
        this.ledger = ledger;
        this.waiting = new WaitingRoom(config.waitingMax(), config.groupSizeMax());
        this.metrics = metrics;
        this.answerWithin = config.answerWithin();
        watch.setDaemon(true);
    }

    void start(@Observes StartupEvent event) {
        writer.start();
        watch.start();
        metrics.show(waiting::size, () -> beingWritten.size());
    }

    /**
     * Refuses early what would be refused later, before its body is worth reading.
     *
     * @throws ProblemException 503 if the intake is full or closing
     */
    void requireRoom() {
        waiting.requireRoom();
    }

    /**
     * Stores the webhook.
     *
     * @return its receipt, or a {@link ProblemException} with 503 if the database did not confirm in time. After a 503 the
     *     webhook may be stored all the same; the sender's retry is then a replay.
     * @throws ProblemException 503 if the intake is full or closing
     */
    CompletionStage<Receipt> record(Webhook webhook) {
        var pending = new Pending(webhook, System.nanoTime(), new CompletableFuture<>());
        waiting.enter(pending);
        return pending.receipt();
    }

    private void writeUntilClosed() {
        try {
            for (List<Pending> group = waiting.nextGroup(); !group.isEmpty(); group = waiting.nextGroup()) {
                beingWritten = group;
                write(group);
                beingWritten = List.of();
                refuse(waiting.leaveIfCrowded(), WaitingRoom.full());
            }
        } catch (InterruptedException interrupted) {
            Log.debug("The writer was told to stop");
        }
    }

    private void write(List<Pending> group) {
        long since = System.nanoTime();
        writingSince = since;
        try {
            List<Receipt> receipts =
                    ledger.write(group.stream().map(Pending::webhook).toList());
            metrics.committed(group.size(), System.nanoTime() - since);
            for (int i = 0; i < group.size(); i++) {
                group.get(i).receipt().complete(receipts.get(i));
            }
            databaseAnswered();
            log.settled(group, receipts);
        } catch (SQLException failure) {
            boolean mayBeOneRows = DatabaseFailure.mayBeOneRows(failure);
            if (mayBeOneRows && group.size() > 1) {
                // One row's fault must not be its neighbours': each is tried alone, unless its sender has been
                // answered meanwhile.
                group.stream()
                        .filter(pending -> !pending.receipt().isDone())
                        .forEach(pending -> write(List.of(pending)));
                return;
            }
            refuse(group, DatabaseFailure.isTransient(failure) ? failure : ProblemException.internal());
            if (mayBeOneRows) {
                log.unwritable(group.get(0), failure);
            } else {
                databaseFailed(failure);
            }
        } catch (Throwable bug) {
            // The writer must outlive whatever a group brings; the answer's mapper logs it.
            refuse(group, bug);
        }
    }

    /** Whether no webhook can be stored, for whatever reason in here. */
    public boolean stalled() {
        return !writer.isAlive() || (!beingWritten.isEmpty() && System.nanoTime() - writingSince > GROUP_MAX.toNanos());
    }

    private void databaseAnswered() {
        if (databaseAway) {
            databaseAway = false;
            Log.info("The database takes webhooks again");
        }
    }

    private void databaseFailed(SQLException failure) {
        if (!databaseAway) {
            databaseAway = true;
            Log.warnf("The database takes no webhooks; they are answered 503 until it does: %s", failure.getMessage());
        }
    }

    private void watchUntilClosed() {
        try {
            while (!stopped) {
                Thread.sleep(LOOK.toMillis());
                refuseWhatWaitsTooLong(System.nanoTime() - answerWithin.toNanos());
            }
        } catch (InterruptedException interrupted) {
            Log.debug("The watch was told to stop");
        }
    }

    private void refuseWhatWaitsTooLong(long sinceBefore) {
        List<Pending> late = new ArrayList<>(waiting.leaveIfSinceBefore(sinceBefore));
        beingWritten.stream()
                .filter(pending -> pending.isSinceBefore(sinceBefore))
                .forEach(late::add);
        refuse(late, ProblemException.unavailable("The database did not confirm in time; try again"));
    }

    private static void refuse(List<Pending> refused, Throwable why) {
        refused.forEach(pending -> pending.receipt().completeExceptionally(why));
    }

    /** From here on nothing is taken, so that what was taken can be answered before the connections close. */
    void close(@Observes ShutdownDelayInitiatedEvent event) {
        waiting.close();
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        waiting.close();
        writer.join(STOP_MAX.toMillis());
        stopped = true;
        if (writer.isAlive()) {
            writer.interrupt();
            Log.warn("Stopped while the database still owed an answer; those senders were answered 503");
        }
    }
}
