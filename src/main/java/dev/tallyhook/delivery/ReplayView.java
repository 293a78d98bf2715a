package dev.tallyhook.delivery;

import dev.tallyhook.transaction.Timestamps;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A replay as it is answered.
 *
 * @param since inclusive, as until and reached by when transactions were finished, or dead letters given up; null of ONE
 * @param until exclusive
 * @param reached what is before it is queued
 * @param queued messages; what is queued stays so, also when the replay is cancelled
 * @param progress from 0 to 1, by the time that it has passed
 * @param by a fingerprint of the token that was shown
 */
record ReplayView(
        long replayId,
        What what,
        @Nullable Instant since,
        @Nullable Instant until,
        @Nullable Instant reached,
        State state,
        long queued,
        double progress,
        Instant createdAt,
        @Nullable Instant doneAt,
        String by)
        implements ReplayAnswer {

    /** In the order in which {@link #of} reads them. */
    static final String COLUMNS = "replay_id, what, since, until, reached, state, queued, created_at, done_at, by";

    private static final double PROGRESS_STEPS = 10_000;

    /** What it sends again. */
    enum What {
        /** One transaction, or one dead letter. */
        ONE,
        /** All that was given up before it was asked for. */
        FAILED,
        /** All that was finished in a stretch of time. */
        SINCE
    }

    /** How it stands. */
    enum State {
        RUNNING,
        DONE,
        CANCELLED
    }

    static ReplayView of(ResultSet row) throws SQLException {
        What what = What.valueOf(row.getString(2));
        State state = State.valueOf(row.getString(6));
        Instant since = Timestamps.of(row, 3);
        Instant until = Timestamps.of(row, 4);
        Instant reached = Timestamps.of(row, 5);
        boolean isOne = what == What.ONE;
        return new ReplayView(
                row.getLong(1),
                what,
                isOne ? null : since,
                isOne ? null : until,
                isOne ? null : reached,
                state,
                row.getLong(7),
                state == State.DONE ? 1 : progress(since, until, reached),
                Timestamps.of(row, 8),
                Timestamps.orNull(row, 9),
                row.getString(10));
    }

    private static double progress(Instant since, Instant until, Instant reached) {
        double all = Duration.between(since, until).toMillis();
        double done = Duration.between(since, reached).toMillis();
        return all <= 0 ? 0 : Math.floor(Math.max(0, Math.min(1, done / all)) * PROGRESS_STEPS) / PROGRESS_STEPS;
    }
}
