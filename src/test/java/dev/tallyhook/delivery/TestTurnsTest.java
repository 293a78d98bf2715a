package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.problem.ProblemException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TestTurnsTest {

    private final AtomicLong nanos = new AtomicLong();
    private final TestTurns turns = new TestTurns(nanos::get);

    private int refused(String endpointId) {
        return assertThrows(ProblemException.class, () -> turns.begin(endpointId))
                .status();
    }

    @Test
    void an_endpoint_has_one_test_a_second_and_others_have_theirs() {
        turns.begin("a").run();
        assertEquals(429, refused("a"));
        assertDoesNotThrow(() -> turns.begin("b"));
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        assertDoesNotThrow(() -> turns.begin("a"));
    }

    @Test
    void those_that_hang_leave_room_when_they_end_and_only_once() {
        Runnable first = turns.begin("first");
        for (int i = 1; i < 16; i++) {
            turns.begin("hanging_" + i);
        }
        assertEquals(429, refused("another"));
        first.run();
        first.run();
        assertDoesNotThrow(() -> turns.begin("another"));
        assertEquals(429, refused("yet_another"));
    }
}
