package dev.tallyhook.transaction;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;

/** Posts what has come, again and again. While that fails lists find all the same, by time, what they would find faster. */
@Startup
@ApplicationScoped
class Posting {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Ticks that are left out where nothing is to be posted, because looking for it reads some thousand entries of an index. */
    private static final int REST = 4;

    /** Into stretches, in one tick. */
    private static final int LOOKS_MAX = 10;

    private final Stretches stretches;
    private final Tick tick;
    private int rest;
    private boolean failing;

    Posting(Stretches stretches, Ticks ticks, MeterRegistry registry) {
        this.stretches = stretches;
        this.tick = ticks.every(PERIOD, "posting", this::post);
        Gauge.builder("tallyhook.unposted.transactions", stretches, Stretches::open)
                .description("Transactions that lists by account, source, type and subject still find by their time; "
                        + Stretches.CLOSED_MAX + " at most are counted")
                .register(registry);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void settle() throws SQLException {
        int looks = 1;
        while (stretches.settle() && looks < LOOKS_MAX) {
            looks++;
            tick.goesOn();
        }
    }

    private void post() {
        try {
            stretches.openWhatIsAhead();
            settle();
            if (rest > 0) {
                rest--;
            } else if (!stretches.advance()) {
                rest = REST;
            }
            failing = false;
        } catch (SQLException failure) {
            stretches.forgetHowManyAreOpen();
            if (!failing) {
                failing = true;
                Log.warnf(
                        "What has come is not posted, and lists by account, source, type and subject take longer until it is: %s",
                        failure.getMessage());
            }
        }
    }
}
