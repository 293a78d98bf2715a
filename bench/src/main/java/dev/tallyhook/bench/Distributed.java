package dev.tallyhook.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The same service on one plain PostgreSQL and on three servers of Citus, on the same machine: how fast it accepts and finishes, how late, and
 * what more workers cost. Then ways to write a group, of which the service takes one.
 */
final class Distributed {

    private static final int SHARDS = 8;

    /** For up to eight workers. */
    private static final int SHARDS_OF_MANY = 16;

    private static final int MODERATE = 500;
    /** Webhooks a second, of each of up to eight workers on one machine. */
    private static final int OF_EACH_WORKER = 60;

    private static final String FOR_EACH = OF_EACH_WORKER + "/s for each worker: ";
    private static final String FOR_ALL = MODERATE + "/s for all: ";
    private static final String THE_WORKERS = "the workers";
    private static final int DRAINED = 200_000;
    private static final List<Integer> CONNECTIONS = List.of(64, 256);
    private static final List<Integer> WORKERS = List.of(2, 4, 8);
    private static final String PLACES = "unnest(?::text[], ?::int[]) AS w (id, place)";

    private final Bed bed;
    private final Duration duration;

    Distributed(Bed bed) {
        this.bed = bed;
        this.duration = Duration.ofSeconds(bed.seconds);
    }

    /** @param only some of groups, accept, finish, lateness and scale; empty for all */
    void measure(String only) throws Exception {
        List<String> wanted = only.isEmpty() ? List.of("groups", "accept", "finish", "lateness", "scale") : List.of(only.split(","));
        if (!wanted.equals(List.of("scale"))) {
            besideAPlainOne(wanted);
        }
        if (wanted.contains("scale")) {
            scale();
        }
    }

    private void besideAPlainOne(List<String> wanted) throws Exception {
        try (var plain = new CitusServers(0);
                var citus = new CitusServers(2)) {
            try (var first = service(plain.coordinator().database(), "PT1H")) {
                first.read("/");
            }
            distribute(citus, SHARDS);
            if (wanted.contains("groups")) {
                groups(plain, citus);
            }
            if (wanted.contains("accept")) {
                accept(plain, citus);
            }
            if (wanted.contains("finish")) {
                finish(plain, citus);
            }
            if (wanted.contains("lateness")) {
                lateness(plain.coordinator().database(), "one plain PostgreSQL", Double.NaN);
                lateness(citus.coordinator().database(), "three servers of Citus", 50);
            }
        }
    }

    private Service service(Database database, String delay) throws Exception {
        return Service.start(bed.command(), database, Map.of("TALLYHOOK_PROCESSING_DELAY", delay));
    }

    private void distribute(CitusServers servers, int shards) throws Exception {
        List<String> command = new ArrayList<>(bed.command());
        command.addAll(List.of("distribute", Integer.toString(shards)));
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(servers.coordinator().database().environment());
        builder.environment().put("TALLYHOOK_OPEN_ACCESS", "true");
        if (builder.start().waitFor() != 0) {
            throw new IllegalStateException("The ledger was not distributed");
        }
    }

    private void accept(CitusServers plain, CitusServers citus) throws Exception {
        try (var one = service(plain.coordinator().database(), "PT1H");
                var three = service(citus.coordinator().database(), "PT1H")) {
            bed.warm(one);
            bed.warm(three);
            for (int connections : CONNECTIONS) {
                List<Double> ones = new ArrayList<>();
                List<Double> threes = new ArrayList<>();
                for (int round = 0; round < bed.rounds; round++) {
                    ones.add(closed(one, plain, connections).acceptedPerSecond());
                    threes.add(closed(three, citus, connections).acceptedPerSecond());
                }
                bed.report.ratio(
                        "accepts on three servers, " + connections + " connections",
                        Bed.median(threes),
                        "/s",
                        Bed.median(ones),
                        "on one plain PostgreSQL",
                        0.5);
            }
        }
    }

    private LoadGenerator.Result closed(Service service, CitusServers servers, int connections) throws Exception {
        servers.coordinator().database().execute("TRUNCATE transactions");
        return new LoadGenerator(service.port, connections).closed(duration);
    }

