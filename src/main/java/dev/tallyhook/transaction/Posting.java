package dev.tallyhook.transaction;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
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

    private static final int SETTLE_REST_FACTOR = 10;

    /** Into stretches, in one tick. */
    private static final int LOOKS_MAX = 10;

    private final Stretches stretches;
    private final Distribution distribution;
    private final Tick tick;
    private int rest;
    private boolean failing;
    private boolean notSettling;
    private long settledNanos = System.nanoTime();
    private long settleRest;

    Posting(Stretches stretches, Distribution distribution, Ticks ticks, MeterRegistry registry) {
        this.stretches = stretches;
        this.distribution = distribution;
        this.tick = ticks.every(PERIOD, "posting", this::post, Tick.Trait.WRITES_ASIDE);
        Gauge.builder("tallyhook.unposted.transactions", stretches, Stretches::open)
                .description("Transactions that lists by account, source, type and subject still find by their time; "
                        + Stretches.CLOSED_MAX + " at most are counted")
                .register(registry);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** Rests ten times as long as it takes: where millions wait, each stretch is looked into again and again. */
    private void settle() {
        long begun = System.nanoTime();
        if (begun - settledNanos < settleRest) {
            return;
        }
        try {
            int looks = 1;
            while (stretches.settle() && looks < LOOKS_MAX) {
                looks++;
                tick.goesOn();
            }
            notSettling = false;
        } catch (SQLException failure) {
            if (!notSettling) {
                notSettling = true;
                Log.warnf(
                        "What is finished is not settled, and sweeps and lists of what waits take longer until it is: %s",
                        failure.getMessage());
            }
        } finally {
            settledNanos = System.nanoTime();
            settleRest = SETTLE_REST_FACTOR * (settledNanos - begun);
        }
    }

    private void post() {
        if (distribution.map().isPresent()) {
            stretches.haveNoneOpen(); // Its lists are found without.
            return;
        }
        settle();
        try {
            stretches.openWhatIsAhead();
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
