package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a group, again if a lost connection may be all that was wrong, and answers everybody in it. To be used by the writer's
 * thread alone; only when a statement began is for every thread.
 */
final class GroupWriter {

    /**
     * About so long before a group is tried a second and a third time: a connection that a restart or a network has cut costs no
     * sender an answer 503. Writing again is safe, because what a lost answer may have hidden is then found as a replay.
     */
    private static final List<Duration> RETRY_PAUSES = List.of(Duration.ofMillis(15), Duration.ofMillis(60));

    /** About so long between groups while the database is away: a server that is recovering is not asked as often as webhooks come. */
    private static final Duration AWAY_PAUSE = Duration.ofMillis(100);

    private final LedgerWriter ledger;
    private final IntakeMetrics metrics;
    private final TransactionLog log = new TransactionLog();
    private boolean databaseAway;

    /** The id that could not be locked last, with none stored since. */
    private @Nullable String lastLocked;

    /** Whether another one could not either: one may be that row's matter, two are not. */
    private boolean severalLocked;

    private volatile long sinceNanos;

    GroupWriter(LedgerWriter ledger, IntakeMetrics metrics) {
        this.ledger = ledger;
        this.metrics = metrics;
    }

    /** A group is about to be written. */
    void begin() {
        sinceNanos = System.nanoTime();
    }

    /** When the statements under way began, by the monotonic clock. */
    long sinceNanos() {
        return sinceNanos;
    }

    /**
     * Writes the group and completes each receipt.
     *
     * @throws InterruptedException if it is told to stop while it waits to try again; some receipts are then not complete
     */
    void write(List<Pending> group) throws InterruptedException {
        List<Pending> waiting = group;
        int retries = databaseAway ? 0 : RETRY_PAUSES.size();
        for (int i = 0; !waiting.isEmpty(); i++, waiting = stillWaiting(waiting)) {
            SQLException failure = tryToWrite(waiting);
            if (failure == null) {
                return;
            }
            if (DatabaseFailure.mayBeOneRows(failure)) {
                writeOneByOne(waiting, failure);
                return;
            }
            if (i == retries
                    || !DatabaseFailure.isTransient(failure)
                    || stillWaiting(waiting).isEmpty()) {
                giveUp(waiting, failure);
                return;
            }
            metrics.retried();
            Thread.sleep(DatabaseFailure.retryPause(RETRY_PAUSES.get(i)).toMillis());
        }
    }

    /** What went wrong, or null if everything is stored and everybody answered. */
    private @Nullable SQLException tryToWrite(List<Pending> group) {
        begin();
        try {
            List<Receipt> receipts =
                    ledger.write(group.stream().map(Pending::webhook).toList());
            metrics.committed(group.size(), System.nanoTime() - sinceNanos);
            for (int i = 0; i < group.size(); i++) {
                group.get(i).receipt().complete(receipts.get(i));
            }
            lastLocked = null;
            severalLocked = false;
            databaseAnswered();
            log.settled(group, receipts);
            return null;
        } catch (SQLException failure) {
            return failure;
        } catch (Throwable bug) {
            // The writer must outlive whatever a group brings; the answer's mapper logs it.
            refuse(group, bug);
            return null;
        }
    }

    /** One row's fault must not be its neighbours': each is tried alone, unless its sender has been answered meanwhile. */
    private void writeOneByOne(List<Pending> group, SQLException failureOfAll) {
        boolean whileAway = databaseAway;
        boolean anyStored = false;
        Map<Pending, SQLException> locked = new LinkedHashMap<>();
        for (Pending pending : group) {
            if (pending.receipt().isDone()) {
                continue;
            }
            SQLException failure = group.size() == 1 ? failureOfAll : tryToWrite(List.of(pending));
            if (failure == null) {
                anyStored = true;
            } else if (!DatabaseFailure.mayBeOneRows(failure)) {
                giveUp(stillWaiting(group), failure);
                return;
            } else {
                refuse(List.of(pending), answer(failure));
                if (DatabaseFailure.isLocked(failure)) {
                    locked.put(pending, failure);
                    String id = pending.webhook().transactionId();
                    severalLocked |= lastLocked != null && !lastLocked.equals(id);
                    lastLocked = id;
                } else {
                    log.unwritable(pending, failure);
                }
            }
        }
        if (!anyStored && !locked.isEmpty() && severalLocked) {
            databaseFailed(failureOfAll);
        } else if (!whileAway) {
            // Otherwise it was all rows' matter, until it ended in the midst of the group.
            locked.forEach(log::unwritable);
        }
    }

    private void giveUp(List<Pending> group, SQLException failure) {
        refuse(group, answer(failure));
        databaseFailed(failure);
    }

    /** Waits, if the database is away, before the next group is worth trying. */
    void rest() throws InterruptedException {
        if (databaseAway) {
            Thread.sleep(DatabaseFailure.retryPause(AWAY_PAUSE).toMillis());
        }
    }

    private static ProblemException answer(SQLException failure) {
        return DatabaseFailure.isTransient(failure) ? ProblemException.databaseAway() : ProblemException.internal();
    }

    private static List<Pending> stillWaiting(List<Pending> group) {
        return group.stream().filter(pending -> !pending.receipt().isDone()).toList();
    }

    static void refuse(List<Pending> refused, Throwable why) {
        refused.forEach(pending -> pending.receipt().completeExceptionally(why));
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
}
