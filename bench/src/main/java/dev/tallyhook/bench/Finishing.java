package dev.tallyhook.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/** How fast and how punctually what is due is finished. */
final class Finishing {

    private static final Duration BARE_REST = Duration.ofMillis(10);

    private static final String BARE_CLAIMS = "the bare claim in a loop";

    private final Bed bed;

    Finishing(Bed bed) {
        this.bed = bed;
    }

    void drain() throws Exception {
        double bareRate = bareDrain();
        bed.report.ratio("drain of an overdue backlog", serviceDrain(1), "/s", bareRate, BARE_CLAIMS, 0.9);
        try (var pinned = new PinnedXmin(bed.database)) {
            bed.report.ratio("drain while a transaction pins xmin", serviceDrain(1), "/s", bareRate, BARE_CLAIMS, 0.81);
        }
    }

    private double bareDrain() throws Exception {
        bed.database.empty();
        bed.database.seed(bed.backlog, "0");
        return bed.bare.claimsPerSecond();
    }

    /** From the first row finished to the last, by the database's clock, so that no start-up counts. */
    private double serviceDrain(int replicas) throws Exception {
        bed.database.empty();
        List<Service> services = new ArrayList<>();
        try {
            for (int i = 0; i < replicas; i++) {
                services.add(bed.service("PT1H"));
            }
            return drain(bed.database, bed.backlog);
        } finally {
            services.forEach(Service::close);
        }
    }

    /** How fast services that run already finish a backlog that appears in an empty ledger. */
    static double drain(Database database, int backlog) throws Exception {
        // Committed at once, so that all replicas find the whole of it together.
        database.seed(backlog, "0");
        while (database.waits(backlog)) {
            Thread.sleep(200);
        }
        return database.number("SELECT count(*) / extract(epoch FROM max(processed_at) - min(processed_at)) FROM transactions");
    }

    void lateness() throws Exception {
        double[] free = lateness("1 M waiting", 20, 100, "lateness.svg");
        try (var pinned = new PinnedXmin(bed.database)) {
            lateness("1 M waiting and xmin pinned", Math.max(20, free[0] * 1.1), Math.max(100, free[1] * 1.1), null);
        }
    }

    /** What comes of SQL alone, in a table of its own with as many waiting, while the service takes as many beside it. */
    private double barePollMillis() throws Exception {
        Duration duration = Duration.ofSeconds(bed.seconds * 2L);
        bed.database.empty();
        bed.database.seed(bed.backlog, "1 day");
        bed.database.execute("DROP TABLE IF EXISTS bare");
        bed.database.execute("CREATE TABLE bare (LIKE transactions INCLUDING ALL)");
        bed.database.execute("INSERT INTO bare SELECT * FROM transactions");
        var claims = Executors.newSingleThreadExecutor();
        try (var service = bed.service("PT1H")) {
            bed.load(service).open(1_000, Duration.ofSeconds(5));
            bed.database.execute(
                    """
                    INSERT INTO bare (transaction_id, source_account, destination_account, amount, currency, due_at)
                    SELECT 'bare_' || i, 'acc_user_789', 'acc_merchant_456', 1500.50, 'INR', clock_timestamp() + interval '3 s' + i * interval '1 ms'
                    FROM generate_series(1, %d) AS i
                    """
                            .formatted(duration.toMillis()));
            bed.database.execute("VACUUM ANALYZE bare");
            var polled = claims.submit(() -> {
                bed.bare.poll("bare", BARE_REST, duration.plusSeconds(4));
                return null;
            });
            bed.load(service).open(1_000, duration.plusSeconds(3));
            polled.get();
            return Lateness.of(bed.database, "bare").millis(99);
        } finally {
            claims.shutdown();
            bed.database.execute("DROP TABLE bare");
        }
    }

    private double[] lateness(String with, double p99Most, double maxMost, String chart) throws Exception {
        double bare = barePollMillis();
        bed.database.empty();
        bed.database.seed(bed.backlog, "1 day");
        try (var service = bed.service("PT3S")) {
            bed.load(service).open(1_000, Duration.ofSeconds(5));
            Thread.sleep(5_000);
            bed.database.execute("DELETE FROM transactions WHERE status = 'PROCESSED'");
            var result = bed.load(service).open(1_000, Duration.ofSeconds(bed.seconds * 2L));
            Thread.sleep(5_000);
            bed.report.atMost(
                    "not accepted or not finished at 1,000/s, " + with,
                    Bed.notAccepted(result) + bed.database.number(
                            "SELECT count(*) FROM transactions WHERE status = 'PROCESSING' AND due_at < now()"),
                    "",
                    0);
        }
        var lateness = Lateness.of(bed.database);
        bed.report.atMost("lateness at 1,000/s, " + with + ", p99", lateness.millis(99), "ms", p99Most);
        bed.report.figure("lateness of bare SQL that polls every 10 ms, " + with + ", p99", bare, "ms");
        bed.report.atMost("the first beside the second", lateness.millis(99) / bare, "x", 0.5);
        bed.report.atMost("lateness at 1,000/s, " + with + ", max", lateness.maxMillis(), "ms", maxMost);
        if (chart != null) {
            List<Chart.Point> points = new ArrayList<>();
            for (double percentile = 0; percentile <= 99.9; percentile += 0.5) {
                points.add(new Chart.Point(percentile, lateness.millis(percentile)));
            }
            points.add(new Chart.Point(100, lateness.maxMillis()));
            new Chart("Lateness at 1,000/s with 1 M waiting", "percentile", "ms after due", false)
                    .line("processed_at - due_at", points)
                    .write(bed.output.resolve(chart));
        }
        return new double[] {lateness.millis(99), lateness.maxMillis()};
    }

    void replicas() throws Exception {
        double one = serviceDrain(1);
        bed.report.figure("drain by 1 replica", one, "/s");
        for (int count : new int[] {2, 4}) {
            bed.report.ratio("drain by " + count + " replicas", serviceDrain(count), "/s", one, "by 1 replica", 0.9);
        }
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
}
