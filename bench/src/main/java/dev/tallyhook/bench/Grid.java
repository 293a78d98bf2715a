package dev.tallyhook.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The same figures in several states, such as a ledger's sizes: a column for each, and how the last of them is beside the first. */
final class Grid {

    private record Measure(String what, String unit) {}

    final String title;
    private final List<String> columns = new ArrayList<>();
    private final Map<Measure, Map<String, Double>> rows = new LinkedHashMap<>();
    private String first = "";
    private String last = "";

    Grid(String title) {
        this.title = title;
    }

    /**
     * A row of it.
     *
     * @param figures one for each column; NaN where there is none
     * @param ratio of the last to the first
     */
    record Row(String what, String unit, List<Double> figures, double ratio) {}

    /** What is measured from now on belongs to it; the ratio is that of the last to the first of those that count. */
    void column(String name, boolean counts) {
        columns.add(name);
        if (counts) {
            first = first.isEmpty() ? name : first;
            last = name;
        }
    }

    void figure(String what, double figure, String unit) {
        rows.computeIfAbsent(new Measure(what, unit), measure -> new LinkedHashMap<>()).put(columns.get(columns.size() - 1), figure);
        Report.progress("  " + what + ": " + Report.shortly(figure) + " " + unit);
    }

    List<String> columns() {
        return List.copyOf(columns);
    }

    List<Row> rows() {
        List<Row> all = new ArrayList<>();
        rows.forEach((measure, figures) -> all.add(new Row(
                measure.what(),
                measure.unit(),
                columns.stream().map(column -> figures.getOrDefault(column, Double.NaN)).toList(),
                figures.getOrDefault(last, Double.NaN) / figures.getOrDefault(first, Double.NaN))));
        return all;
    }

    /** So many times what it was in the first column. */
    double ratio(String what, String column) {
        return rows.entrySet().stream()
                .filter(row -> row.getKey().what().equals(what))
                .map(Map.Entry::getValue)
                .mapToDouble(figures -> figures.getOrDefault(column, Double.NaN) / figures.getOrDefault(first, Double.NaN))
                .findFirst()
                .orElse(Double.NaN);
    }
}
