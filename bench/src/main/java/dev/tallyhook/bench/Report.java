package dev.tallyhook.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Gathers what was measured, tells it as it comes, and at the end as one table and as JSON. */
final class Report {

    /**
     * One figure.
     *
     * @param reference what it is held against, measured in the same run; NaN if a target alone
     * @param target the least ratio to the reference, or the most of the figure itself
     */
    record Row(String what, double figure, String unit, double reference, String referenceIs, double ratio, String target, boolean reached) {}

    private final List<Row> rows = new ArrayList<>();
    private final List<Grid> grids = new ArrayList<>();
    private final Map<String, Object> machine = new LinkedHashMap<>();

    Report(Database database) throws Exception {
        machine.put("cpus", Runtime.getRuntime().availableProcessors());
        machine.put("java", System.getProperty("java.vm.version"));
        try (var connection = database.connect()) {
            machine.put("postgresql", connection.getMetaData().getDatabaseProductVersion());
            machine.put("synchronous_commit", database.text("SHOW synchronous_commit"));
            machine.put("fsync", database.text("SHOW fsync"));
        }
    }

    /** A figure that is to be at least {@code leastRatio} of its reference. */
    void ratio(String what, double figure, String unit, double reference, String referenceIs, double leastRatio) {
        double ratio = figure / reference;
        add(new Row(what, figure, unit, reference, referenceIs, ratio, "ratio >= " + leastRatio, ratio >= leastRatio));
    }

    /** A figure that is to be at most so much. */
    void atMost(String what, double figure, String unit, double most) {
        add(new Row(what, figure, unit, Double.NaN, "", Double.NaN, "<= " + shortly(most), figure <= most));
    }

    /** A figure that is to be at least so much. */
    void atLeast(String what, double figure, String unit, double least) {
        add(new Row(what, figure, unit, Double.NaN, "", Double.NaN, ">= " + shortly(least), figure >= least));
    }

    /** A figure without a target. */
    void figure(String what, double figure, String unit) {
        add(new Row(what, figure, unit, Double.NaN, "", Double.NaN, "", true));
    }

    /** A table of its own, below the others. */
    void add(Grid grid) {
        grids.add(grid);
    }

    private void add(Row row) {
        rows.add(row);
        progress("  " + row.what() + ": " + shortly(row.figure()) + " " + row.unit()
                + (Double.isNaN(row.ratio()) ? "" : ", " + shortly(row.ratio()) + " of " + row.referenceIs())
                + (row.reached() ? "" : "   (target " + row.target() + " not reached)"));
    }

    static void progress(String line) {
        System.out.println(line);
        System.out.flush();
    }

    boolean reached() {
        return rows.stream().allMatch(Row::reached);
    }

    void print() {
        System.out.println();
        System.out.println(machine);
        System.out.println();
        System.out.println("| what | figure | reference | ratio | target | reached |");
        System.out.println("|---|---|---|---|---|---|");
        for (Row row : rows) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s %s | %s | %s | %s | %s |%n",
                    row.what(),
                    shortly(row.figure()),
                    row.unit(),
                    Double.isNaN(row.reference()) ? "" : shortly(row.reference()) + " " + row.referenceIs(),
                    Double.isNaN(row.ratio()) ? "" : shortly(row.ratio()),
                    row.target(),
                    row.target().isEmpty() ? "" : row.reached() ? "yes" : "**no**");
        }
        grids.forEach(Report::print);
    }

    private static void print(Grid grid) {
        System.out.println();
        System.out.println("| " + grid.title + " | " + String.join(" | ", grid.columns()) + " | last beside first |");
        System.out.println("|---".repeat(grid.columns().size() + 2) + "|");
        for (var row : grid.rows()) {
            String figures = row.figures().stream().map(Report::shortlyOrNothing).collect(Collectors.joining(" | "));
            String what = row.unit().isEmpty() ? row.what() : row.what() + ", " + row.unit();
            System.out.println("| " + what + " | " + figures + " | " + shortlyOrNothing(row.ratio()) + " |");
        }
    }

    void write(Path file) throws IOException {
        List<Map<String, Object>> figures = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> figure = new LinkedHashMap<>();
            figure.put("what", row.what());
            figure.put("figure", row.figure());
            figure.put("unit", row.unit());
            if (!Double.isNaN(row.ratio())) {
                figure.put("reference", row.reference());
                figure.put("reference_is", row.referenceIs());
                figure.put("ratio", row.ratio());
            }
            figure.put("target", row.target());
            figure.put("reached", row.reached());
            figures.add(figure);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", machine);
        all.put("figures", figures);
        if (!grids.isEmpty()) {
            all.put("grids", grids.stream().map(Report::json).toList());
        }
        Files.write(file, new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(all));
    }

    /** Figures in the order of the columns; null where there is none. */
    private static Map<String, Object> json(Grid grid) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (var row : grid.rows()) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("what", row.what());
            told.put("unit", row.unit());
            told.put("figures", row.figures().stream().map(Report::orNull).toList());
            told.put("ratio", orNull(row.ratio()));
            rows.add(told);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("title", grid.title);
        all.put("columns", grid.columns());
        all.put("rows", rows);
        return all;
    }

    private static Double orNull(double number) {
        return Double.isFinite(number) ? number : null;
    }

    private static String shortlyOrNothing(double number) {
        return Double.isFinite(number) ? shortly(number) : "";
    }

    static String shortly(double number) {
        if (Math.abs(number) >= 100) {
            return String.format(Locale.ROOT, "%,.0f", number);
        }
        return String.format(Locale.ROOT, Math.abs(number) >= 10 ? "%.1f" : "%.2f", number);
    }
}
