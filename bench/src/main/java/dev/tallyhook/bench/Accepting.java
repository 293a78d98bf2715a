package dev.tallyhook.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How fast webhooks are taken, and whether finishing keeps up. */
final class Accepting {

    private static final int BARE_CONNECTIONS = 32;
    private static final String BARE_INSERTS = "raw JDBC, single-row commits, 32 connections";

    /** A difference of a few percent is less than the machine's moods, so it takes many. */
    private static final int PAIRS_FOR_EACH_ROUND = 5;

    private final Bed bed;

    Accepting(Bed bed) {
        this.bed = bed;
    }

    /** Accepts per second as fast as it can, then the latency at half of that. */
    void accept() throws Exception {
        try (var service = bed.service("PT1H")) {
            bed.warm(service);
            List<Double> bares = new ArrayList<>();
            List<Double> accepts = new ArrayList<>();
            for (int round = 0; round < bed.rounds; round++) {
                bed.database.empty();
                bares.add(bed.bare.insertsPerSecond(BARE_CONNECTIONS, Duration.ofSeconds(bed.seconds / 2)));
                accepts.add(bed.closedRate(service));
                Report.progress("  round " + (round + 1) + ": " + Math.round(accepts.get(round)) + "/s, bare "
                        + Math.round(bares.get(round)) + "/s");
            }
            double capacity = Bed.median(accepts);
            bed.capacityIs(capacity);
            bed.report.ratio("durable accepts, 64 connections", capacity, "/s", Bed.median(bares), BARE_INSERTS, 1.3);
            bed.database.empty();
            var half = bed.load(service).open((int) (capacity / 2), Duration.ofSeconds(bed.seconds));
            bed.report.atMost("accept latency at half of that rate, p99", half.millis(99), "ms", 25);
            bed.report.atMost("accept latency at half of that rate, p99.9", half.millis(99.9), "ms", 100);
            bed.report.atMost("answers other than 202 at half of that rate", Bed.notAccepted(half), "", 0);
            latencyChart("Accept latency at half of capacity", half).write(bed.output.resolve("latency.svg"));
        }
    }

    /**
     * What counting costs: the service beside one that is built without a registry, loaded in turns, so that the machine's
     * moods fall on both. The one that counts is scraped every five seconds, which is more often than is usual. Processor time
     * for each accept says the same as the rate, and is quieter.
     */
    void metrics() throws Exception {
        try (var counting = bed.service("PT1H");
                var silent = bed.serviceWithoutMetrics("PT1H")) {
            bed.warm(counting);
            bed.warm(silent);
            List<Turn> with = new ArrayList<>();
            List<Turn> without = new ArrayList<>();
            for (int pair = 0; pair < PAIRS_FOR_EACH_ROUND * bed.rounds; pair++) {
                // Who is measured first changes, so that a machine that slows down is nobody's fault.
                if (pair % 2 == 0) {
                    without.add(turn(silent));
                }
                try (var scraping = new Scraping(counting)) {
                    with.add(turn(counting));
                }
                if (pair % 2 == 1) {
                    without.add(turn(silent));
                }
                Report.progress("  " + with.get(pair) + " with, " + without.get(pair) + " without");
            }
            bed.report.figure("accepts with metrics", Turn.median(with, Turn::rate), "/s");
            bed.report.figure("accepts without metrics", Turn.median(without, Turn::rate), "/s");
            List<Double> lost = new ArrayList<>();
            for (int pair = 0; pair < with.size(); pair++) {
                lost.add(100 * (1 - with.get(pair).rate() / without.get(pair).rate()));
            }
            bed.report.figure("accepts lost by metrics, median of " + lost.size() + " pairs", Bed.median(lost), "%");
            bed.report.figure("processor time of the service for an accept, without metrics", Turn.median(without, Turn::cpuMicros), "us");
            double more = Turn.median(with, Turn::cpuMicros) / Turn.median(without, Turn::cpuMicros) - 1;
            bed.report.atMost("and so much more with metrics", 100 * more, "%", 3);
        }
    }

    private Turn turn(Service service) throws Exception {
        return Turn.of(bed.database, service, bed.load(service), Duration.ofSeconds(bed.seconds / 2));
    }

    /** Accepting and finishing at the same rate, for a while: the backlog stays flat. */
    void cycle() throws Exception {
        int rate = (int) (bed.capacity() / 3);
        int delay = 5;
        try (var service = bed.service("PT" + delay + "S")) {
            bed.warm(service);
            Thread.sleep(delay * 1_000L + 1_000);
            bed.database.empty();
            double walStart = bed.database.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn");
            var backlogs = new Sampler(bed.database, "SELECT count(*) FROM transactions WHERE status = 'PROCESSING' AND due_at > now() - interval '1 minute'");
            var result = bed.load(service).open(rate, Duration.ofSeconds(bed.soakRows / rate + 1));
            List<Chart.Point> samples = backlogs.stop();
            Thread.sleep(delay * 1_000L + 2_000);
            double wal = bed.database.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn") - walStart;
            var lateness = Lateness.of(bed.database);
            bed.report.figure("full cycle, accepted and finished at once", result.acceptedPerSecond(), "/s");
            bed.report.atMost("full cycle, answers other than 202", Bed.notAccepted(result), "", 0);
            bed.report.figure("full cycle, accept latency p99", result.millis(99), "ms");
            bed.report.figure("full cycle, lateness p99", lateness.millis(99), "ms");
            double steady = samples.stream().skip(delay + 2L).mapToDouble(Chart.Point::y).max().orElse(0);
            bed.report.atMost("full cycle, largest backlog beside rate x delay", steady / ((double) rate * delay), "x", 1.2);
            bed.report.atMost("full cycle, not finished at the end", bed.database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'"), "", 0);
            bed.report.atMost("WAL per life cycle", wal / result.accepted.getTotalCount(), "bytes", 1_200);
            bed.report.figure("rows of the soak", result.accepted.getTotalCount(), "");
            bed.report.figure("ledger, heap per row", bed.database.number("SELECT pg_relation_size('transactions')") / result.accepted.getTotalCount(), "bytes");
            bed.report.figure("primary key per row", bed.database.number("SELECT pg_relation_size('transactions_pkey')") / result.accepted.getTotalCount(), "bytes");
            bed.report.figure("due index per row", bed.database.number("SELECT pg_relation_size('transactions_by_due')") / result.accepted.getTotalCount(), "bytes");
            bed.report.figure("updates that were HOT", bed.database.number("SELECT coalesce(100.0 * n_tup_hot_upd / nullif(n_tup_upd, 0), 0) FROM pg_stat_user_tables WHERE relname = 'transactions'"), "%");
            new Chart("Backlog while " + rate + "/s come in and are finished " + delay + " s later", "s", "rows waiting", false)
                    .line("waiting", samples)
                    .write(bed.output.resolve("backlog.svg"));
        }
    }

    private static Chart latencyChart(String title, LoadGenerator.Result result) {
        return new Chart(title, "s", "ms", true)
                .line("p50", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.p50Millis())).toList())
                .line("p99", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.p99Millis())).toList())
                .line("max", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.maxMillis())).toList());
    }
}
