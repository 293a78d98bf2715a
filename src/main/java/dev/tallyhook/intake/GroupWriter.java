package dev.tallyhook.intake;

import dev.tallyhook.problem.Blame;
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.problem.ProblemException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes a group, again if a lost connection may be all that was wrong, and answers everybody in it. Whether a failure is one row's
 * or everybody's is found out by a trial with a row of its own, which is not kept. To be used by the writer's thread alone; only
 * when a statement began is for every thread.
 */
final class GroupWriter {

    /**
     * About so long before a group is tried a second and a third time: a connection that a restart or a network has cut costs no
     * sender an answer 503. Writing again is safe, because what a lost answer may have hidden is then found as a replay.
     */
    private static final List<Duration> RETRY_PAUSES = List.of(Duration.ofMillis(15), Duration.ofMillis(60));

    /** About so long between groups while the database is away: a server that is recovering is not asked as often as webhooks come. */
    private static final Duration AWAY_PAUSE = Duration.ofMillis(100);

    /** About so long between trials while the database is away and nobody sends, because the probe sends senders elsewhere. */
    private static final Duration TRIAL_PAUSE = Duration.ofMillis(500);

    /** So many rows in a row that fail alike stand for the rest of their group: a damaged page must not cost a statement for each. */
    private static final int FAILED_ALIKE_MAX = 8;

    private static final String MOVING = "The part of the ledger that this belongs to is just being moved; try again";

    private final Ledger ledger;
    private final UnaryOperator<List<Pending>> stillHere;
    private final IntakeMetrics metrics;
    private final LatestNews news;
    private final Availability availability;
    private final TransactionLog log = new TransactionLog();

    private volatile long sinceNanos;

    GroupWriter(Ledger ledger, IntakeMetrics metrics, LatestNews news) {
        this(ledger, "", UnaryOperator.identity(), metrics, news);
    }

