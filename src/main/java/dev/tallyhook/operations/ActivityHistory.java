package dev.tallyhook.operations;

import dev.tallyhook.keeping.Progress;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.processing.Lateness;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The last 15 minutes of all replicas, second by second. It is kept in memory and brought up to date when somebody asks, at
 * most twice a second, however many do; a replica that nobody asks reads nothing.
 */
@ApplicationScoped
class ActivityHistory {

    private static final Duration KEPT = Duration.ofMinutes(15);

    /** A report may come in so late; younger seconds are read again. */
    private static final Duration SETTLED_AFTER = Duration.ofSeconds(5);

    /** A second is shown once each replica has had the time to report it. */
    private static final Duration SHOWN_AFTER = Duration.ofMillis(1_200);

    /** A replica that has not reported for so long is not alive. */
    private static final Duration ALIVE = Duration.ofSeconds(5);

    private static final Duration FRESH_FOR = Duration.ofMillis(500);

    private static final String SELECT = """
            SELECT at, replica, accepted, replayed, conflicting, invalid, unauthenticated, shed, failed, lateness,
                   waiting, overdue
            FROM activity
            WHERE at >= greatest(?, clock_timestamp() - interval '15 minutes')
            """;

    private static final String NOW = "SELECT clock_timestamp()";

    private final DataSource dataSource;
    private final Progress progress;
    private final Fresh<Snapshot> fresh = new Fresh<>(FRESH_FOR, this::readAnew);
    private final TreeMap<Instant, Activity.Second> seconds = new TreeMap<>();

    ActivityHistory(DataSource dataSource, Progress progress) {
        this.dataSource = dataSource;
        this.progress = progress;
    }

    /** What is known at a time of the database's clock. */
    record Snapshot(
            Instant now, List<String> replicas, Optional<Progress.Seen> keeping, List<Activity.Second> seconds) {}

    /**
     * At most half a second old.
     *
     * @throws ProblemException 503 if the database is slow
     */
    Snapshot read() throws SQLException, InterruptedException {
        return fresh.get();
    }

    private Snapshot readAnew() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(SELECT)) {
            Instant now = now(connection);
            seconds.tailMap(now, false).clear(); // Of a clock that has been set back since.
            Instant from =
                    seconds.isEmpty() ? now.minus(KEPT) : seconds.lastKey().minus(SETTLED_AFTER);
            select.setObject(1, from.atOffset(ZoneOffset.UTC));
            var replicas = new TreeSet<String>();
            var gathered = new TreeMap<Instant, Gathering>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    Instant at = rows.getObject(1, OffsetDateTime.class).toInstant();
                    gathered.computeIfAbsent(at.truncatedTo(ChronoUnit.SECONDS), second -> new Gathering())
                            .add(rows);
                    // What was reported before the clock was set back, and is still to come by it, is no sign of life.
                    if (at.isAfter(now.minus(ALIVE)) && at.isBefore(now.plus(ALIVE))) {
                        replicas.add(rows.getString(2));
                    }
                }
            }
            seconds.tailMap(from).clear();
            gathered.forEach((second, gathering) -> seconds.put(second, gathering.second(second)));
            seconds.headMap(now.minus(KEPT)).clear();
            return new Snapshot(
                    now,
                    List.copyOf(replicas),
                    progress.read(connection),
                    List.copyOf(seconds.headMap(now.minus(SHOWN_AFTER).truncatedTo(ChronoUnit.SECONDS))
                            .values()));
        }
    }

    private static Instant now(Connection connection) throws SQLException {
        try (PreparedStatement now = connection.prepareStatement(NOW);
                ResultSet row = now.executeQuery()) {
            row.next();
            return row.getObject(1, OffsetDateTime.class).toInstant();
        }
    }

    /** The reports of all replicas for one second. */
    private static final class Gathering {

        private static final int OUTCOMES = 7;

        private final long[] outcomes = new long[OUTCOMES];
        private final long[] lateness = new long[Lateness.bounds().length + 1];
        private @Nullable Long waiting;
        private @Nullable Long overdue;

        void add(ResultSet row) throws SQLException {
            for (int i = 0; i < OUTCOMES; i++) {
                outcomes[i] += row.getLong(3 + i);
            }
            Long[] buckets = (Long[]) row.getArray(10).getArray();
            // A replica of another version may count in other buckets; what has no place here counts as the latest.
            for (int i = 0; i < buckets.length; i++) {
                lateness[Math.min(i, lateness.length - 1)] += buckets[i];
            }
            waiting = larger(waiting, row.getObject(11, Long.class));
            overdue = larger(overdue, row.getObject(12, Long.class));
        }

        private static @Nullable Long larger(@Nullable Long one, @Nullable Long other) {
            if (one == null || other == null) {
                return one == null ? other : one;
            }
            return Math.max(one, other);
        }

        Activity.Second second(Instant at) {
            return new Activity.Second(
                    at,
                    outcomes[0],
                    outcomes[1],
                    outcomes[2],
                    outcomes[3],
                    outcomes[4],
                    outcomes[5],
                    outcomes[6],
                    Arrays.stream(lateness).sum(),
                    orNull(Lateness.quantile(lateness, 0.5)),
                    orNull(Lateness.quantile(lateness, 0.99)),
                    waiting,
                    overdue);
        }

        private static @Nullable Double orNull(OptionalDouble value) {
            return value.isPresent() ? value.getAsDouble() : null;
        }
    }
}
