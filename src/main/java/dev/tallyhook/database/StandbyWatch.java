package dev.tallyhook.database;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.agroal.api.AgroalDataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * While commits wait for a synchronous standby that is away, has those rest that write aside: each try of theirs would take a session from
 * those who read.
 */
@ApplicationScoped
class StandbyWatch {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Until it is asked again, and a little longer. */
    private static final Duration REST = Duration.ofSeconds(3);

    private final AgroalDataSource reading;
    private final String url;
    private final Ticks ticks;
    private final Tick watching;
    private boolean away;

    StandbyWatch(AgroalDataSource reading, Ticks ticks) {
        this.reading = reading;
        this.url = reading.getConfiguration()
                .connectionPoolConfiguration()
                .connectionFactoryConfiguration()
                .jdbcUrl();
        this.ticks = ticks;
        this.watching = ticks.every(PERIOD, "standby watch", this::watch);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        watching.come();
    }

    private void watch() {
        List<Stranded> pools = Stranded.perhapsOn(url);
        away = !pools.isEmpty() && isAway(pools);
        if (away) {
            ticks.rest(Tick.Trait.WRITES_ASIDE, REST);
        }
    }

    private boolean isAway(List<Stranded> pools) {
        try (Connection connection = reading.getConnection()) {
            boolean waits = false;
            for (Stranded pool : pools) {
                waits |= pool.waits(connection);
            }
            return waits;
        } catch (SQLException failure) {
            Log.debug("Nobody says whether commits wait for a standby", failure);
            return away;
        }
    }
}
