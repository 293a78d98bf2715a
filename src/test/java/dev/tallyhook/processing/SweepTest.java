package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SweepTest {

    private static final Duration FAST = Duration.ofMillis(2);
    private static final Duration SLOW = Duration.ofMillis(600);

    @Test
    void a_sweep_that_was_slow_for_once_does_not_put_the_next_one_off() {
        assertEquals(FAST.multipliedBy(20), Sweep.rest(SLOW, FAST));
        assertEquals(FAST.multipliedBy(20), Sweep.rest(FAST, SLOW));
    }

    @Test
    void sweeps_that_are_slow_rest_twenty_times_as_long_and_no_longer_than_half_a_minute() {
        assertEquals(Duration.ofSeconds(12), Sweep.rest(SLOW, SLOW));
        assertEquals(Duration.ofSeconds(30), Sweep.rest(Duration.ofSeconds(50), Duration.ofSeconds(50)));
    }
}
