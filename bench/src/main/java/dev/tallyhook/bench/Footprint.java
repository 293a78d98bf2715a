package dev.tallyhook.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * What a pod of it takes: time until it is of use, how it does in its first second, and memory, idle and under load. {@code BENCH_JVM} says
 * with which JVM options.
 */
final class Footprint {

    private static final int STARTS = 15;
    private static final int WEBHOOKS = 1_000_000;

    private static final int FIRST_SECONDS = 5;
    private static final int FIRST_SECOND_RATE = 500;
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration LOADED = Duration.ofSeconds(40);
    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final long SLOW_MICROS = 500_000;

    /** Until what the start has left behind is settled. */
    private static final Duration IDLE = Duration.ofSeconds(10);

    private final Bed bed;

    Footprint(Bed bed) {
        this.bed = bed;
    }

    void measure() throws Exception {
        bed.database.empty();
        starts();
        besideALoadedReplica();
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

    /** As each node of a rolling restart: another replica takes as much all the time, and has the tester warm before it counts. */
    private void besideALoadedReplica() throws Exception {
        var loader = Executors.newSingleThreadExecutor();
        try (var loaded = bed.service("PT1H")) {
            bed.load(loaded).open(FIRST_SECOND_RATE, WARM_UP);
            List<Double> healthy = new ArrayList<>();
            List<Double> firstSeconds = new ArrayList<>();
            long slow = 0;
            for (int i = 0; i < FIRST_SECONDS; i++) {
                var load = loader.submit(() -> bed.load(loaded).open(FIRST_SECOND_RATE, LOADED));
                try (var service = bed.service("PT1H")) {
                    healthy.add(service.age().toNanos() / 1e6);
                    var first = bed.load(service).open(FIRST_SECOND_RATE, SECOND);
                    firstSeconds.add(first.millis(99));
                    slow += first.accepted.getTotalCount() - first.accepted.getCountBetweenValues(0, SLOW_MICROS) + Bed.notAccepted(first);
                    Report.progress("  healthy after %.0f ms, first second's p99 %.1f ms".formatted(healthy.get(i), firstSeconds.get(i)));
                }
                load.get();
            }
            bed.report.figure("start of the process to healthy beside a loaded replica, median of " + FIRST_SECONDS, Bed.median(healthy), "ms");
            bed.report.atMost("first second at 500/s beside a loaded replica, p99, median of " + FIRST_SECONDS, Bed.median(firstSeconds), "ms", 100);
            bed.report.figure(
                    "first second at 500/s beside a loaded replica, p99, longest",
                    firstSeconds.stream().mapToDouble(Double::doubleValue).max().orElseThrow(),
                    "ms");
            bed.report.atMost("not accepted within 500 ms in those seconds", slow, "", 0);
        } finally {
            loader.shutdown();
        }
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
