package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CircuitTest {

    private long nanos = -Duration.ofMinutes(2).toNanos(); // It may well begin below zero, and pass it.

    private final Circuit circuit = new Circuit(() -> nanos);

    private void pass(Duration time) {
        nanos += time.toNanos();
    }

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            circuit.failed();
        }
    }

    private void assertRests(Duration atLeast) {
        assertTrue(circuit.isResting());
        Duration rest = circuit.resting();
        assertTrue(rest.compareTo(atLeast) >= 0, rest::toString);
        assertTrue(rest.compareTo(atLeast.multipliedBy(6).dividedBy(5)) <= 0, rest::toString);
    }

    @Test
    void five_failures_in_a_row_open_it_and_four_do_not() {
        fail(4);
        assertFalse(circuit.isOpen());
        circuit.failed();
        assertTrue(circuit.isOpen());
        assertRests(Duration.ofSeconds(10));
    }

    @Test
    void a_success_between_them_begins_the_row_anew() {
        fail(4);
        circuit.succeeded();
        fail(4);
        assertFalse(circuit.isOpen());
    }

    @Test
    void four_of_five_that_fail_open_it_once_there_are_twenty() {
        for (int i = 0; i < 3; i++) {
            fail(4);
            circuit.succeeded();
        }
        assertFalse(circuit.isOpen(), "too few to judge by");
        fail(4);
        circuit.succeeded();
        circuit.failed();
        assertTrue(circuit.isOpen());
    }

    @Test
    void three_of_four_that_fail_do_not() {
        for (int i = 0; i < 100; i++) {
            fail(3);
            assertFalse(circuit.isOpen());
            circuit.succeeded();
        }
    }

    @Test
    void what_failed_more_than_a_minute_ago_does_not_count_but_in_a_row() {
        for (int i = 0; i < 3; i++) {
            fail(4);
            circuit.succeeded();
        }
        fail(4);
        pass(Duration.ofSeconds(61));
        circuit.succeeded();
        fail(4);
        assertFalse(circuit.isOpen());
        pass(Duration.ofSeconds(61));
        circuit.failed();
        assertTrue(circuit.isOpen());
    }

    @Test
    void each_trial_that_fails_makes_the_rest_longer_up_to_five_minutes() {
        fail(5);
        for (int seconds : new int[] {10, 30, 60, 120, 300, 300, 300}) {
            assertRests(Duration.ofSeconds(seconds));
            pass(circuit.resting());
            assertFalse(circuit.isResting());
            assertTrue(circuit.isOpen(), "on trial");
            circuit.failed();
        }
    }

    @Test
    void what_was_under_way_when_it_opened_does_not_make_the_rest_longer() {
        fail(5);
        pass(Duration.ofSeconds(1));
        fail(60);
        assertTrue(circuit.resting().compareTo(Duration.ofSeconds(11)) <= 0);
    }

    @Test
    void a_success_closes_it_and_the_next_rest_is_a_short_one() {
        fail(5);
        pass(circuit.resting());
        circuit.failed();
        circuit.succeeded();
        assertFalse(circuit.isOpen());
        assertFalse(circuit.isResting());
        assertEquals(Duration.ZERO, circuit.resting());
        fail(4);
        assertFalse(circuit.isOpen());
        circuit.failed();
        assertRests(Duration.ofSeconds(10));
    }

    @Test
    void a_rest_that_is_asked_for_does_not_open_it_and_no_rest_makes_another_one_shorter() {
        circuit.rest(Duration.ofMinutes(5));
        circuit.rest(Duration.ofMinutes(1));
        assertFalse(circuit.isOpen());
        assertEquals(Duration.ofMinutes(5), circuit.resting());
        fail(5);
        assertEquals(Duration.ofMinutes(5), circuit.resting());
    }

    @Test
    void whoever_closes_it_ends_its_rest() {
        fail(5);
        circuit.close();
        assertFalse(circuit.isOpen());
        assertFalse(circuit.isResting());
        fail(4);
        assertFalse(circuit.isOpen());
    }
}
