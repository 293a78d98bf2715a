package dev.tallyhook.processing;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Finishes what the poller's watermark has passed over: rows that were locked by a replica that then died, or that were
 * committed after later ones. It reads the due index from its beginning, dead entries and all, so it takes a connection of
 * its own, on which it cannot make the poller late, and rests the longer the longer it took.
 */
@ApplicationScoped
class Sweep {

    /** A sweep rests so many times as long as it took: it costs at most a twentieth of one connection's time. */
    private static final int REST_FACTOR = 20;

    private static final Duration REST_MAX = Duration.ofSeconds(30);

    private final DueTransactions due;
    private final ProcessingConfig config;
    private long nextNanos = System.nanoTime();

    Sweep(DueTransactions due, ProcessingConfig config) {
        this.due = due;
        this.config = config;
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP)
    synchronized void tick() {
        long start = System.nanoTime();
        if (start - nextNanos < 0) {
            return;
        }
        try {
            due.finish(DueTransactions.FROM_THE_BEGINNING, config.batchSize());
        } catch (SQLException failure) {
            Log.debugf("The sweep failed, as the poller will have said: %s", failure.getMessage());
        }
        long took = System.nanoTime() - start;
        nextNanos = start + took + Math.min(took * REST_FACTOR, REST_MAX.toNanos());
    }
}
