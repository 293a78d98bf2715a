package dev.tallyhook.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The {@link Receiver}s as the rest of the benchmark knows them. */
final class Receiving implements AutoCloseable {

    private static final int COLUMNS = 6;

    private final Companion process;
    private final List<Integer> ports;

    /** One of each manner. */
    Receiving(Receiver.Manner... manners) throws IOException {
        process = new Companion(Receiver.class, Stream.of(manners).map(Enum::name).toArray(String[]::new));
        ports = Arrays.stream(process.ask("ports").split(" ")).map(Integer::valueOf).toList();
    }

    /**
     * What one was told since {@link #forget}.
     *
     * @param count what it took
     * @param took from the first to the last
     * @param p50Millis from when it was finished to when it was taken, by the database's clock and this machine's; it is one
     * @param connections at most at once
     */
    record Told(long count, Duration took, double p50Millis, double p99Millis, double maxMillis, int connections) {

        double perSecond() {
            return count / (took.toNanos() / 1e9);
        }
    }

    /** In the order of the manners. */
    List<Integer> ports() {
        return ports;
    }

    List<Told> told() throws IOException {
        return Arrays.stream(process.ask("told").split(" ")).map(Receiving::told).toList();
    }

    private static Told told(String line) {
        long[] columns = Arrays.stream(line.split(",", COLUMNS)).mapToLong(Long::parseLong).toArray();
        return new Told(
                columns[0],
                Duration.ofNanos(columns[1]),
                columns[2] / 1e3,
                columns[3] / 1e3,
                columns[4] / 1e3,
                (int) columns[5]);
    }

    void forget() throws IOException {
        process.ask("forget");
    }

    /** The first request that came, in Base64. */
    String sample() throws IOException {
        return process.ask("sample");
    }

    /** Waits until each has taken so many. */
    void await(long count, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (told().stream().anyMatch(told -> told.count() < count)) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("Of " + count + " messages they were told: " + told());
            }
            Thread.sleep(50);
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
