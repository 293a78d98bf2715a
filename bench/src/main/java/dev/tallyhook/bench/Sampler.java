package dev.tallyhook.bench;

import java.util.ArrayList;
import java.util.List;

/** Asks the database for a number once a second. */
final class Sampler {
    private final List<Chart.Point> samples = new ArrayList<>();
    private final Thread thread;
    private volatile boolean stopped;

    Sampler(Database database, String sql) {
        long start = System.nanoTime();
        thread = new Thread(() -> {
            try {
                while (!stopped) {
                    samples.add(new Chart.Point((System.nanoTime() - start) / 1e9, database.number(sql)));
                    Thread.sleep(1_000);
                }
            } catch (Exception failure) {
                Report.progress("  sampling stopped: " + failure.getMessage());
            }
        });
        thread.start();
    }

    List<Chart.Point> stop() throws InterruptedException {
        stopped = true;
        thread.join();
        return samples;
    }
}
