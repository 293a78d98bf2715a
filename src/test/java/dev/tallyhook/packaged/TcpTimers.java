package dev.tallyhook.packaged;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What Linux will do next on connections, by {@code /proc/net/tcp}. */
public final class TcpTimers {

    private static final String ESTABLISHED = "01";
    private static final String KEEPALIVE = "02";

    /** Linux counts here in hundredths of a second. */
    private static final int TICKS_PER_MINUTE = 6_000;

    /** The columns of a line: both ends, the state, and which timer runs for how long yet. */
    private static final int LOCAL = 1;

    private static final int REMOTE = 2;
    private static final int STATE = 3;
    private static final int TIMER = 5;

    private TcpTimers() {}

    /** The timer of one end of a connection. */
    public record Timer(String local, String remote, String kind, long ticks) {

        public boolean keepsAliveWithinAMinute() {
            return kind.equals(KEEPALIVE) && ticks <= TICKS_PER_MINUTE;
        }
    }

    /** Of each end of each connection to a port of this machine, if both ends are here. */
    public static List<Timer> at(int port) {
        String suffix = ":%04X".formatted(port);
        List<Timer> timers = new ArrayList<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : lines(Path.of(table))) {
                String[] columns = line.trim().split("\\s+", -1);
                if (columns[STATE].equals(ESTABLISHED)
                        && (columns[LOCAL].endsWith(suffix) || columns[REMOTE].endsWith(suffix))) {
                    String[] timer = columns[TIMER].split(":", -1);
                    timers.add(new Timer(columns[LOCAL], columns[REMOTE], timer[0], Long.parseLong(timer[1], 16)));
                }
            }
        }
        return timers;
    }

    private static List<String> lines(Path table) {
        try {
            return Files.readAllLines(table);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
