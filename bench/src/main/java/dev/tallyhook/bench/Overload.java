package dev.tallyhook.bench;

import java.time.Duration;
import java.util.Map;

/** What happens when more comes than can be taken, and what waiting costs. */
final class Overload {

    private final Bed bed;

    Overload(Bed bed) {
        this.bed = bed;
    }

    /**
     * Three times what it can take, and then half again. First the machine is what is short: the senders' connections are
     * all busy, and what counts is how soon a request is answered once it is sent. Then the bed.database is: its commits are slow
     * and groups small, so the intake must refuse, and latency counts from when a request was meant to be sent.
     */
    void overload() throws Exception {
        try (var service = bed.service("PT1H")) {
            bed.warm(service);
            double before = bed.closedRate(service);
            long residentBefore = service.residentBytes();
            var flood = new LoadGenerator(service.port, 4 * Bed.CONNECTIONS).open((int) (before * 3), Duration.ofSeconds(bed.seconds));
            bed.report.figure("flood by 256 connections, offered", before * 3, "/s");
            bed.report.figure("flood, accepted", flood.acceptedPerSecond(), "/s");
            bed.report.figure("flood, accept latency as senders without a connection feel it, p99", flood.millis(99), "ms");
            bed.report.atMost("flood, accept latency from sending, p99", flood.fromSending.getValueAtPercentile(99) / 1e3, "ms", 25);
            bed.report.atMost("flood, growth of resident memory", (service.residentBytes() - residentBefore) / 1e6, "MB", 20);
            bed.report.ratio("accepts after the flood", bed.closedRate(service), "/s", before, "accepts before", 0.9);
        }
        shed();
    }

    private void shed() throws Exception {
        bed.database.empty();
        bed.database.setting("commit_delay", "5000");
        bed.database.setting("commit_siblings", "0");
        try (var service = bed.service("PT1H", Map.of("TALLYHOOK_INTAKE_GROUP_SIZE_MAX", "32"))) {
            var generator = new LoadGenerator(service.port, 8 * Bed.CONNECTIONS);
            generator.closed(Duration.ofSeconds(bed.seconds / 2));
            double able = bed.closedRate(service);
            var flood = generator.open((int) (able * 3), Duration.ofSeconds(bed.seconds));
            long refused = flood.statuses.getOrDefault(503, 0L);
            bed.report.figure("slow commits, accepts as fast as it can", able, "/s");
            bed.report.figure("slow commits, refused with 503 at three times that", refused / (flood.took.toNanos() / 1e9), "/s");
            bed.report.ratio("slow commits, accepted at three times that", flood.acceptedPerSecond(), "/s", able, "accepts before", 0.9);
            bed.report.atMost("slow commits, accept latency p99 at three times that", flood.millis(99), "ms", 25);
            bed.report.atMost("slow commits, neither 202 nor 503", Bed.notAccepted(flood) - refused, "", 0);
            bed.report.ratio("slow commits, accepts afterwards", bed.closedRate(service), "/s", able, "accepts before", 0.9);
            new Chart("Overload: three times what slow commits can take", "s", "per second", false)
                    .line("accepted", flood.seconds.stream().map(second -> new Chart.Point(second.at(), second.accepted())).toList())
                    .line("refused", flood.seconds.stream().map(second -> new Chart.Point(second.at(), second.refused())).toList())
                    .write(bed.output.resolve("overload.svg"));
        } finally {
            bed.database.setting("commit_delay", "DEFAULT");
            bed.database.setting("commit_siblings", "DEFAULT");
        }
    }

    /** Waiting rows wait in the database: the service must not grow with them. */
    void memory() throws Exception {
        int rate = (int) (bed.capacity() / 2);
        bed.database.empty();
        try (var service = bed.service("PT1H")) {
            bed.report.figure("resident memory, idle (128 MB heap)", service.settledMemory().resident() / 1e6, "MB");
            var generator = bed.load(service);
            generator.open(rate, Duration.ofSeconds(bed.seconds * 2L));
            bed.database.empty();
            var start = service.settledMemory();
            while (bed.database.number("SELECT count(*) FROM transactions") < bed.backlog) {
                generator.open(rate, Duration.ofSeconds(5));
            }
            var end = service.settledMemory();
            bed.report.figure("resident memory, 1 M waiting", end.resident() / 1e6, "MB");
            bed.report.atMost("growth of resident memory, 0 to 1 M waiting", (end.resident() - start.resident()) / 1e6, "MB", 5);
            bed.report.atMost("growth of live heap, 0 to 1 M waiting", (end.liveHeap() - start.liveHeap()) / 1e6, "MB", 5);
        }
    }
}
