package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/**
 * Where webhooks of one ledger wait, or of that part of one that one server has, and the one writer that stores them, group after group.
 */
final class Lane {

    /** Statements that take longer are stuck: each of their timeouts, and that of their connection, is shorter. */
    private static final Duration GROUP_MAX = Duration.ofSeconds(10);

    private final Ledger ledger;
    private final BooleanSupplier isInUse;
    private final WaitingRoom waiting;
    private final LatestNews news;
    private final GroupWriter groups;
    private final Thread writer;
    private volatile List<Pending> beingWritten = List.of();

    /**
     * Of a ledger, or a part of it.
     *
     * @param where it is, for the log; empty of a whole one
     * @param isInUse whether anything may belong here; else nobody has to know how its server does
     * @param stillHere lets go those of a group whose place is another one by now, and gives the others
     */
    Lane(
            Ledger ledger,
            String where,
            BooleanSupplier isInUse,
            UnaryOperator<List<Pending>> stillHere,
            IntakeMetrics metrics,
            IntakeConfig config) {
        this.ledger = ledger;
        this.isInUse = isInUse;
        this.waiting = new WaitingRoom(config.waitingMax(), config.groupSizeMax());
        this.news = new LatestNews(waiting::wakeWriter);
        this.groups = new GroupWriter(ledger, where, stillHere, metrics, news);
        this.writer = new Thread(this::writeUntilClosed, "intake-writer" + where);
        writer.setDaemon(!where.isEmpty());
    }

    Lane start() {
        writer.start();
        return this;
    }

    /**
     * Takes one in.
     *
     * @throws ProblemException 503 if there is no room, or none any more
     */
    void enter(Pending pending) {
        waiting.enter(pending);
    }

    /**
     * Passes if one that comes now would be taken in.
     *
     * @throws ProblemException 503 if not
     */
    void requireRoom() {
        waiting.requireRoom();
    }

    private void writeUntilClosed() {
        try {
            while (!waiting.isOver()) {
                List<Pending> group = waiting.nextGroup(isInUse.getAsBoolean() ? groups.patience() : Duration.ZERO);
                if (!group.isEmpty()) {
                    write(group);
                } else if (groups.isUnsure() && isInUse.getAsBoolean() && !waiting.isOver()) {
                    groups.ask();
                }
            }
        } catch (InterruptedException interrupted) {
            Log.debug("The writer was told to stop");
        }
    }

    private void write(List<Pending> group) throws InterruptedException {
        groups.begin();
        beingWritten = group;
        groups.write(group);
        beingWritten = List.of();
        GroupWriter.refuse(waiting.leaveIfCrowded(), WaitingRoom.full());
        groups.rest();
    }

    /** Whether its server takes webhooks, by news that are at most 250 ms old, given after at most 500 ms. */
    CompletionStage<Boolean> takesWebhooks() {
        return news.ask();
    }

    /** Whether its server takes nothing, as the writer has found last. */
    boolean isAway() {
        return groups.isAway();
    }

    /** Whether nothing can be stored here, for whatever reason in this process. */
    boolean stalled() {
        return !writer.isAlive()
                || (!beingWritten.isEmpty() && System.nanoTime() - groups.sinceNanos() > GROUP_MAX.toNanos());
    }

    /** Beside the writer, on a connection of the same pool. */
    void tryOut(int rows) throws SQLException {
        ledger.tryOut(rows);
    }

    int gathering() {
        return waiting.size();
    }

    int committing() {
        return beingWritten.size();
    }

    /** Answers those that have waited since before that, by the monotonic clock. */
    void refuseWhatWaitsSinceBefore(long nanos) {
        List<Pending> late = new ArrayList<>(waiting.leaveIfSinceBefore(nanos));
        beingWritten.stream().filter(pending -> pending.isSinceBefore(nanos)).forEach(late::add);
        GroupWriter.refuse(late, ProblemException.unavailable("The database did not confirm in time; try again"));
    }

    /** Nothing is taken from here on. */
    void close() {
        waiting.close();
    }

    /** Waits for what was taken, for so long, and says whether that was written. */
    boolean isOverWithin(Duration patience) throws InterruptedException {
        writer.join(patience.toMillis());
        if (writer.isAlive()) {
            writer.interrupt();
            return false;
        }
        return true;
    }
}
