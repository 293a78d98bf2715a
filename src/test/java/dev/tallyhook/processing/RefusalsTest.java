package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RefusalsTest {

    /** It overflows on the way, as that of {@link System#nanoTime} may. */
    private long now = Long.MAX_VALUE - Duration.ofSeconds(5).toNanos();

    private final Refusals refusals = new Refusals(Duration.ofSeconds(10), () -> now);

    private void refusedForSeconds(int seconds) {
        for (int i = 0; i < seconds; i++) {
            refusals.refused();
            now += Duration.ofSeconds(1).toNanos();
        }
    }

    @Test
    void none_are_no_reason() {
        assertFalse(refusals.goOn());
    }

    @Test
    void they_may_last_for_a_while() {
        refusedForSeconds(11);
        assertFalse(refusals.goOn());
        refusedForSeconds(1);
        assertTrue(refusals.goOn());
    }

    @Test
    void what_was_finished_ends_them() {
        refusedForSeconds(12);
        refusals.over();
        assertFalse(refusals.goOn());
        refusedForSeconds(2);
        assertFalse(refusals.goOn());
    }

    @Test
    void they_are_over_when_none_come_for_a_while() {
        refusedForSeconds(12);
        now += Duration.ofSeconds(9).toNanos();
        assertTrue(refusals.goOn());
        now += 1;
        assertFalse(refusals.goOn());
        refusedForSeconds(2);
        assertFalse(refusals.goOn());
    }

    @Test
    void a_pause_that_is_shorter_is_none() {
        refusedForSeconds(6);
        now += Duration.ofSeconds(5).toNanos();
        refusedForSeconds(1);
        assertTrue(refusals.goOn());
    }
}
