package dev.tallyhook.endpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The ports of endpoints that may be connected to, {@code tallyhook.telling.allow-ports}. */
public final class AllowedPorts {

    private static final Pattern WRITTEN = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");

    private static final int PORT_MAX = 65_535;

    private record Range(int from, int to) {

        @Override
        public String toString() {
            return from == to ? Integer.toString(from) : from + "-" + to;
        }
    }

    private final List<Range> ranges;

    private AllowedPorts(List<Range> ranges) {
        this.ranges = List.copyOf(ranges);
    }

    /**
     * Reads numbers and ranges.
     *
     * @throws IllegalArgumentException that says which entry is wrong
     */
    public static AllowedPorts of(List<String> written) {
        List<Range> ranges = new ArrayList<>();
        for (String entry : written) {
            Matcher matcher = WRITTEN.matcher(entry.strip());
            int from = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
            int to = from != 0 && matcher.group(2) != null ? Integer.parseInt(matcher.group(2)) : from;
            if (from < 1 || to < from || to > PORT_MAX) {
                throw new IllegalArgumentException("entry " + (ranges.size() + 1)
                        + " must be a port from 1 to 65535, or a range of them, such as 1024-65535");
            }
            ranges.add(new Range(from, to));
        }
        return new AllowedPorts(ranges);
    }

    /** Whether it is one of them. */
    public boolean contains(int port) {
        return ranges.stream().anyMatch(range -> range.from <= port && port <= range.to);
    }

    /** As it is written. */
    @Override
    public String toString() {
        return ranges.stream().map(Range::toString).collect(Collectors.joining(","));
    }
}