    /** From the first row finished to the last, by the servers' clock, of rows that become due together. */
    private void finish(CitusServers plain, CitusServers citus) throws Exception {
        double one = drained(plain.coordinator().database());
        double three = drained(citus.coordinator().database());
        bed.report.ratio("finishing of " + DRAINED + " on three servers", three, "/s", one, "on one plain PostgreSQL", 0.4);
    }

    private double drained(Database database) throws Exception {
        database.execute("TRUNCATE transactions");
        try (var service = service(database, "PT1H")) {
            service.read("/");
            database.execute(
                    """
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                    SELECT 'txn_' || md5(i::text), 'from_' || i %% 50000, 'to_' || i %% 500, 1500.50, 'INR', now() + interval '25 s'
                    FROM generate_series(1, %d) AS i
                    """
                            .formatted(DRAINED));
            database.execute("VACUUM ANALYZE transactions");
            while (database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'") > 0) {
                Thread.sleep(500);
            }
        }
        return database.number("SELECT count(*) / extract(epoch FROM max(processed_at) - min(processed_at)) FROM transactions");
    }

    private void lateness(Database database, String where, double most) throws Exception {
        database.execute("TRUNCATE transactions");
        try (var service = service(database, "PT2S")) {
            bed.load(service).open(MODERATE, Duration.ofSeconds(5));
            Thread.sleep(3_000);
            database.execute("TRUNCATE transactions");
            var load = bed.load(service).open(MODERATE, duration);
            Thread.sleep(4_000);
            double late = Lateness.of(database).millis(99);
            String what = "lateness at " + MODERATE + "/s on " + where + ", p99";
            if (Double.isNaN(most)) {
                bed.report.figure(what, late, "ms");
            } else {
                bed.report.atMost(what, late, "ms", most);
            }
            bed.report.figure("accept latency of those, p99", load.millis(99), "ms");
            bed.report.atMost("answers other than 202 of those", Bed.notAccepted(load), "", 0);
        }
    }

    /**
     * What one webhook costs until it is finished, of the coordinator and of the workers together: once where each worker gets as many whatever their
     * number, and once where all together do. What servers do when nothing comes in is measured first, and not counted as the webhooks'.
     */
    private void scale() throws Exception {
        var grid = new Grid("what a webhook costs until it is finished, PostgreSQL's processor time");
        for (int workers : WORKERS) {
            grid.column(name(workers), true);
            try (var servers = new CitusServers(workers)) {
                distribute(servers, SHARDS_OF_MANY);
                try (var service = service(servers.coordinator().database(), "PT2S")) {
                    bed.load(service).open(MODERATE, Duration.ofSeconds(10));
                    Thread.sleep(5_000);
                    var idle = spent(servers, () -> {
                        Thread.sleep(duration.toMillis());
                        return 1;
                    });
                    double seconds = duration.toMillis() / 1e3;
                    grid.figure("idle: the workers, of a second", idle.ofWorkers() / 1e3 / seconds, "ms");
                    for (String at : List.of(FOR_EACH, FOR_ALL)) {
                        int rate = at.equals(FOR_EACH) ? workers * OF_EACH_WORKER : MODERATE;
                        var spent = spent(servers, () -> {
                            var load = bed.load(service).open(rate, duration);
                            Thread.sleep(2_500);
                            return load.accepted.getTotalCount();
                        });
                        double share = spent.seconds() / idle.seconds();
                        double ofWorkers = (spent.ofWorkers() - idle.ofWorkers() * share) / spent.webhooks();
                        double ofCoordinator = (spent.ofCoordinator() - idle.ofCoordinator() * share) / spent.webhooks();
                        grid.figure(at + THE_WORKERS, ofWorkers, "us");
                        grid.figure(at + "the workers with what is idle", spent.ofWorkers() / spent.webhooks(), "us");
                        grid.figure(at + "the coordinator's share", ofCoordinator / (ofCoordinator + ofWorkers), "");
                        grid.figure(at + "transactions of the workers", (spent.commits() - idle.commits() * share) / spent.webhooks(), "");
                    }
                }
            }
        }
        bed.report.add(grid);
        for (String at : List.of(FOR_EACH, FOR_ALL)) {
            for (int workers : WORKERS.subList(1, WORKERS.size())) {
                bed.report.atMost(at + THE_WORKERS + ", with " + workers + " beside two", grid.ratio(at + THE_WORKERS, name(workers)), "x", 1.1);
            }
        }
    }

