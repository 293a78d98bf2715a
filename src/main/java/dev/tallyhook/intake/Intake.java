package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The seam between HTTP and the ledger: takes a webhook that keeps every rule, and answers with a receipt once it is on
 * disk. What waits is bounded, and so is the time that anyone waits.
 */
@ApplicationScoped
class Intake {

    private final LedgerWriter ledger;
    private final IntakeConfig config;
    private final ThreadPoolExecutor writers;
    private final AtomicBoolean databaseAway = new AtomicBoolean();

    Intake(LedgerWriter ledger, IntakeConfig config) {
        this.ledger = ledger;
        this.config = config;
        this.writers = new ThreadPoolExecutor(
                config.writers(),
                config.writers(),
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(config.waitingMax()),
                task -> new Thread(task, "intake-writer"));
    }

    /**
     * Stores the webhook.
     *
     * @return its receipt, or a {@link ProblemException} with 503 if the intake is full, is closing, or the database did
     *     not confirm in time. After a 503 the webhook may be stored all the same; the sender's retry is then a replay.
     */
    CompletionStage<Receipt> record(Webhook webhook) {
        try {
            return CompletableFuture.supplyAsync(() -> write(webhook), writers)
                    .orTimeout(config.answerWithin().toMillis(), TimeUnit.MILLISECONDS)
                    .exceptionally(failure -> {
                        throw failure instanceof TimeoutException ? late() : new CompletionException(failure);
                    });
        } catch (RejectedExecutionException full) {
            return CompletableFuture.failedFuture(
                    writers.isShutdown()
                            ? ProblemException.unavailable("The service is stopping; try again")
                            : ProblemException.unavailable("The intake is full; try again"));
        }
    }

    private static ProblemException late() {
        return ProblemException.unavailable("The database did not confirm in time; try again");
    }

    private Receipt write(Webhook webhook) {
        try {
            Receipt receipt = ledger.write(List.of(webhook)).get(0);
            if (databaseAway.compareAndSet(true, false)) {
                Log.info("The database takes webhooks again");
            }
            return receipt;
        } catch (SQLException failure) {
            if (DatabaseFailure.isTransient(failure) && databaseAway.compareAndSet(false, true)) {
                Log.warnf(
                        "The database takes no webhooks; they are answered 503 until it does: %s",
                        failure.getMessage());
            }
            throw new CompletionException(failure);
        }
    }

    /** From here on nothing is taken, so that what was taken can be answered before the connections close. */
    void close(@Observes ShutdownDelayInitiatedEvent event) {
        writers.shutdown();
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        writers.shutdown();
        if (!writers.awaitTermination(config.answerWithin().toMillis(), TimeUnit.MILLISECONDS)) {
            Log.warn("Stopped while the database still owed an answer; its senders were answered 503");
        }
    }
}
