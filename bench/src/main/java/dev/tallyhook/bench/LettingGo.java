package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/**
 * What senders notice while a service deletes what is old: the latency of accepting 1,000 webhooks a second with nothing to delete and beside deleting,
 * how fast that is, with and without an archive, and what the table takes after each round.
 */
final class LettingGo {

    private static final int RATE = 1_000;
    private static final Duration WARM = Duration.ofSeconds(15);
    private static final Duration LOOK = Duration.ofMillis(500);

    /** Finished two years ago, in the order in which they came. Of the first of all stretches, which is settled. */
    private static final String OLD =
            """
            INSERT INTO transactions (
                transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at, processed_at)
            SELECT 'old_%1$d_' || md5(i::text), 'acc_user_' || i %% 50000, 'acc_merchant_' || i %% 1000, 1500.50, 'INR', 'PROCESSED',
                   at, at + interval '30 s', at + interval '30.01 s'
            FROM generate_series(1, %2$d) AS i, LATERAL (SELECT now() - interval '730 days' + i * interval '10 ms' AS at) AS came
            """;

    private final Bed bed;
    private final int rows;

    LettingGo(Bed bed, int rows) {
        this.bed = bed;
        this.rows = rows;
    }

    void measure() throws Exception {
        Path directory = Files.createTempDirectory("tallyhook-letting-go");
        Path archive = Files.createTempDirectory("tallyhook-archive");
        try (var database = Database.embedded(directory, "128MB")) {
            double without = quiet(database);
            for (int round = 1; round <= bed.rounds; round++) {
                boolean archives = round == bed.rounds;
                insert(database, round);
                double beside = deleting(database, archives ? Map.of("TALLYHOOK_LEDGER_ARCHIVE_TO", archive.toString()) : Map.of());
                bed.report.figure("accept p99 at 1,000/s while " + name(round, archives) + " goes, times that without", beside / without, "");
                sizes(database, name(round, archives));
            }
            bed.report.figure("accept p99 at 1,000/s without, at the end, times that at the beginning", quiet(database) / without, "");
        } finally {
            delete(directory);
            delete(archive);
        }
    }

    private static String name(int round, boolean archives) {
        return "round " + round + (archives ? ", with an archive," : "");
    }

    private void insert(Database database, int round) throws SQLException {
        database.execute("ALTER TABLE transactions DISABLE TRIGGER post_late");
        database.execute(OLD.formatted(round, rows));
        database.execute("ALTER TABLE transactions ENABLE ALWAYS TRIGGER post_late");
        database.execute("VACUUM (ANALYZE) transactions");
        database.execute("CHECKPOINT");
    }

    private double quiet(Database database) throws Exception {
        try (var service = Service.start(bed.command(), database, Map.of("TALLYHOOK_PROCESSING_DELAY", "PT3S"))) {
            bed.load(service).open(RATE, WARM);
            double millis = bed.load(service).open(RATE, Duration.ofSeconds(bed.seconds)).millis(99);
            bed.report.figure("accept p99 at 1,000/s with nothing to delete", millis, "ms");
            return millis;
        }
    }

    private double deleting(Database database, Map<String, String> more) throws Exception {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("TALLYHOOK_PROCESSING_DELAY", "PT3S");
        settings.put("TALLYHOOK_LEDGER_KEEP", "P1Y");
        try (var service = Service.start(bed.command(), database, settings)) {
            bed.load(service).open(RATE, WARM);
            double before = left(database);
            long begun = System.nanoTime();
            var load = bed.load(service).open(RATE, Duration.ofSeconds(bed.seconds));
            double perSecond = (before - left(database)) / ((System.nanoTime() - begun) / 1e9);
            bed.report.figure(
                    more.isEmpty() ? "deleted beside that" : "archived and deleted beside that", perSecond, "/s");
            bed.report.figure("answers other than 202 meanwhile", Bed.notAccepted(load), "");
            while (left(database) > 0) {
                Thread.sleep(LOOK.toMillis());
            }
            return load.millis(99);
        }
    }

    /** Read from where deleting is, which is at the beginning of the index. */
    private static double left(Database database) throws SQLException {
        return database.number("SELECT count(*) FROM transactions WHERE due_at < now() - interval '1 year'");
    }

    private void sizes(Database database, String name) throws SQLException {
        bed.report.figure(
                "dead rows after " + name + " before a vacuum",
                database.number("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'transactions'"),
                "");
        database.execute("VACUUM (ANALYZE) transactions");
        bed.report.figure(
                "table and indexes after " + name + " and a vacuum",
                database.number("SELECT pg_total_relation_size('transactions') / 1048576.0"),
                "MB");
        bed.report.figure(
                "ids that are remembered", database.number("SELECT pg_total_relation_size('gone') / 1048576.0"), "MB");
    }

    private static void delete(Path directory) throws IOException {
        try (var all = Files.walk(directory)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
