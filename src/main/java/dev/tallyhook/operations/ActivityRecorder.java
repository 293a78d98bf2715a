package dev.tallyhook.operations;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.database.ReplicaName;
import dev.tallyhook.intake.IntakeMetrics;
import dev.tallyhook.intake.Outcome;
import dev.tallyhook.processing.Backlog;
import dev.tallyhook.processing.Lateness;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/** Reports once a second what this replica has done since it reported last, and forgets what all have reported long ago. */
@Startup
@ApplicationScoped
class ActivityRecorder {

    private static final String RECORD = """
            INSERT INTO activity (
                replica, accepted, replayed, conflicting, invalid, unauthenticated, shed, failed, lateness, waiting, overdue,
                settles)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, true
            FROM set_config('synchronous_commit', 'off', true)
            """;

    /** Also what a clock that was set back has left behind, which would be of now once more. */
    private static final String FORGET = """
            DELETE FROM %s
            WHERE at < clock_timestamp() - interval '15 minutes' OR at > clock_timestamp() + interval '1 minute'
            """;

    private static final Duration REPORT_PERIOD = Duration.ofSeconds(1);
    private static final Duration FORGET_PERIOD = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final IntakeMetrics intake;
    private final Lateness lateness;
    private final Backlog backlog;
    private final String replica;
    private final Tick reporting;
    private final Tick forgetting;
    private long[] reportedOutcomes = new long[Outcome.values().length];
    private long[] reportedLateness = new long[Lateness.bounds().length + 1];
    private boolean failing;

    ActivityRecorder(
            DataSource dataSource,
            IntakeMetrics intake,
            Lateness lateness,
            Backlog backlog,
            ReplicaName name,
            Ticks ticks) {
        this.replica = name.whole();
        this.dataSource = dataSource;
        this.intake = intake;
        this.lateness = lateness;
        this.backlog = backlog;
        this.reporting = ticks.every(REPORT_PERIOD, "activity", this::report, Tick.Trait.WRITES_ASIDE);
        this.forgetting = ticks.every(FORGET_PERIOD, "forgetting", this::forget, Tick.Trait.WRITES_ASIDE);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tickReport() {
        reporting.come();
    }

    private void report() {
        long[] outcomes =
                Arrays.stream(Outcome.values()).mapToLong(intake::count).toArray();
        long[] finished = lateness.counts();
        try (Connection connection = dataSource.getConnection();
                PreparedStatement record = connection.prepareStatement(RECORD)) {
            record.setString(1, replica);
            int placeholder = 2;
            for (long count : since(reportedOutcomes, outcomes)) {
                record.setLong(placeholder++, count);
            }
            record.setArray(
                    placeholder++, connection.createArrayOf("bigint", boxed(since(reportedLateness, finished))));
            Optional<Backlog.Size> size = backlog.latest();
            record.setObject(placeholder++, size.map(Backlog.Size::waiting).orElse(null), Types.BIGINT);
            record.setObject(placeholder, size.map(Backlog.Size::overdue).orElse(null), Types.BIGINT);
            record.executeUpdate();
            reportedOutcomes = outcomes;
            reportedLateness = finished;
            failing = false;
        } catch (SQLException failure) {
            // What is not reported now is part of the next report.
            if (!failing) {
                failing = true;
                Log.warnf("This replica cannot report what it does; the dashboard lacks it: %s", failure.getMessage());
            }
        }
    }

    private static long[] since(long[] before, long[] now) {
        long[] difference = new long[now.length];
        Arrays.setAll(difference, i -> now[i] - before[i]);
        return difference;
    }

    private static Long[] boxed(long[] values) {
        return Arrays.stream(values).boxed().toArray(Long[]::new);
    }

    @Scheduled(every = "60s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tickForget() {
        forgetting.come();
    }

    void forget() {
        try (Connection connection = dataSource.getConnection();
                Statement forget = connection.createStatement()) {
            for (String table : List.of("activity", "source_activity")) {
                forget.executeUpdate(FORGET.formatted(table));
            }
        } catch (SQLException failure) {
            Log.debug("What is older is forgotten later", failure);
        }
    }
}
