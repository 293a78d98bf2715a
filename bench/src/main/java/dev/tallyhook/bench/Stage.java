package dev.tallyhook.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.function.IntFunction;
import org.HdrHistogram.Histogram;

/**
 * All that is measured at one size of a ledger. Each load begins after a checkpoint, so that the WAL has the whole page of each that is
 * changed first, and the server makes the next one when it is time: a load of a few seconds tells the worst of that.
 */
final class Stage {

    private static final String ACCEPTS = "accepts after a checkpoint, 64 connections";
    private static final String SUSTAINED = "accepts a minute later, while it finishes and posts";
    private static final String ACCEPT_LATENCY = "accept latency at 500/s, p99";
    private static final String FINISHES = "drain of an overdue backlog";
    private static final String WAL = "WAL of a life cycle, with posting";
    private static final String SLOWEST_LIST = "slowest of all first pages, asked for again, median";

    /** A name that is short, and the measure. */
    static final List<Entry<String, String>> CHARTED = List.of(
            Map.entry("accepts/s after a checkpoint", ACCEPTS),
            Map.entry("accepts/s a minute later", SUSTAINED),
            Map.entry("p99 at 500/s", ACCEPT_LATENCY),
            Map.entry("finishes/s", FINISHES),
            Map.entry("WAL a row", WAL),
            Map.entry("slowest page, asked for again", SLOWEST_LIST));

    private static final int MODERATE = 500;
    private static final int MODERATE_DELAY_SECONDS = 3;
    private static final int BACKLOG = 200_000;

    private static final int REQUESTS = 30;

    /** So that nobody else asks for the same, be it to warm up. */
    private static final int APART = REQUESTS + Pages.WARM_UP;

    private static final int DEEP_PAGES = 20;
    private static final int LOOKUPS = 500;

    /** Later than the server counts what a session did. */
    private static final Duration UNTIL_COUNTED = Duration.ofMillis(1_500);

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static final Duration REST_MAX = Duration.ofMinutes(5);

    private static final int UNPOSTED_MAX = 10_000;
    private static final int UNMERGED_MAX = 500_000;

    /** Whether something waits, or is not settled, or is not posted or merged though there is enough for a stretch. */
    private static final String IS_BUSY =
            """
            SELECT EXISTS (SELECT FROM stretches WHERE open_due IS NOT NULL)
                   OR (SELECT coalesce(sum(transactions), 0) >= %2$d FROM stretches WHERE NOT merged)
                   OR count(*) = %1$d
                   OR count(*) FILTER (WHERE status = 'PROCESSING') > 0
            FROM (SELECT status FROM transactions WHERE created_at >= (SELECT max(until) FROM stretches) LIMIT %1$d) AS recent
            """
                    .formatted(UNPOSTED_MAX, UNMERGED_MAX);

    /** Time enough to store the backlog and to make a checkpoint, so that it is not finished beside the writing of what stored it. */
    private static final int UNTIL_DUE_SECONDS = 40;

    /** Committed at once, and due within 0.2 s. */
    private static final String BACKLOG_TO_BE =
            """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, created_at, due_at)
            SELECT 'txn_' || md5(random()::text || i), %s, %s, 1500.50, 'INR', clock_timestamp(),
                   now() + interval '%d seconds' + i * interval '1 microsecond'
            FROM generate_series(1, %d) AS i
            """
                    .formatted(OldLedger.SENDER, OldLedger.RECEIVER, UNTIL_DUE_SECONDS, BACKLOG);

    /** What there is room for is in memory then, as on a server that has run for long. */
    private static final String READ_IDS =
            """
            SET enable_seqscan = off;
            SET max_parallel_workers_per_gather = 0;
            SELECT count(*) FROM (SELECT transaction_id FROM transactions ORDER BY transaction_id OFFSET 0) AS ids
            """;

    /** As the service's Backlog counts. */
    private static final String COUNT_WAITING =
            """
            SELECT count(*), count(*) FILTER (WHERE due_at <= now()), min(due_at)
            FROM (
                SELECT due_at FROM transactions WHERE status = 'PROCESSING' AND due_at >= (SELECT open_due())
                UNION ALL
                SELECT due_at
                FROM transactions
                WHERE status = 'PROCESSING'
                  AND due_at < (SELECT open_due())
                  AND transaction_id = ANY (ARRAY (SELECT DISTINCT transaction_id FROM strays WHERE look_at <> 'infinity'))) AS waiting
            """;

