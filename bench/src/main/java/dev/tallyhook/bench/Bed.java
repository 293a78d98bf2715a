package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What every scenario stands on: a database, the packaged service, a load, and how long and how often to measure. */
final class Bed {

    static final int CONNECTIONS = 64;

    final Database database;
    final Bare bare;
    final Report report;
    final Path output;
    final boolean nativeBinary;
    final int seconds;
    final int rounds;
    final int backlog;
    final int soakRows;
    private final List<String> command;
    private final List<String> commandWithoutMetrics;
    private double capacity;

    Bed(Options options, Database database) throws Exception {
        this.database = database;
        this.bare = new Bare(database);
        this.report = new Report(database);
        this.nativeBinary = options.has("--native");
        this.command = Service.command(options.path("--target", "target"), nativeBinary);
        this.commandWithoutMetrics = Service.command(Path.of("bench/target/without-metrics"), false);
        this.output = Files.createDirectories(options.path("--output", "bench/target/results"));
        this.seconds = options.number("--seconds", 20);
        this.rounds = options.number("--rounds", 3);
        this.backlog = options.number("--backlog", 1_000_000);
        this.soakRows = options.number("--soak-rows", 5_000_000);
    }

    /** How this build of the service is started. */
    List<String> command() {
        return command;
    }

    /** The service, finishing after the delay given. */
    Service service(String delay) throws IOException, InterruptedException {
        return service(delay, Map.of());
    }

    Service service(String delay, Map<String, String> settings) throws IOException, InterruptedException {
        Map<String, String> all = new HashMap<>(settings);
        all.put("TALLYHOOK_PROCESSING_DELAY", delay);
        return Service.start(command, database, all);
    }

    /** The service as soon as it accepts a webhook, finishing after the delay given. */
    Service serviceThatJustAccepts(String delay) throws IOException, InterruptedException {
        return Service.startUntilItAccepts(command, database, Map.of("TALLYHOOK_PROCESSING_DELAY", delay));
    }

    /** The service as it is built without a registry for metrics, by {@code bench/run --only metrics}. */
    Service serviceWithoutMetrics(String delay) throws IOException, InterruptedException {
        return Service.start(commandWithoutMetrics, database, Map.of("TALLYHOOK_PROCESSING_DELAY", delay));
    }

    LoadGenerator load(Service service) {
        return new LoadGenerator(service.port, CONNECTIONS);
    }

    void warm(Service service) throws IOException {
        load(service).closed(Duration.ofSeconds(Math.max(5, seconds / 2)));
    }

    /** Accepts per second as fast as it can, on an empty ledger. */
    double closedRate(Service service) throws Exception {
        return closedRate(load(service));
    }

    double closedRate(LoadGenerator load) throws Exception {
        database.empty();
        double rate = load.closed(Duration.ofSeconds(seconds / 2)).acceptedPerSecond();
        database.empty();
        return rate;
    }

    /** The same, measured once for all scenarios that need it. */
    double capacity() throws Exception {
        if (capacity == 0) {
            try (var service = service("PT1H")) {
                warm(service);
                capacity = closedRate(service);
            }
        }
        return capacity;
    }

    void capacityIs(double perSecond) {
        capacity = perSecond;
    }

    static long notAccepted(LoadGenerator.Result result) {
        return result.broken
                + result.statuses.values().stream().mapToLong(Long::longValue).sum()
                - result.accepted.getTotalCount();
    }

    static double median(List<Double> figures) {
        return figures.stream().sorted().toList().get(figures.size() / 2);
    }
}
