package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What grows with the ledger: the same measures at several sizes, in one run, on a server that keeps a small part of a large ledger in its
 * own memory. It has a server of its own, which is started anew for each size, as the service is, so that each finds the same. The
 * largest is measured once more with memory enough for its indexes. At the end the first size is measured again on a new database: by so much
 * the machine has changed meanwhile.
 */
final class Growth {

    private static final String SMALL = "128MB";

    /** While old rows are loaded, which is not measured. */
    private static final String LARGE = "2GB";

    /** All indexes of 30 million rows. */
    private static final String ENOUGH = "5GB";

    private final Bed bed;
    private final int[] sizes;
    private final Grid grid = new Grid("with so many old rows");

    /** The sizes are separated by commas, the smallest first. */
    Growth(Bed bed, String sizes) {
        this.bed = bed;
        this.sizes = List.of(sizes.split(",")).stream().mapToInt(Integer::parseInt).toArray();
    }

    void measure() throws Exception {
        measure(sizes, this::name, false);
        measure(new int[] {sizes[0]}, size -> name(size) + ", at the end", true);
        bed.report.add(grid);
        chart();
    }

    private String name(int size) {
        return String.format(Locale.ROOT, "%,d", size);
    }

    private void measure(int[] some, IntFunction<String> names, boolean again) throws Exception {
        try (var directory = new Directory(Files.createTempDirectory("tallyhook-growth"))) {
            var old = new OldLedger(sizes);
            migrate(directory.path());
            for (int size : some) {
                Report.progress(names.apply(size));
                grid.column(names.apply(size), !again);
                load(directory.path(), old, size);
                measure(directory.path(), SMALL, old);
            }
            if (!again) {
                String name = name(some[some.length - 1]) + ", shared_buffers " + ENOUGH;
                Report.progress(name);
                grid.column(name, false);
                measure(directory.path(), ENOUGH, old);
            }
        }
    }

    private void measure(Path directory, String sharedBuffers, OldLedger old) throws Exception {
        try (var database = Database.embedded(directory, sharedBuffers)) {
            new Stage(bed, database, old, grid).measure();
            database.execute("CHECKPOINT"); // So that it stops within the seconds that it is given.
        }
    }

    /** An empty ledger as the service makes it. */
    private void migrate(Path directory) throws Exception {
        try (var database = Database.embedded(directory, LARGE)) {
            Service.start(bed.command(), database, Map.of()).close();
            OldLedger.reserve(database);
        }
    }

    private void load(Path directory, OldLedger old, int size) throws Exception {
        if (size > old.loaded()) {
            try (var database = Database.embedded(directory, LARGE)) {
                grid.figure("loaded", old.load(database, size), "/s");
                database.execute("CHECKPOINT");
            }
        }
    }

    private void chart() throws IOException {
        var chart = new Chart("What grows with the ledger, shared_buffers " + SMALL, "million old rows", "times what it is with few", true);
        for (var line : Stage.CHARTED) {
            chart.line(
                    line.getKey(),
                    IntStream.of(sizes)
                            .mapToObj(size -> new Chart.Point(size / 1e6, grid.ratio(line.getValue(), name(size))))
                            .toList());
        }
        chart.write(bed.output.resolve("growth.svg"));
    }

    /** Of the server's data, which is deleted when all of it is measured. */
    private record Directory(Path path) implements AutoCloseable {

        @Override
        public void close() throws IOException {
            List<Path> files;
            try (var all = Files.walk(path)) {
                files = all.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
