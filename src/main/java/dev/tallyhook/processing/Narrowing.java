package dev.tallyhook.processing;

import dev.tallyhook.problem.Blame;
import dev.tallyhook.problem.DatabaseFailure;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finishes a batch that was refused, but for the rows that are to blame for it. Whether it is a row or the database is found out as the
 * intake does it: by a trial with a row of its own, which is not kept. Then the batch is halved until each such row is alone.
 */
final class Narrowing {

    /** Of one batch, at most so many statements: about ten for each row among a thousand that is to blame. */
    private static final int STATEMENTS_MAX = 128;

    /** And for so long at most: a statement that waits for a lock may take seconds, and what else is due waits too. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** Of those that are tried again by one sweep. */
    private static final int STATEMENTS_AGAIN_MAX = 16;

    /** What is due, by its ids. */
    interface Rows {
        /** Goes the whole way of what is finished with a row that is not kept. */
        void tryOut() throws SQLException;

        OffsetDateTime now() throws SQLException;

        /** What a batch would finish. */
        List<String> due(OffsetDateTime watermark, int batchSize) throws SQLException;

        /** Which of them still wait and are due. */
        List<String> waiting(List<String> ids) throws SQLException;

        /** Finishes those of them that wait, are due, and are held by nobody. */
        Due.Batch finish(List<String> ids, OffsetDateTime watermark) throws SQLException;
    }

    private final Rows rows;
    private final SteppedOver steppedOver;
    private final Refusals refusals;

    Narrowing(Rows rows, SteppedOver steppedOver, Refusals refusals) {
        this.rows = rows;
        this.steppedOver = steppedOver;
        this.refusals = refusals;
    }

    /**
     * Finishes of a batch what can be.
     *
     * @param failure of the statement that was to finish the whole
     * @throws UnreadableException if it is not to be had by ids
     */
    Due.Batch finish(OffsetDateTime watermark, int batchSize, SQLException failure) throws SQLException {
        if (DatabaseFailure.blame(failure) == Blame.THE_DATABASE) {
            throw refusals.noted(failure);
        }
        if (steppedOver.isFull()) {
            throw failure;
        }
        try {
            rows.tryOut();
        } catch (SQLException refused) {
            throw refusals.noted(refused);
        }
        List<String> ids = due(watermark, batchSize);
        Progress progress = divide(ids, watermark, new Effort(STATEMENTS_MAX));
        if (progress.failure == null) {
            return new Due.Batch(progress.count, ids.size() == batchSize, progress.watermark);
        }
        if (progress.count == 0) {
            throw progress.failure;
        }
        return new Due.Batch(progress.count, true, watermark); // What is left of it is above the watermark.
    }

    /** In any order, so that those to blame, which often came together, do not stand for all. */
    private List<String> due(OffsetDateTime watermark, int batchSize) throws SQLException {
        OffsetDateTime now = rows.now();
        try {
            List<String> ids = new ArrayList<>(rows.due(watermark, batchSize));
            Collections.shuffle(ids);
            return ids;
        } catch (SQLException failure) {
            throw DatabaseFailure.blame(failure) == Blame.THE_DATABASE
                    ? failure
                    : new UnreadableException(failure, now);
        }
    }

    /** What one sweep may spend on those that were stepped over. */
    static Effort again() {
        return new Effort(STATEMENTS_AGAIN_MAX);
    }

    /** Tries some again that were stepped over, and says how many are finished. */
    int tryAgain(List<String> whoseTurnItIs, Effort effort) {
        List<String> ids = new ArrayList<>(whoseTurnItIs);
        // Those in front would be tried each time, where there are many.
        Collections.shuffle(ids);
        return ids.isEmpty() ? 0 : divide(ids, DueTransactions.FROM_THE_BEGINNING, effort).count;
    }

    /** One that another session holds was skipped, and is not over. */
    private void remove(List<String> part, int finished) throws SQLException {
        List<String> known = new ArrayList<>(part);
        known.retainAll(steppedOver.ids());
        if (!known.isEmpty() && finished < part.size()) {
            known.removeAll(rows.waiting(known));
        }
        steppedOver.remove(known);
    }

    private static final class Progress {
        private int count;
        private OffsetDateTime watermark;

        /** Why it has ended before each was finished or found to blame. */
        private @Nullable SQLException failure;

        Progress(OffsetDateTime watermark) {
            this.watermark = watermark;
        }

        void add(Due.Batch batch) {
            count += batch.count();
            watermark = batch.watermark().isAfter(watermark) ? batch.watermark() : watermark;
        }
    }

    /** So many statements, for so long as it is worth waiting, unless the database itself fails before. */
    static final class Effort {
        private final long begunNanos = System.nanoTime();
        private int statements;

        private Effort(int statements) {
            this.statements = statements;
        }

        private boolean allowsOne() {
            return System.nanoTime() - begunNanos < PATIENCE.toNanos() && statements-- > 0;
        }

        private void end() {
            statements = 0;
        }
    }

    private Progress divide(List<String> ids, OffsetDateTime watermark, Effort effort) {
        var progress = new Progress(watermark);
        Deque<List<String>> parts = new ArrayDeque<>();
        if (!ids.isEmpty()) {
            parts.push(ids);
        }
        SQLException latest = null;
        while (!parts.isEmpty() && effort.allowsOne()) {
            List<String> part = parts.pop();
            try {
                Due.Batch batch = rows.finish(part, watermark);
                progress.add(batch);
                remove(part, batch.count());
            } catch (SQLException failure) {
                if (DatabaseFailure.blame(failure) == Blame.THE_DATABASE) {
                    effort.end();
                    progress.failure = failure;
                    return progress;
                }
                latest = failure;
                if (part.size() == 1) {
                    steppedOver.add(part.get(0), failure);
                } else {
                    parts.push(part.subList(part.size() / 2, part.size()));
                    parts.push(part.subList(0, part.size() / 2));
                }
            }
        }
        progress.failure = parts.isEmpty() ? null : latest;
        return progress;
    }
}