    private static String name(int workers) {
        return workers + " workers";
    }

    /** Microseconds of processors, transactions of the workers, and how many webhooks they were for. */
    private record Spent(double ofCoordinator, double ofWorkers, double commits, double webhooks, double seconds) {}

    private static Spent spent(CitusServers servers, Callable<? extends Number> work) throws Exception {
        long begun = System.nanoTime();
        double coordinator = servers.coordinator().cpuSeconds();
        double ofWorkers = cpuSeconds(servers);
        double commits = commits(servers);
        double webhooks = work.call().doubleValue();
        return new Spent(
                (servers.coordinator().cpuSeconds() - coordinator) * 1e6,
                (cpuSeconds(servers) - ofWorkers) * 1e6,
                commits(servers) - commits,
                webhooks,
                (System.nanoTime() - begun) / 1e9);
    }

    private static double cpuSeconds(CitusServers servers) throws Exception {
        double seconds = 0;
        for (CitusServers.Server worker : servers.workers()) {
            seconds += worker.cpuSeconds();
        }
        return seconds;
    }

    private static double commits(CitusServers servers) throws SQLException {
        double commits = 0;
        for (CitusServers.Server worker : servers.workers()) {
            commits += worker.commits();
        }
        return commits;
    }

    /** Where and how a group is written; how its parameters are bound; and how often it is measured. */
    private record Way(String what, Database database, Binds binds, int groups, IntFunction<String> text) {}

    private enum Binds {
        IDS,
        EACH_ID,
        IDS_AND_PLACES
    }

    /** Ways to write a group of webhooks that belong to one worker, one group after the other. */
    private void groups(CitusServers plain, CitusServers citus) throws Exception {
        Database coordinator = citus.coordinator().database();
        Database worker = citus.workers().get(0).database();
        List<Long> shards = shards(coordinator, citus.workers().get(0).port());
        String all = insert("transactions", "SELECT id, %s FROM unnest(?::text[]) AS w (id)");
        List<Way> ways = List.of(
                new Way("one plain PostgreSQL", plain.coordinator().database(), Binds.IDS, 200, size -> all),
                new Way("by the coordinator, INSERT … SELECT FROM unnest", coordinator, Binds.IDS, 10, size -> all),
                new Way("by the coordinator, VALUES", coordinator, Binds.EACH_ID, 100, size -> insert("transactions", values(size))),
                new Way("by the worker that has the shards, VALUES", worker, Binds.EACH_ID, 100, size -> insert("transactions", values(size))),
                new Way("by that worker, into the shards' tables, guarded, a statement for each", worker, Binds.IDS_AND_PLACES, 200, size -> oneByOne(shards)),
                new Way("by that worker, into the shards' tables, guarded, one statement (as the service does)", worker, Binds.IDS_AND_PLACES, 200, size -> together(shards)));
        List<String> ids = ids(coordinator);
        var grid = new Grid("a group of webhooks, into " + shards.size() + " shards of one worker");
        for (int size : List.of(14, 100)) {
            grid.column("of " + size, true);
            for (Way way : ways) {
                grid.figure(way.what(), millis(way, ids, size), "ms");
            }
        }
        bed.report.add(grid);
    }

    private static String oneByOne(List<Long> shards) {
        return guard(shards) + IntStream.range(0, shards.size())
                .mapToObj(place -> insert("transactions_" + shards.get(place), "SELECT id, %s FROM " + PLACES + " WHERE place = " + place))
                .collect(Collectors.joining(";"));
    }

