package dev.tallyhook.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RequestMemoryTest {

    private static final int LARGE = 100_000;
    private static final int USUAL = 50_000;

    /** Two large bodies fill an eighth of it. */
    private final RequestMemory memory = new RequestMemory(16 * LARGE);

    @Test
    void large_ones_leave_room_for_usual_ones_and_those_for_small_ones() {
        assertEquals(2 * LARGE, memory.largest());
        assertTrue(memory.take(LARGE, LARGE));
        assertTrue(memory.take(LARGE, LARGE));
        assertFalse(memory.take(1, LARGE + 1));
        assertTrue(memory.take(USUAL, RequestMemory.USUAL));
        assertTrue(memory.take(USUAL, USUAL));
        assertFalse(memory.take(1, USUAL + 1));
        int small = 0;
        while (memory.take(RequestMemory.SMALL, RequestMemory.SMALL)) {
            small++;
        }
        assertEquals(LARGE / RequestMemory.SMALL, small);
    }

    @Test
    void what_is_given_back_can_be_taken_again_and_what_was_refused_was_not_taken() {
        assertTrue(memory.take(LARGE, LARGE));
        assertTrue(memory.take(LARGE, LARGE));
        for (int i = 0; i < 100; i++) {
            assertFalse(memory.take(LARGE, LARGE));
        }
        memory.giveBack(LARGE);
        assertTrue(memory.take(LARGE, LARGE));
        assertFalse(memory.take(LARGE, LARGE));
    }
}
