package dev.tallyhook.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a pod of it takes: time until it is of use, and memory, idle and under load. {@code BENCH_JVM} says with which JVM options. */
final class Footprint {

    private static final int STARTS = 15;
    private static final int WEBHOOKS = 1_000_000;

    /** Until what the start has left behind is settled. */
    private static final Duration IDLE = Duration.ofSeconds(10);

    private final Bed bed;

    Footprint(Bed bed) {
        this.bed = bed;
    }

    void measure() throws Exception {
        bed.database.empty();
        starts();
        memory();
    }

    private void starts() throws Exception {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < STARTS; i++) {
            try (var service = bed.serviceThatJustAccepts("PT1H")) {
                millis.add(service.age().toNanos() / 1e6);
            }
        }
        bed.report.figure("start of the process to the first 202, median of " + STARTS, Bed.median(millis), "ms");
        bed.report.figure("start of the process to the first 202, longest", millis.stream().mapToDouble(Double::doubleValue).max().orElseThrow(), "ms");
    }

    private void memory() throws Exception {
        bed.database.empty();
        try (var service = bed.service("PT1S")) {
            Thread.sleep(IDLE.toMillis());
            figures("idle", service);
            long accepted = 0;
            double longest = 0;
            while (accepted < WEBHOOKS) {
                accepted += bed.load(service).closed(Duration.ofSeconds(5)).accepted.getTotalCount();
                longest = Math.max(longest, service.residentBytes() / 1e6);
            }
            figures("after 1 M webhooks", service);
            bed.report.figure("resident memory, most under load", longest, "MB");
        }
    }

    private void figures(String when, Service service) throws Exception {
        bed.report.figure("resident memory, " + when, service.residentBytes() / 1e6, "MB");
        bed.report.figure("the anonymous part of it, " + when, service.anonymousBytes() / 1e6, "MB");
    }
}
