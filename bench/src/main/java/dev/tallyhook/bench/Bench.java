package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs the scenarios one after the other and prints one table. {@code bench/run --help} tells the options. */
public final class Bench {

    private static final int CONNECTIONS = 64;
    private static final int BARE_CONNECTIONS = 32;
    private static final int WAITING = 1_000_000;
    private static final int LAYOUT_ROWS = 500_000;
    private static final String BARE_INSERTS = "raw JDBC, single-row commits, 32 connections";
    private static final String BARE_CLAIMS = "the bare claim in a loop";

    private final Database database;
    private final Bare bare;
    private final Report report;
    private final List<String> service;
    private final Path output;
    private final int seconds;
    private final int rounds;
    private final int backlog;
    private final int soakRows;
    private double capacity;

    private interface Scenario {
        void run() throws Exception;
    }

    private Bench(Options options, Database database) throws Exception {
        this.database = database;
        this.bare = new Bare(database);
        this.report = new Report(database);
        this.service = Service.command(options.path("--target", "target"), options.arguments().contains("--native"));
        this.output = Files.createDirectories(options.path("--output", "bench/target/results"));
        this.seconds = options.number("--seconds", 20);
        this.rounds = options.number("--rounds", 3);
        this.backlog = options.number("--backlog", WAITING);
        this.soakRows = options.number("--soak-rows", 5_000_000);
    }

    /** The command line: {@code --name value}. */
    private record Options(List<String> arguments) {
        String text(String name, String otherwise) {
            int at = arguments.indexOf(name);
            return at < 0 ? otherwise : arguments.get(at + 1);
        }

        int number(String name, int otherwise) {
            return Integer.parseInt(text(name, Integer.toString(otherwise)));
        }

        Path path(String name, String otherwise) {
            return Path.of(text(name, otherwise));
        }
    }