    private static final String SIZES =
            """
            SELECT relname, pg_relation_size(oid) / 1048576.0
            FROM pg_class
            WHERE oid = 'transactions'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'transactions'::regclass)
            UNION ALL
            SELECT relname || ', all of it', pg_total_relation_size(oid) / 1048576.0
            FROM pg_class
            WHERE oid IN ('stretches'::regclass, 'postings'::regclass, 'strays'::regclass, 'late_postings'::regclass)
            """;

    private final Bed bed;
    private final Database database;
    private final OldLedger old;
    private final Grid grid;
    private final Duration duration;

    Stage(Bed bed, Database database, OldLedger old, Grid grid) {
        this.bed = bed;
        this.database = database;
        this.old = old;
        this.grid = grid;
        this.duration = Duration.ofSeconds(bed.seconds);
    }

    void measure() throws Exception {
        grid.figure("VACUUM (ANALYZE) of what was loaded", vacuumSeconds(), "s");
        database.execute(READ_IDS);
        // Nothing is due before the first load is over.
        try (var service = service(bed.seconds + 5)) {
            accept(service);
            sustain(service);
            grid.figure(FINISHES, Bed.median(drains()), "/s");
            rest();
        }
        try (var service = service(MODERATE_DELAY_SECONDS)) {
            moderate(service);
            read(service);
        }
        measureSizes();
        grid.figure("VACUUM (ANALYZE) after all of that", vacuumSeconds(), "s");
    }

    private Service service(int delaySeconds) throws IOException, InterruptedException {
        return Service.start(bed.command(), database, Map.of("TALLYHOOK_PROCESSING_DELAY", "PT" + delaySeconds + "S"));
    }

    private void accept(Service service) throws Exception {
        bed.warm(service);
        settle();
        Blocks blocks = Blocks.of(database);
        double wal = database.walBytes();
        Accepted accepted = accepts(service);
        Blocks blocksAccepted = Blocks.of(database);
        rest();
        grid.figure(ACCEPTS, accepted.load().acceptedPerSecond(), "/s");
        grid.figure("accept latency of those, p50", accepted.load().millis(50), "ms");
        grid.figure("accept latency of those, p99", accepted.load().millis(99), "ms");
        grid.figure("answers other than 202", Bed.notAccepted(accepted.load()), "");
        grid.figure("WAL of an accept", accepted.wal(), "bytes");
        grid.figure("whole pages in the WAL of an accept", accepted.wholePages(), "");
        grid.figure(WAL, (database.walBytes() - wal) / accepted.load().accepted.getTotalCount(), "bytes");
        blocksAccepted.tellSince(blocks, grid, "of accepts");
    }

    /** By then most pages that are changed at all have been written whole, and as much is finished and posted as comes in. */
    private void sustain(Service service) throws Exception {
        settle();
        bed.load(service).closed(MINUTE);
        Accepted accepted = accepts(service);
        grid.figure(SUSTAINED, accepted.load().acceptedPerSecond(), "/s");
        grid.figure("accept latency of those a minute later, p99", accepted.load().millis(99), "ms");
        grid.figure("WAL for an accept a minute later, finishing and posting included", accepted.wal(), "bytes");
        grid.figure("whole pages in that", accepted.wholePages(), "");
        rest();
    }

    /** What was accepted, and what the server wrote meanwhile for each: bytes of WAL, and whole pages among them. */
    private record Accepted(LoadGenerator.Result load, double wal, double wholePages) {}

    private Accepted accepts(Service service) throws Exception {
        double pages = fullPages();
        double wal = database.walBytes();
        var load = bed.load(service).closed(duration);
        double written = database.walBytes() - wal;
        Thread.sleep(UNTIL_COUNTED.toMillis());
        double accepted = load.accepted.getTotalCount();
        return new Accepted(load, written / accepted, (fullPages() - pages) / accepted);
    }

    private List<Double> drains() throws Exception {
        List<Double> drains = new ArrayList<>();
        for (int round = 0; round < bed.rounds; round++) {
            drains.add(drain());
        }
        List<Double> counted = drains.stream().filter(drain -> !drain.isNaN()).toList();
        return counted.isEmpty() ? List.of(Double.NaN) : counted;
    }

