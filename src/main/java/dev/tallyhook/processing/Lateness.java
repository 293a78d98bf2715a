package dev.tallyhook.processing;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * How late transactions are finished: {@code processed_at - due_at}. PostgreSQL counts them into buckets as it finishes them,
 * so that no row has to come back for it.
 */
@ApplicationScoped
public class Lateness {

    /** Upper bounds of the buckets in seconds, exclusive; one more bucket is above the last. */
    private static final double[] BOUNDS = {
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600
    };

    /** The bounds as PostgreSQL writes them, for {@code width_bucket}. */
    static final String BOUNDS_SQL = Arrays.stream(BOUNDS)
            .mapToObj(bound -> "interval '" + Math.round(bound * 1_000) + " ms'")
            .collect(Collectors.joining(", ", "ARRAY[", "]"));

    private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
    private final DoubleAdder seconds = new DoubleAdder();

    Lateness() {
        Arrays.setAll(buckets, i -> new LongAdder());
    }

    /**
     * Counts what a statement finished.
     *
     * @param bucket by {@code width_bucket}
     * @param sum of the lateness of all of them, in seconds
     */
    void add(int bucket, long count, double sum) {
        buckets[bucket].add(count);
        seconds.add(sum);
    }

    /** Upper bounds of the buckets in seconds; the last bucket has none. */
    public static double[] bounds() {
        return BOUNDS.clone();
    }

    /** How many transactions this replica has finished since its start, by bucket. */
    public long[] counts() {
        return Arrays.stream(buckets).mapToLong(LongAdder::sum).toArray();
    }

    /** The lateness of all of them together, in seconds. */
    public double sum() {
        return seconds.sum();
    }

    /**
     * The lateness, in seconds, that this share of transactions does not exceed; within a bucket they are taken to be spread
     * evenly.
     *
     * @param counts by bucket
     * @param share from 0 to 1
     * @return nothing if none is counted
     */
    public static OptionalDouble quantile(long[] counts, double share) {
        long all = Arrays.stream(counts).sum();
        if (all == 0) {
            return OptionalDouble.empty();
        }
        double rank = share * all;
        long below = 0;
        for (int i = 0; i < BOUNDS.length; i++) {
            if (counts[i] > 0 && below + counts[i] >= rank) {
                double lower = i == 0 ? 0 : BOUNDS[i - 1];
                return OptionalDouble.of(lower + (BOUNDS[i] - lower) * (rank - below) / counts[i]);
            }
            below += counts[i];
        }
        return OptionalDouble.of(BOUNDS[BOUNDS.length - 1]);
    }
}
