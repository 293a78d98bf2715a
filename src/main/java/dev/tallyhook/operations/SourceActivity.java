package dev.tallyhook.operations;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.database.ReplicaName;
import dev.tallyhook.intake.Outcome;
import dev.tallyhook.intake.SourceMetrics;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * Reports every few seconds what became of the events that named senders posted to this replica since it reported last. {@link ActivityRecorder}
 * forgets it.
 */
@Startup
@ApplicationScoped
class SourceActivity {

    /** Beside the outcomes: of those that were accepted, how many could not be mapped in full. */
    static final String UNMAPPED = "unmapped";

    private static final String RECORD = """
            INSERT INTO source_activity (replica, source, outcome, events)
            SELECT ?, source, outcome, events
            FROM unnest(?::text[], ?::text[], ?::bigint[]) AS came (source, outcome, events), set_config('synchronous_commit', 'off', true)
            """;

    private static final Duration REPORT_PERIOD = Duration.ofSeconds(5);

    /** A stop waits so long for the last report. */
    private static final Duration STOP_MAX = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final SourceMetrics metrics;
    private final Sources sources;
    private final String replica;
    private final Tick reporting;
    private Map<Counted, Long> reported = Map.of();
    private volatile boolean failing;

    private record Counted(String source, String outcome) {}

    SourceActivity(DataSource dataSource, SourceMetrics metrics, Sources sources, ReplicaName name, Ticks ticks) {
        this.dataSource = dataSource;
        this.metrics = metrics;
        this.sources = sources;
        this.replica = name.whole();
        this.reporting = ticks.every(REPORT_PERIOD, "source-activity", this::report, Tick.Trait.WRITES_ASIDE);
    }

    @Scheduled(every = "5s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tickReport() {
        reporting.come();
    }

    /** What this replica took last, as the intake has answered it by now, is not to be forgotten because it stops. */
    void stop(@Observes @Priority(Interceptor.Priority.LIBRARY_AFTER) ShutdownEvent event) throws InterruptedException {
        if (failing) {
            return;
        }
        var last = new Thread(this::report, "source-activity");
        last.setDaemon(true);
        last.start();
        last.join(STOP_MAX.toMillis());
    }

    synchronized void report() {
        Map<Counted, Long> counts = counts();
        List<Counted> which = new ArrayList<>();
        List<Long> events = new ArrayList<>();
        counts.forEach((counted, count) -> {
            long since = count - reported.getOrDefault(counted, 0L);
            if (since > 0) {
                which.add(counted);
                events.add(since);
            }
        });
        if (which.isEmpty()) {
            return;
        }
        try (Connection connection = dataSource.getConnection();
                PreparedStatement record = connection.prepareStatement(RECORD)) {
            record.setString(1, replica);
            record.setArray(
                    2,
                    connection.createArrayOf(
                            "text", which.stream().map(Counted::source).toArray(String[]::new)));
            record.setArray(
                    3,
                    connection.createArrayOf(
                            "text", which.stream().map(Counted::outcome).toArray(String[]::new)));
            record.setArray(4, connection.createArrayOf("bigint", events.toArray(Long[]::new)));
            record.executeUpdate();
            reported = counts;
            failing = false;
        } catch (SQLException failure) {
            // What is not reported now is part of the next report, and counted twice if only the answer was lost.
            if (!failing) {
                failing = true;
                Log.warnf(
                        "This replica cannot report what came of its sources; the dashboard lacks it: %s",
                        failure.getMessage());
            }
        }
    }

    private Map<Counted, Long> counts() {
        Map<Counted, Long> counts = new HashMap<>();
        for (Source source : sources.all()) {
            for (Outcome outcome : Outcome.values()) {
                counts.put(new Counted(source.name(), outcome.label()), metrics.count(source.name(), outcome));
            }
            counts.put(new Counted(source.name(), UNMAPPED), metrics.unmapped(source.name()));
        }
        return counts;
    }
}