    /** From the first row finished to the last, by the database's clock; NaN if it was disturbed. */
    private double drain() throws Exception {
        String since = " FROM transactions WHERE created_at >= '" + now() + "'";
        long due = System.nanoTime() + Duration.ofSeconds(UNTIL_DUE_SECONDS).toNanos();
        database.execute(BACKLOG_TO_BE);
        database.execute("CHECKPOINT");
        long left = due - System.nanoTime();
        Thread.sleep(Duration.ofNanos(Math.max(0, left)).toMillis());
        String lastWaits = "SELECT (status = 'PROCESSING')::integer" + since + " ORDER BY created_at DESC LIMIT 1";
        String anyWaits = "SELECT count(*) FILTER (WHERE status = 'PROCESSING')" + since;
        while (database.number(lastWaits) > 0 || database.number(anyWaits) > 0) {
            Thread.sleep(200);
        }
        if (left <= 0) {
            Report.progress("  a drain does not count: it was due before all of it was on disk");
            return Double.NaN;
        }
        return database.number("SELECT count(*) / extract(epoch FROM max(processed_at) - min(processed_at))" + since);
    }

    private void moderate(Service service) throws Exception {
        bed.load(service).open(MODERATE, Duration.ofSeconds(5));
        settle();
        String begin = now();
        Blocks blocks = Blocks.of(database);
        double pages = fullPages();
        double wal = database.walBytes();
        var load = bed.load(service).open(MODERATE, duration);
        Thread.sleep(UNTIL_COUNTED.plusSeconds(MODERATE_DELAY_SECONDS).toMillis());
        wal = database.walBytes() - wal;
        pages = fullPages() - pages;
        Blocks blocksAfter = Blocks.of(database);
        rest();
        var lateness = Lateness.of(database, "(SELECT * FROM transactions WHERE created_at >= '" + begin + "') AS recent");
        grid.figure("accept latency at 500/s, p50", load.millis(50), "ms");
        grid.figure(ACCEPT_LATENCY, load.millis(99), "ms");
        grid.figure("answers other than 202 at 500/s", Bed.notAccepted(load), "");
        grid.figure("lateness at 500/s, p99", lateness.millis(99), "ms");
        grid.figure("WAL of a life cycle at 500/s, without posting", wal / load.accepted.getTotalCount(), "bytes");
        grid.figure("whole pages in it", pages / load.accepted.getTotalCount(), "");
        blocksAfter.tellSince(blocks, grid, "at 500/s");
    }

    private void read(Service service) throws Exception {
        var pages = new Pages(service);
        Map<String, IntFunction<String>> lists = lists();
        pages.warm(lists.values());
        Blocks blocks = Blocks.of(database);
        double slowest = 0;
        for (var list : lists.entrySet()) {
            Histogram first = pages.times(REQUESTS, list.getValue());
            if (list.getKey().contains("rare")) {
                // Nobody has asked for these rows yet, so where the machine lacks memory they come from the disk; then it is told what else they cost.
                grid.figure("first page, " + list.getKey() + ", for the first time, median", first.getValueAtPercentile(50) / 1e3, "ms");
            }
            Histogram times = pages.times(REQUESTS, list.getValue());
            tell("first page, " + list.getKey(), times, "worst", 100);
            slowest = Math.max(slowest, times.getValueAtPercentile(50) / 1e3);
        }
        grid.figure(SLOWEST_LIST, slowest, "ms");
        tell(
                DEEP_PAGES + " pages of a busy sender, each",
                pages.deep(DEEP_PAGES, "/v1/transactions?source_account=" + OldLedger.busySender(0)),
                "worst",
                100);
        List<String> ids = old.ids(database, LOOKUPS);
        tell("one by its id", pages.times(ids.size(), number -> "/v1/transactions/" + ids.get(number)), "p99", 99);
        tell("the probe", pages.times(REQUESTS, number -> "/"), "worst", 100);
        grid.figure("answers other than 200", pages.notAnswered(), "");
        Thread.sleep(UNTIL_COUNTED.toMillis());
        Blocks.of(database).tellSince(blocks, grid, "of reading");
        tell("a scrape of the metrics", times(service::scrape), "worst", 100);
        count();
    }

    private void tell(String what, Histogram times, String most, double percentile) {
        grid.figure(what + ", median", times.getValueAtPercentile(50) / 1e3, "ms");
        grid.figure(what + ", " + most, times.getValueAtPercentile(percentile) / 1e3, "ms");
    }

