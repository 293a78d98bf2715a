package dev.tallyhook.processing;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;

/** Looks at the clock, and finishes what is due. Any number of replicas may do so on the same table. */
@ApplicationScoped
public class DuePoller {

    private final DueTransactions due;
    private final ProcessingConfig config;
    private volatile long lastSuccessNanos = System.nanoTime();
    private volatile boolean failing;
    private volatile boolean stopping;

    DuePoller(DueTransactions due, ProcessingConfig config) {
        this.due = due;
        this.config = config;
    }

    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    synchronized void tick() {
        try {
            drain();
            if (failing) {
                failing = false;
                Log.info("Due transactions are finished again");
            }
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf("Due transactions wait; every tick tries again: %s", failure.getMessage());
            }
        }
    }

    private void drain() throws SQLException {
        for (int i = 0; i < config.batchesPerTickMax() && !stopping; i++) {
            int finished = due.finish(config.batchSize());
            lastSuccessNanos = System.nanoTime();
            if (finished < config.batchSize()) {
                return;
            }
        }
    }

    /** Whether polls have failed, or have not happened, for longer than is normal. */
    public boolean stalled() {
        return Duration.ofNanos(System.nanoTime() - lastSuccessNanos).compareTo(config.stalledAfter()) > 0;
    }

    /** Waits for the running batch, which is short; what is still due is left to the next start or another replica. */
    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        synchronized (this) {
            Log.debug("The poller has stopped");
        }
    }
}
