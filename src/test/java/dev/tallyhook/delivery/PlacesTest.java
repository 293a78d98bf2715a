package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlacesTest {

    private final Places places = new Places(2);
    private final List<String> called = new ArrayList<>();
    private final Runnable nobody = this::callNobody;

    private void callNobody() {
        called.add("nobody");
    }

    private boolean take() {
        return places.take(nobody);
    }

    @Test
    void there_are_so_many_and_no_more() {
        assertTrue(take());
        assertTrue(take());
        assertFalse(take());
        assertEquals(2, places.underWay());
    }

    @Test
    void who_found_none_is_called_once_when_there_is_one_and_who_waits_longest_first() {
        take();
        take();
        Runnable first = () -> called.add("first" + places.take(nobody));
        Runnable second = () -> called.add("second" + places.take(nobody));
        places.take(first);
        places.take(second);
        places.take(first);
        places.leave(false);
        assertEquals(List.of("firsttrue"), called);
        places.leave(false);
        assertEquals(List.of("firsttrue", "secondtrue"), called);
        places.leave(false);
        assertEquals(List.of("firsttrue", "secondtrue"), called);
    }

    /** It was given back meanwhile, or its endpoint is left alone: then its turn must not be lost for the others. */
    @Test
    void who_needs_no_place_any_more_leaves_it_to_the_next() {
        take();
        take();
        places.take(() -> called.add("changed its mind"));
        places.take(() -> called.add("next " + places.take(nobody)));
        places.leave(false);
        assertEquals(List.of("changed its mind", "next true"), called);
    }

    @Test
    void one_that_hangs_gives_its_place_to_another_once() {
        take();
        take();
        places.take(() -> called.add("next " + places.take(nobody)));
        places.hang();
        assertEquals(List.of("next true"), called);
        places.leave(true);
        assertFalse(take(), "it has given its place already");
    }

    @Test
    void of_those_that_hang_there_are_four_times_as_many_and_no_more() {
        for (int i = 0; i < 8; i++) {
            assertTrue(take());
            places.hang();
        }
        assertFalse(take());
        assertEquals(8, places.underWay());
        places.leave(true);
        assertEquals(List.of("nobody"), called, "one of them is over");
        assertTrue(take());
    }

    /** As it is with messages that come to nothing at once: each call would stand upon the one before. */
    @Test
    void a_hundred_thousand_that_wait_and_are_over_at_once_are_called_one_after_the_other() {
        take();
        take();
        int[] calls = {0};
        for (int i = 0; i < 100_000; i++) {
            places.take(new Runnable() {
                @Override
                public void run() {
                    calls[0]++;
                    assertTrue(places.take(this));
                    places.leave(false);
                }
            });
        }
        places.leave(false);
        assertEquals(100_000, calls[0]);
        assertEquals(1, places.underWay());
    }
}
