package dev.tallyhook.endpoint;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Tells the table, and so all replicas, which endpoints this replica's configuration has, again and again. What no replica has told of
 * for a while is in no configuration any more, and is disabled.
 */
@ApplicationScoped
class Configuring {

    /** A failure is tried again after so long. */
    private static final Duration PERIOD = Duration.ofSeconds(5);

    private static final Duration TOLD_EVERY = Duration.ofMinutes(1);

    /** Five times as long: a replica that is replaced, or a database that is away, disables nothing. */
    private static final Duration ABSENT_AFTER = Duration.ofMinutes(5);

    private final ConfiguredRows rows;
    private final ConfiguredEndpoints configured;
    private final Directory directory;
    private final Tick tick;
    private final long begunNanos = System.nanoTime();
    private boolean everTold;
    private boolean failing;

    Configuring(
            @DataSource("delivery") javax.sql.DataSource dataSource,
            ConfiguredEndpoints configured,
            Directory directory,
            Ticks ticks) {
        this.rows = new ConfiguredRows(dataSource);
        this.configured = configured;
        this.directory = directory;
        this.tick = ticks.every(PERIOD, "configured endpoints", this::tellAndRest);
    }

    @Scheduled(every = "5s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void tellAndRest() {
        try {
            rows.tell(configured.all());
            if (!everTold) {
                everTold = true;
                directory.lookNow();
            }
            // Who starts first after all were down must not disable what the others are going to tell of.
            if (System.nanoTime() - begunNanos > ABSENT_AFTER.toNanos()) {
                rows.disableAbsent(ABSENT_AFTER);
            }
            failing = false;
            tick.rest(TOLD_EVERY.minus(PERIOD.dividedBy(2)));
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf(
                        "The table of endpoints cannot be told of those that are configured; it is tried again: %s",
                        DatabaseFailure.reason(failure));
            }
        }
    }
}
