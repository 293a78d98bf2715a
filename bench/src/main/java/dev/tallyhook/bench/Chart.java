package dev.tallyhook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A line chart as SVG, legible on light and dark pages alike. */
final class Chart {

    private static final int WIDTH = 760;
    private static final int HEIGHT = 320;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 44;
    private static final int BOTTOM = 48;
    private static final int TICKS = 5;
    private static final int NAME_WIDTH_MAX = 170;
    private static final String[] COLOURS = {"#2f7ed8", "#d9822b", "#2e9e5b", "#b0417f", "#7a5cc4"};

    /** A point of a line. */
    record Point(double x, double y) {}

    private final String title;
    private final String xIs;
    private final String yIs;
    private final boolean logarithmic;
    private final Map<String, List<Point>> lines = new LinkedHashMap<>();

    /** With {@code logarithmic}, the y axis has a decade a step and begins at 0.1. */
    Chart(String title, String xIs, String yIs, boolean logarithmic) {
        this.title = title;
        this.xIs = xIs;
        this.yIs = yIs;
        this.logarithmic = logarithmic;
    }

    Chart line(String name, List<Point> points) {
        lines.put(name, new ArrayList<>(points));
        return this;
    }

    void write(Path file) throws IOException {
        double xMax = lines.values().stream().flatMap(List::stream).mapToDouble(Point::x).max().orElse(1);
        double yMax = lines.values().stream().flatMap(List::stream).mapToDouble(Point::y).max().orElse(1);
        double top = logarithmic ? Math.max(1, Math.ceil(Math.log10(Math.max(yMax, 1)))) : round(yMax);
        double bottom = logarithmic ? -1 : 0;
        var svg = new StringBuilder();
        append(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n", WIDTH, HEIGHT, title);
        svg.append("<style>text{font:12px sans-serif;fill:#767676}.t{font-size:14px;font-weight:bold}.g{stroke:#8886;stroke-width:1}</style>\n");
        append(svg, "<text class=\"t\" x=\"%d\" y=\"18\">%s</text>%n", LEFT, title);
        int steps = logarithmic ? (int) (top - bottom) : TICKS;
        for (int i = 0; i <= steps; i++) {
            double value = bottom + (top - bottom) * i / steps;
            double y = y(value, bottom, top);
            append(svg, "<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>%n", LEFT, WIDTH - RIGHT, y, y);
            append(svg, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n", LEFT - 6, y + 4, label(logarithmic ? Math.pow(10, value) : value));
        }
        for (int i = 0; i <= TICKS; i++) {
            double value = xMax * i / TICKS;
            append(svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", x(value, xMax), HEIGHT - BOTTOM + 18, label(value));
        }
        append(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xIs);
        append(svg, "<text x=\"14\" y=\"%d\" transform=\"rotate(-90 14 %d)\" text-anchor=\"middle\">%s</text>%n", (TOP + HEIGHT - BOTTOM) / 2, (TOP + HEIGHT - BOTTOM) / 2, yIs);
        int nameWidth = Math.min(NAME_WIDTH_MAX, (WIDTH - LEFT) / Math.max(1, lines.size()));
        int n = 0;
        for (var line : lines.entrySet()) {
            String colour = COLOURS[n % COLOURS.length];
            var points = new StringBuilder();
            for (Point point : line.getValue()) {
                double value = logarithmic ? Math.log10(Math.max(point.y(), 0.1)) : point.y();
                append(points, "%.1f,%.1f ", x(point.x(), xMax), y(value, bottom, top));
            }
            append(svg, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" points=\"%s\"/>%n", colour, points.toString().trim());
            append(svg, "<text x=\"%d\" y=\"36\" style=\"fill:%s\">%s</text>%n", LEFT + n * nameWidth, colour, line.getKey());
            n++;
        }
        svg.append("</svg>\n");
        Files.writeString(file, svg);
    }

    private static void append(StringBuilder to, String format, Object... values) {
        to.append(String.format(Locale.ROOT, format, values));
    }

    private static double x(double value, double max) {
        return LEFT + value / Math.max(max, 1e-9) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double value, double bottom, double top) {
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
    }

    /** The next number that starts with 1, 2 or 5, so that the axis has even steps. */
    private static double round(double max) {
        double decade = Math.pow(10, Math.floor(Math.log10(Math.max(max, 1e-9))));
        for (double step : new double[] {1, 2, 5}) {
            if (max <= step * decade) {
                return step * decade;
            }
        }
        return 10 * decade;
    }

    private static String label(double value) {
        if (value >= 1_000_000) {
            return String.format(Locale.ROOT, "%.3gM", value / 1e6);
        }
        if (value >= 10_000) {
            return String.format(Locale.ROOT, "%.3gk", value / 1e3);
        }
        return String.format(Locale.ROOT, value >= 10 || value == Math.rint(value) ? "%.0f" : "%.2g", value);
    }
}