    /** Each is told which request it is for, so that it may ask for something else each time. */
    private Map<String, IntFunction<String>> lists() {
        String all = "/v1/transactions";
        Map<String, IntFunction<String>> lists = new LinkedHashMap<>();
        lists.put("all", number -> all);
        for (String status : List.of("PROCESSED", "PROCESSING", "HELD")) {
            lists.put(status, number -> all + "?status=" + status);
        }
        lists.put("a busy sender", number -> all + "?source_account=" + OldLedger.busySender(number));
        lists.put("a rare sender", number -> all + "?source_account=" + old.rareSender(number));
        lists.put("a rare sender, PROCESSED", number -> all + "?status=PROCESSED&source_account=" + old.rareSender(number + APART));
        lists.put("a busy receiver", number -> all + "?destination_account=" + OldLedger.busyReceiver(number));
        lists.put(
                "a rare sender to a busy receiver",
                number -> all + "?source_account=" + old.rareSender(number + 2 * APART) + "&destination_account="
                        + OldLedger.busyReceiver(number));
        lists.put("a source", number -> all + "?source=" + OldLedger.SOURCE);
        lists.put("a type", number -> all + "?type=" + OldLedger.TYPE);
        lists.put("a subject", number -> all + "?subject=" + old.subject(number));
        lists.put("a day long ago", number -> all + day(number));
        lists.put("a day long ago, PROCESSED", number -> all + day(number) + "&status=PROCESSED");
        lists.put(
                "a busy sender on a day long ago",
                number -> all + day(number) + "&source_account=" + OldLedger.busySender(number));
        lists.put(
                "of a day long ago by the provider's clock",
                number -> all + "?occurred_from=" + old.middle(number) + "&occurred_to=" + old.middle(number + 24));
        lists.put("of the built-in source", number -> all + "?source=transactions");
        lists.put("not mapped", number -> all + "?unmapped=true");
        lists.put("conflicts", number -> "/v1/conflicts");
        return lists;
    }

    private String day(int number) {
        return "?created_from=" + old.middle(number) + "&created_to=" + old.middle(number + 24);
    }

    private void count() throws Exception {
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("SET enable_seqscan = off; SET jit = off"); // As the service's own sessions.
            tell("counting what waits", times(() -> statement.execute(COUNT_WAITING)), "worst", 100);
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private static Histogram times(Step step) throws Exception {
        var times = new Histogram(3);
        for (int i = 0; i < REQUESTS; i++) {
            long start = System.nanoTime();
            step.run();
            times.recordValue((System.nanoTime() - start) / 1_000);
        }
        return times;
    }

    private void measureSizes() throws SQLException {
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var sizes = statement.executeQuery(SIZES)) {
            while (sizes.next()) {
                grid.figure("size of " + sizes.getString(1), sizes.getDouble(2), "MB");
            }
        }
        grid.figure("stretches", database.number("SELECT count(*) FROM stretches"), "");
    }

    /** And nothing is left for an autovacuum, which comes to a small ledger sooner than to a large one. */
    private void settle() throws SQLException, InterruptedException {
        rest();
        vacuumSeconds();
    }

    private double vacuumSeconds() throws SQLException {
        long start = System.nanoTime();
        database.execute("VACUUM (ANALYZE) transactions");
        double seconds = (System.nanoTime() - start) / 1e9;
        database.execute("VACUUM (ANALYZE) stretches, postings, strays, conflicts");
        database.execute("CHECKPOINT");
        return seconds;
    }

    /** Until all that came is finished, posted and settled, as on a ledger that has had time for it. */
    private void rest() throws SQLException, InterruptedException {
        long end = System.nanoTime() + REST_MAX.toNanos();
        while (database.text(IS_BUSY).equals("t")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("After " + REST_MAX + " something still waits, or is not posted");
            }
            Thread.sleep(500);
        }
    }

    private String now() throws SQLException {
        return database.text("SELECT clock_timestamp()");
    }

    private double fullPages() throws SQLException {
        return database.number("SELECT wal_fpi FROM pg_stat_wal");
    }

    /** What the server found in its own memory, and what it asked the operating system for. */
    private record Blocks(double found, double read) {

        static Blocks of(Database database) throws SQLException {
            String count = "SELECT %s FROM pg_stat_database WHERE datname = current_database()";
            return new Blocks(database.number(count.formatted("blks_hit")), database.number(count.formatted("blks_read")));
        }

        void tellSince(Blocks before, Grid grid, String of) {
            double foundSince = found - before.found;
            grid.figure("cache hits " + of, 100 * foundSince / (foundSince + read - before.read), "%");
        }
    }
}
