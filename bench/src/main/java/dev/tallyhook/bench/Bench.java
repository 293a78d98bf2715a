package dev.tallyhook.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs the scenarios one after the other and prints one table. {@code bench/run --help} tells the options. */
public final class Bench {

    private static final int LAYOUT_ROWS = 500_000;
    private static final String GROWTH = "growth";
    private static final String LETTING_GO = "letting-go";
    private static final String CITUS = "citus";

    private final Bed bed;
    private final Options options;

    private interface Scenario {
        void run() throws Exception;
    }

    private Bench(Bed bed, Options options) {
        this.bed = bed;
        this.options = options;
    }

    /**
     * Runs the benchmark.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String... arguments) throws Exception {
        var options = new Options(Arrays.asList(arguments));
        if (options.has("--help")) {
            System.out.println(
                    """
                    --url jdbc:postgresql://…  --user …  --password …   a database that may be emptied; an embedded one otherwise
                    --only accept,drain                                 some of: accept cycle drain lateness overload replicas memory footprint signatures sources timing slow metrics peer layouts telling versions growth letting-go citus
                    --telling rate,cost                                 some of telling: rate cost lateness isolation storage peer
                    --citus accept,finish                               some of citus: groups accept finish lateness scale
                    --soak-rows 5000000                                 rows that cycle accepts and finishes
                    --seconds 20    how long each load lasts            --rounds 3    of accept; medians are told
                    --backlog 1000000                                   rows of drain, lateness and memory
                    --growth-rows 50000,3000000,10000000,30000000       old rows of growth, which takes an hour, brings a server of its own
                                                                        and runs only if it is named
                    --old-rows 1000000                                  of letting-go, in each of its rounds; it has a server of its own, and runs only if
                                                                        it is named
                                                                        citus, which needs a PostgreSQL with Citus (docs/citus.md), runs only if it is named
                    --earlier ../tallyhook-0.1.0/target                 an earlier build, for versions: 15 pairs of accept and drain,
                                                                        and for sources, which holds the built-in contract against it
                    --target target    --native                         where the packaged service is; its binary, not its jar
                    --output bench/target/results                       where results.json and the charts go
                    """);
            return;
        }
        String url = options.text("--url", null);
        try (var database = url == null
                ? Database.embedded()
                : Database.at(url, options.text("--user", "postgres"), options.text("--password", ""))) {
            System.exit(new Bench(new Bed(options, database), options).run(options.text("--only", "")) ? 0 : 1);
        }
    }

    private boolean run(String only) throws Exception {
        try (var first = bed.service("PT30S")) {
            Report.progress("The service starts and migrates, on port " + first.port);
        }
        for (var scenario : scenarios().entrySet()) {
            if (only.isEmpty() ? !List.of(GROWTH, LETTING_GO, CITUS).contains(scenario.getKey()) : List.of(only.split(",")).contains(scenario.getKey())) {
                Report.progress(scenario.getKey());
                scenario.getValue().run();
            }
        }
        bed.report.print();
        bed.report.write(bed.output.resolve("results.json"));
        return bed.report.reached();
    }

    private Map<String, Scenario> scenarios() {
        var accepting = new Accepting(bed);
        var finishing = new Finishing(bed);
        var overload = new Overload(bed);
        var access = new Access(bed);
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        scenarios.put("accept", accepting::accept);
        if (!bed.nativeBinary) { // What it is held against is a jar.
            scenarios.put("metrics", accepting::metrics);
        }
        scenarios.put("cycle", accepting::cycle);
        scenarios.put("drain", finishing::drain);
        scenarios.put("lateness", finishing::lateness);
        scenarios.put("overload", overload::overload);
        scenarios.put("replicas", finishing::replicas);
        scenarios.put("memory", overload::memory);
        scenarios.put("footprint", new Footprint(bed)::measure);
        scenarios.put("signatures", access::signatures);
        scenarios.put("sources", () -> new Sources(bed, options.optional("--earlier")).measure());
        scenarios.put("timing", access::timing);
        scenarios.put("slow", access::slow);
        scenarios.put("peer", this::peer);
        scenarios.put("layouts", () -> new Layouts(bed.database, bed.report).compare(LAYOUT_ROWS));
        scenarios.put("telling", () -> new Telling(bed).measure(options.text("--telling", "")));
        scenarios.put(GROWTH, () -> new Growth(bed, options.text("--growth-rows", OldLedger.LEAST + ",3000000,10000000,30000000")).measure());
        scenarios.put(LETTING_GO, () -> new LettingGo(bed, options.number("--old-rows", 1_000_000)).measure());
        scenarios.put(CITUS, () -> new Distributed(bed).measure(options.text("--citus", "")));
        options.optional("--earlier").ifPresent(earlier -> scenarios.put("versions", new Versions(bed, earlier)::compare));
        return scenarios;
    }

    private void peer() throws Exception {
        bed.database.empty();
        try (var peer = new Peer(bed.database)) {
            bed.report.figure("db-scheduler, enqueues by direct call", peer.enqueuesPerSecond(Duration.ofSeconds(bed.seconds / 2)), "/s");
            bed.database.execute("TRUNCATE transactions, scheduled_tasks");
            bed.report.figure("db-scheduler, drain of 100,000", peer.drainPerSecond(100_000), "/s");
            bed.database.execute("TRUNCATE transactions, scheduled_tasks");
            bed.report.figure("db-scheduler, lateness at 1,000/s, p99", peer.latenessMillis(1_000, Duration.ofSeconds(bed.seconds), 99), "ms");
        }
    }
}
