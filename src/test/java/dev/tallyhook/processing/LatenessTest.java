package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LatenessTest {

    private static final int BUCKETS = Lateness.bounds().length + 1;

    @Test
    void counts_and_their_sum_are_kept_by_bucket() {
        var lateness = new Lateness();
        lateness.add(0, 3, 0.0015);
        lateness.add(BUCKETS - 1, 2, 9_000);
        lateness.add(0, 1, 0.0005);
        long[] expected = new long[BUCKETS];
        expected[0] = 4;
        expected[BUCKETS - 1] = 2;
        assertArrayEquals(expected, lateness.counts());
        assertEquals(9_000.002, lateness.sum(), 1e-9);
    }

    @Test
    void a_quantile_lies_within_the_bucket_that_holds_it() {
        long[] counts = new long[BUCKETS];
        counts[3] = 100; // From 5 to 10 ms.
        assertEquals(0.0075, Lateness.quantile(counts, 0.5).getAsDouble(), 1e-9);
        assertEquals(0.00995, Lateness.quantile(counts, 0.99).getAsDouble(), 1e-9);
        assertEquals(0.010, Lateness.quantile(counts, 1).getAsDouble(), 1e-9);
    }

    @Test
    void nothing_counted_has_no_quantile_and_what_is_above_all_bounds_has_the_last() {
        long[] counts = new long[BUCKETS];
        assertTrue(Lateness.quantile(counts, 0.5).isEmpty());
        counts[BUCKETS - 1] = 1;
        assertEquals(3_600, Lateness.quantile(counts, 0.5).getAsDouble());
    }

    @Test
    void the_bounds_grow() {
        double[] bounds = Lateness.bounds();
        double[] sorted = bounds.clone();
        Arrays.sort(sorted);
        assertArrayEquals(sorted, bounds);
        assertEquals(bounds.length, Lateness.BOUNDS_SQL.split("interval").length - 1);
    }
}