    /**
     * Runs the benchmark.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String... arguments) throws Exception {
        var options = new Options(Arrays.asList(arguments));
        if (options.arguments().contains("--help")) {
            System.out.println(
                    """
                    --url jdbc:postgresql://…  --user …  --password …   a database that may be emptied; an embedded one otherwise
                    --only accept,drain                                 some of: accept cycle drain lateness overload replicas memory peer layouts
                    --soak-rows 5000000                                 rows that cycle accepts and finishes
                    --seconds 20    how long each load lasts            --rounds 3    of accept; medians are told
                    --backlog 1000000                                   rows of drain, lateness and memory
                    --target target    --native                         where the packaged service is; its binary, not its jar
                    --output bench/target/results                       where results.json and the charts go
                    """);
            return;
        }
        String url = options.text("--url", null);
        try (var database = url == null
                ? Database.embedded()
                : Database.at(url, options.text("--user", "postgres"), options.text("--password", ""))) {
            var bench = new Bench(options, database);
            bench.run(options.text("--only", ""));
            System.exit(bench.report.reached() ? 0 : 1);
        }
    }

    private void run(String only) throws Exception {
        try (var first = new Service(service, database, Map.of())) {
            Report.progress("The service starts and migrates, on port " + first.port);
        }
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        scenarios.put("accept", this::accept);
        scenarios.put("cycle", this::cycle);
        scenarios.put("drain", this::drain);
        scenarios.put("lateness", this::lateness);
        scenarios.put("overload", this::overload);
        scenarios.put("replicas", this::replicas);
        scenarios.put("memory", this::memory);
        scenarios.put("peer", this::peer);
        scenarios.put("layouts", () -> new Layouts(database, report).compare(LAYOUT_ROWS));
        for (var scenario : scenarios.entrySet()) {
            if (only.isEmpty() || List.of(only.split(",")).contains(scenario.getKey())) {
                Report.progress(scenario.getKey());
                scenario.getValue().run();
            }
        }
        report.print();
        report.write(output.resolve("results.json"));
    }

    private Service service(String delay) throws IOException, InterruptedException {
        return new Service(service, database, Map.of("TALLYHOOK_PROCESSING_DELAY", delay));
    }

    private static LoadGenerator load(Service service) {
        return new LoadGenerator(service.port, CONNECTIONS);
    }

    private void warm(Service service) throws IOException {
        load(service).closed(Duration.ofSeconds(Math.max(5, seconds / 2)));
    }

    /** Accepts per second as fast as it can, then the latency at half of that. */
    private void accept() throws Exception {
        try (var service = service("PT1H")) {
            warm(service);
            List<Double> bares = new ArrayList<>();
            List<Double> accepts = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                database.empty();
                bares.add(bare.insertsPerSecond(BARE_CONNECTIONS, Duration.ofSeconds(seconds / 2)));
                accepts.add(closedRate(service));
                Report.progress("  round " + (round + 1) + ": " + Math.round(accepts.get(round)) + "/s, bare "
                        + Math.round(bares.get(round)) + "/s");
            }
            capacity = median(accepts);
            report.ratio("durable accepts, 64 connections", capacity, "/s", median(bares), BARE_INSERTS, 1.3);
            database.empty();
            var half = load(service).open((int) (capacity / 2), Duration.ofSeconds(seconds));
            report.atMost("accept latency at half of that rate, p99", half.millis(99), "ms", 25);
            report.atMost("accept latency at half of that rate, p99.9", half.millis(99.9), "ms", 100);
            report.atMost("answers other than 202 at half of that rate", notAccepted(half), "", 0);
            latencyChart("Accept latency at half of capacity", half).write(output.resolve("latency.svg"));
        }
    }

    /** Accepts per second as fast as it can, on an empty ledger. */
    private double closedRate(Service service) throws Exception {
        database.empty();
        double rate = load(service).closed(Duration.ofSeconds(seconds / 2)).acceptedPerSecond();
        database.empty();
        return rate;
    }

    private double capacity() throws Exception {
        if (capacity == 0) {
            try (var service = service("PT1H")) {
                warm(service);
                capacity = closedRate(service);
            }
        }
        return capacity;
    }

    /** Accepting and finishing at the same rate, for a while: the backlog stays flat. */
    private void cycle() throws Exception {
        int rate = (int) (capacity() / 3);
        int delay = 5;
        try (var service = service("PT" + delay + "S")) {
            warm(service);
            Thread.sleep(delay * 1_000L + 1_000);
            database.empty();
            double walStart = database.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn");
            var backlogs = new Sampler(database, "SELECT count(*) FROM transactions WHERE status = 'PROCESSING'");
            var result = load(service).open(rate, Duration.ofSeconds(soakRows / rate + 1));
            List<Chart.Point> samples = backlogs.stop();
            Thread.sleep(delay * 1_000L + 2_000);
            double wal = database.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn") - walStart;
            var lateness = Lateness.of(database);
            report.figure("full cycle, accepted and finished at once", result.acceptedPerSecond(), "/s");
            report.atMost("full cycle, answers other than 202", notAccepted(result), "", 0);
            report.figure("full cycle, accept latency p99", result.millis(99), "ms");
            report.figure("full cycle, lateness p99", lateness.millis(99), "ms");
            double steady = samples.stream().skip(delay + 2L).mapToDouble(Chart.Point::y).max().orElse(0);
            report.atMost("full cycle, largest backlog beside rate x delay", steady / ((double) rate * delay), "x", 1.2);
            report.atMost("full cycle, not finished at the end", database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'"), "", 0);
            report.atMost("WAL per life cycle", wal / result.accepted.getTotalCount(), "bytes", 850);
            report.figure("rows of the soak", result.accepted.getTotalCount(), "");
            report.figure("ledger, heap per row", database.number("SELECT pg_relation_size('transactions')") / result.accepted.getTotalCount(), "bytes");
            report.figure("primary key per row", database.number("SELECT pg_relation_size('transactions_pkey')") / result.accepted.getTotalCount(), "bytes");
            report.figure("due index after the soak", database.number("SELECT pg_relation_size('transactions_due')") / 1e6, "MB");
            report.figure("updates that were HOT", database.number("SELECT coalesce(100.0 * n_tup_hot_upd / nullif(n_tup_upd, 0), 0) FROM pg_stat_user_tables WHERE relname = 'transactions'"), "%");
            new Chart("Backlog while " + rate + "/s come in and are finished " + delay + " s later", "s", "rows waiting", false)
                    .line("waiting", samples)
                    .write(output.resolve("backlog.svg"));
        }
    }

    private void drain() throws Exception {
        double bareRate = bareDrain();
        report.ratio("drain of an overdue backlog", serviceDrain(1), "/s", bareRate, BARE_CLAIMS, 0.9);
        try (var pinned = new PinnedXmin(database)) {
            report.ratio("drain while a transaction pins xmin", serviceDrain(1), "/s", bareRate, BARE_CLAIMS, 0.81);
        }
    }

    private double bareDrain() throws Exception {
        database.empty();
        database.seed(backlog, "-1 hour");
        return bare.claimsPerSecond();
    }

    /** From the first row finished to the last, by the database's clock, so that no start-up counts. */
    private double serviceDrain(int replicas) throws Exception {
        database.empty();
        List<Service> services = new ArrayList<>();
        try {
            for (int i = 0; i < replicas; i++) {
                services.add(service("PT1H"));
            }
            // Committed at once, so that all replicas find the whole backlog together.
            database.seed(backlog, "-1 hour");
            while (database.number("SELECT EXISTS (SELECT FROM transactions WHERE status = 'PROCESSING')::int") > 0) {
                Thread.sleep(200);
            }
        } finally {
            services.forEach(Service::close);
        }
        return database.number("SELECT count(*) / extract(epoch FROM max(processed_at) - min(processed_at)) FROM transactions");
    }

    private void lateness() throws Exception {
        double[] free = lateness("1 M waiting", 20, 100, "lateness.svg");
        try (var pinned = new PinnedXmin(database)) {
            lateness("1 M waiting and xmin pinned", Math.max(20, free[0] * 1.1), Math.max(100, free[1] * 1.1), null);
        }
    }

    private double[] lateness(String with, double p99Most, double maxMost, String chart) throws Exception {
        database.empty();
        database.seed(backlog, "1 day");
        try (var service = service("PT3S")) {
            load(service).open(1_000, Duration.ofSeconds(5));
            Thread.sleep(5_000);
            database.execute("DELETE FROM transactions WHERE status = 'PROCESSED'");
            var result = load(service).open(1_000, Duration.ofSeconds(seconds * 2L));
            Thread.sleep(5_000);
            report.atMost(
                    "not accepted or not finished at 1,000/s, " + with,
                    notAccepted(result) + database.number(
                            "SELECT count(*) FROM transactions WHERE status = 'PROCESSING' AND due_at < now()"),
                    "",
                    0);
        }
        var lateness = Lateness.of(database);
        report.atMost("lateness at 1,000/s, " + with + ", p99", lateness.millis(99), "ms", p99Most);
        report.atMost("lateness at 1,000/s, " + with + ", max", lateness.maxMillis(), "ms", maxMost);
        if (chart != null) {
            List<Chart.Point> points = new ArrayList<>();
            for (double percentile = 0; percentile <= 99.9; percentile += 0.5) {
                points.add(new Chart.Point(percentile, lateness.millis(percentile)));
            }
            points.add(new Chart.Point(100, lateness.maxMillis()));
            new Chart("Lateness at 1,000/s with 1 M waiting", "percentile", "ms after due", false)
                    .line("processed_at - due_at", points)
                    .write(output.resolve(chart));
        }
        return new double[] {lateness.millis(99), lateness.maxMillis()};
    }

    /**
     * Three times what it can take, and then half again. First the machine is what is short: the senders' connections are
     * all busy, and what counts is how soon a request is answered once it is sent. Then the database is: its commits are slow
     * and groups small, so the intake must refuse, and latency counts from when a request was meant to be sent.
     */
    private void overload() throws Exception {
        try (var service = service("PT1H")) {
            warm(service);
            double before = closedRate(service);
            long residentBefore = service.residentBytes();
            var flood = new LoadGenerator(service.port, 4 * CONNECTIONS).open((int) (before * 3), Duration.ofSeconds(seconds));
            report.figure("flood by 256 connections, offered", before * 3, "/s");
            report.figure("flood, accepted", flood.acceptedPerSecond(), "/s");
            report.figure("flood, accept latency as senders without a connection feel it, p99", flood.millis(99), "ms");
            report.atMost("flood, accept latency from sending, p99", flood.fromSending.getValueAtPercentile(99) / 1e3, "ms", 25);
            report.atMost("flood, growth of resident memory", (service.residentBytes() - residentBefore) / 1e6, "MB", 20);
            report.ratio("accepts after the flood", closedRate(service), "/s", before, "accepts before", 0.9);
        }
        shed();
    }

    private void shed() throws Exception {
        database.empty();
        database.setting("commit_delay", "5000");
        database.setting("commit_siblings", "0");
        try (var service = new Service(
                this.service,
                database,
                Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1H", "TALLYHOOK_INTAKE_GROUP_SIZE_MAX", "32"))) {
            var generator = new LoadGenerator(service.port, 8 * CONNECTIONS);
            generator.closed(Duration.ofSeconds(seconds / 2));
            double able = closedRate(service);
            var flood = generator.open((int) (able * 3), Duration.ofSeconds(seconds));
            long refused = flood.statuses.getOrDefault(503, 0L);
            report.figure("slow commits, accepts as fast as it can", able, "/s");
            report.figure("slow commits, refused with 503 at three times that", refused / (flood.took.toNanos() / 1e9), "/s");
            report.ratio("slow commits, accepted at three times that", flood.acceptedPerSecond(), "/s", able, "accepts before", 0.9);
            report.atMost("slow commits, accept latency p99 at three times that", flood.millis(99), "ms", 25);
            report.atMost("slow commits, neither 202 nor 503", notAccepted(flood) - refused, "", 0);
            report.ratio("slow commits, accepts afterwards", closedRate(service), "/s", able, "accepts before", 0.9);
            new Chart("Overload: three times what slow commits can take", "s", "per second", false)
                    .line("accepted", flood.seconds.stream().map(second -> new Chart.Point(second.at(), second.accepted())).toList())
                    .line("refused", flood.seconds.stream().map(second -> new Chart.Point(second.at(), second.refused())).toList())
                    .write(output.resolve("overload.svg"));
        } finally {
            database.setting("commit_delay", "DEFAULT");
            database.setting("commit_siblings", "DEFAULT");
        }
    }

    private void replicas() throws Exception {
        double one = serviceDrain(1);
        report.figure("drain by 1 replica", one, "/s");
        for (int count : new int[] {2, 4}) {
            report.ratio("drain by " + count + " replicas", serviceDrain(count), "/s", one, "by 1 replica", 0.9);
        }
    }

    /** Waiting rows wait in the database: the service must not grow with them. */
    private void memory() throws Exception {
        int rate = (int) (capacity() / 2);
        database.empty();
        try (var service = service("PT1H")) {
            report.figure("resident memory, idle (128 MB heap)", service.settledMemory().resident() / 1e6, "MB");
            var generator = load(service);
            generator.open(rate, Duration.ofSeconds(seconds * 2L));
            database.empty();
            var start = service.settledMemory();
            while (database.number("SELECT count(*) FROM transactions") < backlog) {
                generator.open(rate, Duration.ofSeconds(5));
            }
            var end = service.settledMemory();
            report.figure("resident memory, 1 M waiting", end.resident() / 1e6, "MB");
            report.atMost("growth of resident memory, 0 to 1 M waiting", (end.resident() - start.resident()) / 1e6, "MB", 5);
            report.atMost("growth of live heap, 0 to 1 M waiting", (end.liveHeap() - start.liveHeap()) / 1e6, "MB", 5);
        }
    }

    private void peer() throws Exception {
        database.empty();
        try (var peer = new Peer(database)) {
            report.figure("db-scheduler, enqueues by direct call", peer.enqueuesPerSecond(Duration.ofSeconds(seconds / 2)), "/s");
            database.execute("TRUNCATE transactions, scheduled_tasks");
            report.figure("db-scheduler, drain of 100,000", peer.drainPerSecond(100_000), "/s");
            database.execute("TRUNCATE transactions, scheduled_tasks");
            report.figure("db-scheduler, lateness at 1,000/s, p99", peer.latenessMillis(1_000, Duration.ofSeconds(seconds), 99), "ms");
        }
    }

    private static long notAccepted(LoadGenerator.Result result) {
        return result.broken + result.statuses.values().stream().mapToLong(Long::longValue).sum() - result.accepted.getTotalCount();
    }

    private static Chart latencyChart(String title, LoadGenerator.Result result) {
        return new Chart(title, "s", "ms", true)
                .line("p50", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.p50Millis())).toList())
                .line("p99", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.p99Millis())).toList())
                .line("max", result.seconds.stream().map(second -> new Chart.Point(second.at(), second.maxMillis())).toList());
    }

    private static double median(List<Double> figures) {
        return figures.stream().sorted().toList().get(figures.size() / 2);
    }

    /** A transaction that stays open and keeps vacuum from removing anything newer, as a forgotten session does. */
    private static final class PinnedXmin implements AutoCloseable {
        private final Connection connection;

        PinnedXmin(Database database) throws Exception {
            connection = database.connect();
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try (var statement = connection.createStatement()) {
                statement.execute("SELECT txid_current()");
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** Asks the database for a number once a second. */
    private static final class Sampler {
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
}
