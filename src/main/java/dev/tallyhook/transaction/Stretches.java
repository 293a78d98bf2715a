package dev.tallyhook.transaction;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The stretches of time whose transactions are posted, so that lists by account, source, type and subject find them ({@link Posted}),
 * and of which is known what they cannot have, so that other lists pass over them ({@link EventFilter#stretches}).
 * Any replica closes the next one, and makes large ones of small ones; only one at a time.
 *
 * <p>A stretch ends 15 s ago or more, and is closed when every transaction is over that had written to the ledger when its end was chosen.
 * So all that was stored with a time in it is seen: what was stored earlier, because whoever stored it is over, and what is stored later,
 * because it is more than 10 s old by then, and a trigger posts it.
 */
@ApplicationScoped
public class Stretches {

    /** What was created then or later is in no stretch yet. */
    static final String CLOSED_UNTIL = "coalesce((SELECT max(until) FROM stretches), '-infinity')";

    /** What a list may have to read at most that is not its own, beside what waits. */
    static final int CLOSED_MIN = 10_000;

    /** What is closed at once takes less than a second. */
    static final int CLOSED_MAX = 100_000;

    /** What is merged at once takes a few seconds; a list of what is rare looks into each that there is. */
    private static final int MERGED_MIN = 500_000;

    /** At once, of those that are empty. */
    private static final int DROPPED_MAX = 20;

    /** Looked at in one step. */
    private static final int STRAYS_MAX = 50_000;

    /** While somebody who has written is waited for. */
    private static final int STEPS_PER_COUNT = 10;

    /** How many there are to be closed, and where they end. */
    private static final String NEXT = """
            SELECT transactions, until
            FROM next_stretch(
                (SELECT coalesce(max(until), '-infinity') FROM stretches), now() - interval '15 seconds', ?)
            """;

    /** Transactions that were prepared have other names in pg_locks after it has started anew. */
    private static final String SERVER = "SELECT pg_postmaster_start_time()::text";

    /** Only one replica at a time; what the one before it has done is seen by the statements that follow. */
    private static final String LOCK = "SELECT pg_try_advisory_xact_lock('stretches'::regclass::oid::bigint)";

    /** Not if the clock was set back since the end was chosen. */
    private static final String CLOSE = """
            SELECT post_stretch(begins, ends)
            FROM (SELECT coalesce(max(until), '-infinity') AS begins, ?::timestamptz AS ends FROM stretches) AS next
            WHERE begins < ends
              AND ends < now() - interval '14 seconds'
            """;

    private static final String MERGE = "SELECT merge_stretches(?, ?)";

    /** Whether there is a stretch to be settled, and a stray to be looked at. */
    private static final String IS_TIME = """
            SELECT EXISTS (SELECT FROM stretches WHERE open_due IS NOT NULL AND look_at <= now()),
                   EXISTS (SELECT FROM strays WHERE look_at <= now())
            """;

    private static final String SETTLE = "SELECT settle_stretch()";

    private static final String FORGET_STRAYS = "SELECT forget_strays(?)";

    private static final String DROP_EMPTIED = "SELECT drop_emptied_stretch(now() - ?::interval)";

    private static final String CLOCK =
            "SELECT now(), EXISTS (SELECT FROM stretches WHERE until > now() - interval '10 seconds')";

    /** By a clock that was ahead something may be finished that is due by this one only later, and the next look an hour away. */
    private static final String LOOK_ANEW = """
            UPDATE stretches
            SET look_at = least(look_at, now() + interval '10 seconds')
            WHERE open_due IS NOT NULL
            RETURNING 1
            """;

    /** A step back of the clock, and not the difference of two servers' clocks. */
    private static final Duration STEP_MIN = Duration.ofSeconds(1);

    /** Nobody knows how long ago that was. */
    private static final String OPEN = """
            WITH opened AS (
                DELETE FROM stretches
                WHERE until > now() - interval '10 minutes'
                RETURNING until),
            taken AS (
                DELETE FROM postings
                WHERE until = ANY (ARRAY (SELECT until FROM opened)))
            SELECT count(*) FROM opened
            """;

    private final DataSource dataSource;
    private @Nullable End end;

    /** As it was read last. */
    private @Nullable OffsetDateTime clock;

    private boolean toBeMerged;

    /** In vain, since it was chosen. */
    private int steps;

    private volatile double open = Double.NaN;

    Stretches(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Of the next stretch.
     *
     * @param server whose writers they are, and since when it runs
     * @param writers who must be over before it is closed
     */
    private record End(OffsetDateTime until, String server, Set<String> writers) {}

    private record Next(long count, @Nullable OffsetDateTime until) {}

    /** How many transactions were stored since the last stretch and are old enough for the next, as far as {@link #CLOSED_MAX}. */
    double open() {
        return open;
    }

    /** Nobody has counted for a while. */
    void forgetHowManyAreOpen() {
        open = Double.NaN;
    }

    /** Nothing is ever posted. */
    void haveNoneOpen() {
        open = 0;
    }

    /** What is stored by a clock that was set back has a time that is closed already, so it is opened again. */
    void openWhatIsAhead() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Clock now = new Sql()
                    .add(CLOCK)
                    .query(connection, row -> new Clock(row.getObject(1, OffsetDateTime.class), row.getBoolean(2)))
                    .get(0);
            boolean wasSetBack = clock != null && now.time().isBefore(clock.minus(STEP_MIN));
            clock = now.time();
            if (wasSetBack || now.isBehind()) {
                end = null;
            }
            if (wasSetBack) {
                inTurn(connection, LOOK_ANEW);
            }
            if (now.isBehind()) {
                Log.infof(
                        "The database's clock was set back: %d stretches of what lists find are made anew",
                        inTurn(connection, OPEN));
            }
        }
    }

    private record Clock(OffsetDateTime time, boolean isBehind) {}

    private record IsTime(boolean toSettle, boolean toForget) {}

    /**
     * Looks whether all of a stretch is finished, so that what waits is not looked for in it, and which strays are finished.
     *
     * @return whether there may be more to be settled now
     */
    boolean settle() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            IsTime is = new Sql()
                    .add(IS_TIME)
                    .query(connection, row -> new IsTime(row.getBoolean(1), row.getBoolean(2)))
                    .get(0);
            if (is.toForget()) {
                inTurn(connection, FORGET_STRAYS, STRAYS_MAX);
            }
            return is.toSettle() && inTurn(connection, SETTLE) > 0;
        }
    }

    /**
     * Takes stretches away whose transactions are gone, which lists would else look into.
     *
     * @param age of transactions that may be gone (ISO 8601)
     */
    public void dropEmptied(String age) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            int dropped = 0;
            while (dropped < DROPPED_MAX && inTurn(connection, DROP_EMPTIED, age) > 0) {
                dropped++;
            }
        }
    }

    /**
     * Goes one step: chooses where the next stretch ends, closes it, which must be tried again until it is closed, or merges.
     *
     * @return whether there is more to be done soon
     */
    boolean advance() throws SQLException {
        End chosen = end;
        try (Connection connection = dataSource.getConnection()) {
            if (toBeMerged) {
                toBeMerged = false;
                if (inTurn(connection, MERGE, MERGED_MIN, true) == 0) {
                    inTurn(connection, MERGE, CLOSED_MAX, false);
                }
                return true;
            }
            if (chosen == null || !chosen.server().equals(server(connection))) {
                end = chooseEnd(connection);
            } else if (Writers.areOver(connection, chosen.writers())) {
                end = null;
                steps = 0;
                inTurn(connection, CLOSE, chosen.until());
                toBeMerged = true;
            } else if (++steps % STEPS_PER_COUNT == 0) {
                next(connection);
            }
            return chosen != null || end != null;
        }
    }

    private @Nullable End chooseEnd(Connection connection) throws SQLException {
        Next next = next(connection);
        return next.count() < CLOSED_MIN || next.until() == null
                ? null
                : new End(next.until(), server(connection), Writers.underWay(connection));
    }

    private Next next(Connection connection) throws SQLException {
        Next next = new Sql()
                .add(NEXT, CLOSED_MAX)
                .query(connection, row -> new Next(row.getLong(1), row.getObject(2, OffsetDateTime.class)))
                .get(0);
        open = next.count();
        return next;
    }

    private static String server(Connection connection) throws SQLException {
        return new Sql().add(SERVER).query(connection, row -> row.getString(1)).get(0);
    }

    /** Does it in a transaction with time enough, unless another replica is at it; the number that it answers, or none. */
    private static long inTurn(Connection connection, String sql, Object... values) throws SQLException {
        return Patiently.commit(
                connection,
                patient -> new Sql()
                                .add(LOCK)
                                .query(patient, row -> row.getBoolean(1))
                                .get(0)
                        ? number(patient, new Sql().add(sql, values))
                        : 0L);
    }

    private static long number(Connection connection, Sql sql) throws SQLException {
        return sql.query(connection, row -> row.getLong(1)).stream().findFirst().orElse(0L);
    }
}
