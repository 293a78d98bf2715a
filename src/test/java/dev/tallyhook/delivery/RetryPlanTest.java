package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RetryPlanTest {

    private static final Duration FIRST = Duration.ofSeconds(5);
    private static final Duration SECOND = Duration.ofMinutes(5);

    private final RetryPlan plan = new RetryPlan(List.of(FIRST, SECOND));

    private static void assertIsAtMostAFifthMore(Duration than, Duration wait) {
        assertNotNull(wait);
        assertTrue(wait.compareTo(than) >= 0, wait + " is early");
        assertTrue(wait.compareTo(than.multipliedBy(6).dividedBy(5)) <= 0, wait + " is late");
    }

    @Test
    void each_wait_is_the_plans_and_up_to_a_fifth_more_and_then_it_is_given_up() {
        for (int i = 0; i < 1_000; i++) {
            assertIsAtMostAFifthMore(FIRST, plan.after(1, Attempts.REFUSED));
            assertIsAtMostAFifthMore(SECOND, plan.after(2, Attempts.TIMED_OUT));
        }
        assertNull(plan.after(3, Attempts.REFUSED));
    }

    @Test
    void what_failed_together_does_not_come_back_together() {
        Set<Duration> waits = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            waits.add(plan.after(1, Attempts.REFUSED));
        }
        assertTrue(waits.size() > 90, waits::toString);
    }

    @Test
    void an_endpoint_that_asks_for_more_time_gets_it_up_to_a_day() {
        for (Outcome outcome : List.of(Outcome.THROTTLED, Outcome.REFUSED)) {
            assertIsAtMostAFifthMore(
                    Duration.ofHours(1), plan.after(1, Attempts.failed(outcome, 503, Duration.ofHours(1))));
            assertIsAtMostAFifthMore(
                    Duration.ofDays(1), plan.after(1, Attempts.failed(outcome, 503, Duration.ofDays(400))));
        }
    }

    @Test
    void one_that_asks_for_less_does_not() {
        Attempt impatient = Attempts.failed(Outcome.THROTTLED, 429, Duration.ofMillis(1));
        assertIsAtMostAFifthMore(FIRST, plan.after(1, impatient));
    }

    @Test
    void one_that_asks_for_more_time_gets_no_more_tries() {
        assertNull(plan.after(3, Attempts.failed(Outcome.THROTTLED, 429, Duration.ofHours(1))));
    }

    @Test
    void one_that_wants_nothing_any_more_is_not_asked_again() {
        assertNull(plan.after(1, Attempts.GONE));
    }

    @Test
    void without_a_plan_nothing_is_tried_again() {
        assertNull(new RetryPlan(List.of()).after(1, Attempts.REFUSED));
    }

    @Test
    void a_wait_of_nothing_is_one() {
        assertIsAtMostAFifthMore(Duration.ZERO, new RetryPlan(List.of(Duration.ZERO)).after(1, Attempts.REFUSED));
    }
}
