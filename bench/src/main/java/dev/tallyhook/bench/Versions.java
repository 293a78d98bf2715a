package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * This build beside an earlier one, each on a database and a schema of its own on the same server, loaded in turns, so that the
 * machine's moods fall on both. What is told is the median of the pairs' ratios: more than 1 means faster than before.
 */
final class Versions {

    private static final int PAIRS = 15;

    /** What may be lost to chance. */
    private static final double RATIO_MIN = 0.98;

    private final Bed bed;
    private final Path earlier;

    Versions(Bed bed, Path earlier) {
        this.bed = bed;
        this.earlier = earlier;
    }

    void compare() throws Exception {
        try (var before = side("tallyhook_before", Service.command(earlier, bed.nativeBinary));
                var now = side("tallyhook_now", bed.command())) {
            before.warm();
            now.warm();
            compare("accepts, 64 connections", before::accepts, now::accepts);
            compare("drain of " + bed.backlog + " overdue", before::drains, now::drains);
        }
    }

    private interface Rate {
        double perSecond() throws Exception;
    }

    private void compare(String what, Rate before, Rate now) throws Exception {
        before.perSecond(); // The first of each counts for nobody.
        now.perSecond();
        List<Double> befores = new ArrayList<>();
        List<Double> nows = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int pair = 0; pair < PAIRS; pair++) {
            // Who is measured first changes, so that a machine that slows down is nobody's fault.
            double first = (pair % 2 == 0 ? before : now).perSecond();
            double second = (pair % 2 == 0 ? now : before).perSecond();
            befores.add(pair % 2 == 0 ? first : second);
            nows.add(pair % 2 == 0 ? second : first);
            ratios.add(nows.get(pair) / befores.get(pair));
            Report.progress("  %s: %.0f/s before, %.0f/s now, %.3f".formatted(what, befores.get(pair), nows.get(pair), ratios.get(pair)));
        }
        bed.report.figure(what + ", the earlier build", Bed.median(befores), "/s");
        bed.report.figure(what + ", this build", Bed.median(nows), "/s");
        bed.report.atLeast(what + ", median ratio of " + PAIRS + " pairs", Bed.median(ratios), "x", RATIO_MIN);
    }

    private Side side(String name, List<String> command) throws IOException, InterruptedException, SQLException {
        Database database = bed.database.beside(name);
        return new Side(database, Service.start(command, database, Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1H")));
    }

    private final class Side implements AutoCloseable {

        private final Database database;
        private final Service service;

        Side(Database database, Service service) {
            this.database = database;
            this.service = service;
        }

        void warm() throws IOException {
            bed.warm(service);
        }

        double accepts() throws Exception {
            database.empty();
            double rate = bed.load(service).closed(Duration.ofSeconds(bed.seconds / 2)).acceptedPerSecond();
            database.empty();
            return rate;
        }

        double drains() throws Exception {
            double rate = Finishing.drain(database, bed.backlog);
            database.empty();
            return rate;
        }

        @Override
        public void close() {
            service.close();
        }
    }
}