    private static String together(List<Long> shards) {
        String parts = IntStream.range(0, shards.size())
                .mapToObj(place -> "i" + place + " AS (" + insert("transactions_" + shards.get(place), "SELECT id, %s FROM w WHERE place = " + place) + ")")
                .collect(Collectors.joining(", "));
        String stored = IntStream.range(0, shards.size()).mapToObj(place -> "SELECT FROM i" + place).collect(Collectors.joining(" UNION ALL "));
        return guard(shards) + "WITH w AS MATERIALIZED (SELECT * FROM " + PLACES + "), " + parts + " SELECT count(*) FROM (" + stored + ") AS stored";
    }

    private static String insert(String table, String rows) {
        return "INSERT INTO " + table + " (transaction_id, source_account, destination_account, amount, currency, due_at) "
                + rows.replace("%s", "'from_' || id, 'to', 1500.50, 'INR', now() + interval '1 hour'") + " ON CONFLICT DO NOTHING RETURNING transaction_id";
    }

    private static String values(int size) {
        return "VALUES " + String.join(", ", Collections.nCopies(size, "(?, 'from', 'to', 1500.50, 'INR', now() + interval '1 hour')"));
    }

    private static String guard(List<Long> shards) {
        return "SELECT on_shards('{" + shards.stream().map(Object::toString).collect(Collectors.joining(",")) + "}');";
    }

    private static List<Long> shards(Database coordinator, int port) throws SQLException {
        String all = coordinator.text("SELECT string_agg(shardid::text, ',' ORDER BY shardid) FROM citus_shards WHERE table_name = 'transactions'::regclass AND nodeport = "
                + port);
        return List.of(all.split(",")).stream().map(Long::valueOf).toList();
    }

    /** That belong to the first worker, which has every other shard; behind a slash which of its own that is. */
    private static List<String> ids(Database coordinator) throws SQLException {
        List<String> ids = new ArrayList<>();
        try (Connection connection = coordinator.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        """
                        SELECT id || '/' || shard / 2
                        FROM (SELECT id, (hashtext(id COLLATE "C")::bigint + 2147483648) / (4294967296 / %d) AS shard
                              FROM (SELECT '%s-' || i AS id FROM generate_series(1, 120000) AS i) AS made) AS placed
                        WHERE shard %% 2 = 0
                        """
                                .formatted(SHARDS, UUID.randomUUID()))) {
            while (rows.next()) {
                ids.add(rows.getString(1));
            }
        }
        return ids;
    }

    /** Of one group, when half as many have been written before. */
    private static double millis(Way way, List<String> ids, int size) throws SQLException {
        way.database().execute("TRUNCATE transactions");
        long begun = 0;
        int next = 0;
        try (Connection connection = way.database().connect();
                PreparedStatement insert = connection.prepareStatement(way.text().apply(size))) {
            int parameters = insert.getParameterMetaData().getParameterCount();
            for (int i = -way.groups() / 2; i < way.groups(); i++) {
                if (i == 0) {
                    begun = System.nanoTime();
                }
                bind(insert, way.binds(), parameters, ids.subList(next, next + size));
                next += size;
                boolean rows = insert.execute();
                while (rows || insert.getUpdateCount() != -1) {
                    rows = insert.getMoreResults();
                }
            }
        }
        return (System.nanoTime() - begun) / 1e6 / way.groups();
    }

    private static void bind(PreparedStatement insert, Binds binds, int parameters, List<String> group) throws SQLException {
        Connection connection = insert.getConnection();
        Object[] ids = group.stream().map(id -> id.substring(0, id.indexOf('/'))).toArray();
        Object[] places = group.stream().map(id -> Integer.valueOf(id.substring(id.indexOf('/') + 1))).toArray();
        for (int i = 1; i <= parameters; i++) {
            switch (binds) {
                case EACH_ID -> insert.setString(i, (String) ids[i - 1]);
                case IDS -> insert.setArray(i, connection.createArrayOf("text", ids));
                case IDS_AND_PLACES -> insert.setArray(
                        i, i % 2 == 1 ? connection.createArrayOf("text", ids) : connection.createArrayOf("int", places));
            }
        }
    }
}