    /**
     * Of a part of the ledger.
     *
     * @param where it is, for the log
     * @param stillHere lets go those of a group whose place is another one by now, and gives the others
     */
    GroupWriter(
            Ledger ledger,
            String where,
            UnaryOperator<List<Pending>> stillHere,
            IntakeMetrics metrics,
            LatestNews news) {
        this.ledger = ledger;
        this.stillHere = stillHere;
        this.metrics = metrics;
        this.news = news;
        this.availability = new Availability(where, news);
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
     * Writes the group and completes each receipt. However it ends, there is news of the database, but for a group whose place is another
     * one by now, or is just being moved.
     *
     * @throws InterruptedException if it is told to stop while it waits to try again; some receipts are then not complete
     */
    void write(List<Pending> group) throws InterruptedException {
        List<Pending> waiting = stillHere.apply(group);
        int retries = availability.isAway() ? 0 : RETRY_PAUSES.size();
        for (int i = 0; !waiting.isEmpty(); i++, waiting = stillHere.apply(waiting)) {
            SQLException failure = tryToWrite(waiting);
            if (failure == null) {
                return;
            }
            if (failure instanceof BusyException busy) {
                waiting = withoutTheOthers(busy, waiting);
                if (i >= retries || busy.isLong()) {
                    refuse(waiting, ProblemException.unavailable(MOVING));
                    return;
                }
                Thread.sleep(DatabaseFailure.retryPause(RETRY_PAUSES.get(i)).toMillis());
                waiting = stillWaiting(waiting);
                continue;
            }
            if (DatabaseFailure.blame(failure) != Blame.THE_DATABASE
                    || i == retries
                    || stillWaiting(waiting).isEmpty()) {
                findOut(waiting, failure);
                return;
            }
            metrics.retried();
            Thread.sleep(DatabaseFailure.retryPause(RETRY_PAUSES.get(i)).toMillis());
            waiting = stillWaiting(waiting);
            if (waiting.isEmpty()) {
                availability.failed(failure); // All have been answered meanwhile, and whoever asks is to hear of it.
            }
        }
    }

    /** Writes those at once that nothing keeps from it; if it is over by now for those who were kept, all are tried again. */
    private List<Pending> withoutTheOthers(BusyException busy, List<Pending> waiting) throws InterruptedException {
        List<Pending> others =
                waiting.stream().filter(pending -> !busy.concerns(pending)).toList();
        if (others.size() == waiting.size()) {
            return waiting;
        }
        write(others);
        return waiting.stream().filter(busy::concerns).toList();
    }

    /** What went wrong, or null if everything is stored and everybody answered. */
    private @Nullable SQLException tryToWrite(List<Pending> group) {
        begin();
        try {
            List<Webhook> webhooks = Pending.webhooks(group);
            List<Receipt> receipts = ledger.write(webhooks);
            metrics.committed(receipts.size(), System.nanoTime() - sinceNanos);
            int answered = 0;
            for (Pending pending : group) {
                pending.receipts().complete(receipts.subList(answered, answered + pending.size()));
                answered += pending.size();
            }
            availability.answered();
            log.settled(webhooks, receipts);
            return null;
        } catch (SQLException failure) {
            return failure;
        } catch (Throwable bug) {
            // The writer must outlive whatever a group brings; the answer's mapper logs it.
            refuse(group, bug);
            return null;
        }
    }

    /** Whose fault it is: everybody's, if a row that has nothing to do with theirs cannot be written either. */
    private void findOut(List<Pending> group, SQLException failure) {
        boolean everybodys = DatabaseFailure.blame(failure) == Blame.THE_DATABASE;
        if (everybodys && (availability.isAway() || stillWaiting(group).isEmpty())) {
            giveUp(group, failure);
            return;
        }
        SQLException trial = tryOut();
        if (trial == null) {
            divide(group, failure);
        } else {
            giveUp(group, trial);
        }
    }

    /**
     * One row's fault must not be its neighbours': the group is halved until it is found, and nobody is written whose sender has
     * been answered meanwhile. What waits for a lock is tried row by row instead, because each try that meets it takes long.
     */
    private void divide(List<Pending> group, SQLException failureOfAll) {
        if (group.size() == 1) {
            refuseAlone(group.get(0), failureOfAll);
            return;
        }
        Deque<List<Pending>> parts = new ArrayDeque<>();
        push(parts, group, failureOfAll);
        String stateBefore = null;
        int failedAlike = 0;
        while (!parts.isEmpty()) {
            List<Pending> part = stillWaiting(parts.pop());
            SQLException failure = part.isEmpty() ? null : tryToWrite(part);
            if (failure == null) {
                failedAlike = part.isEmpty() ? failedAlike : 0;
                continue;
            }
            boolean alone = part.size() == 1;
            if (alone) {
                failedAlike = Objects.equals(failure.getSQLState(), stateBefore) ? failedAlike + 1 : 1;
                stateBefore = failure.getSQLState();
            }
            boolean enough = alone && failedAlike == FAILED_ALIKE_MAX;
            SQLException trial = enough || DatabaseFailure.blame(failure) == Blame.THE_DATABASE ? tryOut() : null;
            if (trial != null) {
                giveUp(stillWaiting(group), trial);
                return;
            }
            if (alone) {
                refuseAlone(part.get(0), failure);
            } else {
                push(parts, part, failure);
            }
            if (enough) {
                refuse(stillWaiting(group), ProblemException.databaseAway());
                return;
            }
        }
    }

    private static void push(Deque<List<Pending>> parts, List<Pending> group, SQLException failure) {
        int size = DatabaseFailure.isLocked(failure) ? 1 : (group.size() + 1) / 2;
        for (int end = group.size(); end > 0; end = (end - 1) / size * size) {
            parts.push(group.subList((end - 1) / size * size, end));
        }
    }

    private void refuseAlone(Pending pending, SQLException failure) {
        refuse(List.of(pending), answer(failure));
        log.unwritable(pending, failure);
    }

    private void giveUp(List<Pending> group, SQLException failure) {
        refuse(group, ProblemException.databaseAway());
        availability.failed(failure);
    }

    /** Goes the whole way of a webhook with a row that is not kept, and says what went wrong, or null. */
    private @Nullable SQLException tryOut() {
        begin();
        return succeeds(() -> ledger.tryOut(1));
    }

    /** Learns, without a webhook, whether the database takes them. */
    void ask() {
        SQLException failure = availability.isAway() ? tryOut() : succeeds(ledger::ask);
        if (failure != null && !availability.isAway()) {
            failure = tryOut(); // On another connection, if that one was cut.
        }
        if (failure != null) {
            availability.failed(failure);
        }
    }

    private interface Question {
        void ask() throws SQLException;
    }

    private @Nullable SQLException succeeds(Question question) {
        try {
            question.ask();
            availability.answered();
            return null;
        } catch (SQLException failure) {
            return failure;
        } catch (Throwable bug) {
            return new SQLException(bug); // The writer must outlive this too.
        }
    }

    /** How long to wait for somebody to come, before it is worth asking without; zero is without a limit. */
    Duration patience() {
        return availability.isAway() ? DatabaseFailure.retryPause(TRIAL_PAUSE) : Duration.ZERO;
    }

    /** Whether there is anything to {@link #ask}. */
    boolean isUnsure() {
        return availability.isAway() || news.isWanted();
    }

    /** Whether the database takes nothing, as it was found last; for every thread. */
    boolean isAway() {
        return availability.isAway();
    }

    /** Waits, if the database is away, before the next group is worth trying. */
    void rest() throws InterruptedException {
        if (availability.isAway()) {
            Thread.sleep(DatabaseFailure.retryPause(AWAY_PAUSE).toMillis());
        }
    }

    private static ProblemException answer(SQLException failure) {
        return DatabaseFailure.isTransient(failure) ? ProblemException.databaseAway() : ProblemException.internal();
    }

    private static List<Pending> stillWaiting(List<Pending> group) {
        return group.stream().filter(pending -> !pending.receipts().isDone()).toList();
    }

    static void refuse(List<Pending> refused, Throwable why) {
        refused.forEach(pending -> pending.receipts().completeExceptionally(why));
    }
}
