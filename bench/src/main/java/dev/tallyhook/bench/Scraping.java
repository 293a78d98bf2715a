package dev.tallyhook.bench;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Reads a service's metrics every five seconds, as long as it is open. */
final class Scraping implements AutoCloseable {

    private final AtomicInteger count = new AtomicInteger();
    private final ScheduledExecutorService schedule = Executors.newSingleThreadScheduledExecutor();

    Scraping(Service service) {
        var unused = schedule.scheduleAtFixedRate(
                () -> {
                    try {
                        service.scrape();
                        count.incrementAndGet();
                    } catch (java.io.IOException failure) {
                        Report.progress("  not scraped: " + failure);
                    }
                },
                0,
                5,
                TimeUnit.SECONDS);
    }

    int count() {
        return count.get();
    }

    @Override
    public void close() {
        schedule.shutdownNow();
    }
}
