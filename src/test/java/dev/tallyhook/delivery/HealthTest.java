package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HealthTest {

    private long nanos;
    private int opened;

    private final Circuit circuit = new Circuit(() -> nanos);
    private final Health health = new Health(circuit, () -> opened++);

    private void attempted(int times, Attempt attempt) {
        for (int i = 0; i < times; i++) {
            health.attempted(attempt);
        }
    }

    private static Attempt throttled(Duration retryAfter) {
        return Attempts.failed(Outcome.THROTTLED, 429, retryAfter);
    }

    @Test
    void while_nothing_happens_there_is_no_news_and_any_number_is_allowed() {
        assertNull(health.news());
        assertEquals(Integer.MAX_VALUE, health.allowed());
        assertFalse(health.isOnTrial());
    }

    @Test
    void news_tell_whether_anything_arrived_and_what_failed_since_and_are_told_once() {
        attempted(2, Attempts.REFUSED);
        health.attempted(Attempts.DELIVERED);
        attempted(3, Attempts.REFUSED);
        assertEquals(new Health.News(true, 3, false, null), health.news());
        assertNull(health.news());
        health.attempted(Attempts.REFUSED);
        assertEquals(new Health.News(false, 1, false, null), health.news());
    }

    @Test
    void one_that_only_fails_is_left_alone_then_on_trial_and_then_well() {
        attempted(5, Attempts.REFUSED);
        assertEquals(1, opened);
        assertEquals(0, health.allowed());
        Health.News news = health.news();
        assertNotNull(news);
        assertEquals(circuit.resting(), news.rest());
        nanos += circuit.resting().toNanos();
        assertEquals(1, health.allowed());
        assertTrue(health.isOnTrial());
        health.attempted(Attempts.DELIVERED);
        assertEquals(Integer.MAX_VALUE, health.allowed());
        assertEquals(new Health.News(true, 0, false, Duration.ZERO), health.news(), "others need not rest any more");
    }

    @Test
    void each_rest_is_counted_once_however_many_were_under_way() {
        attempted(60, Attempts.REFUSED);
        assertEquals(1, opened);
        nanos += circuit.resting().toNanos();
        attempted(1, Attempts.REFUSED);
        assertEquals(2, opened);
    }

    @Test
    void one_that_is_throttled_rests_as_long_as_it_asks_for_and_no_longer_than_an_hour() {
        health.attempted(throttled(Duration.ofMinutes(7)));
        assertEquals(Duration.ofMinutes(7), circuit.resting());
        assertEquals(0, health.allowed());
        assertEquals(new Health.News(false, 1, false, Duration.ofMinutes(7)), health.news());
        health.attempted(throttled(Duration.ofDays(3)));
        assertEquals(Duration.ofHours(1), circuit.resting());
        assertEquals(0, opened, "it is as well as it was");
    }

    /** Those that began before say nothing about what comes next, whichever of them is answered last. */
    @Test
    void what_it_asks_for_outlasts_the_success_of_an_attempt_that_began_before() {
        attempted(5, throttled(Duration.ofMinutes(10)));
        health.attempted(Attempts.DELIVERED);
        assertEquals(0, health.allowed());
        assertEquals(new Health.News(true, 0, false, Duration.ofMinutes(10)), health.news());
        nanos += Duration.ofMinutes(10).toNanos();
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void what_others_say_ends_with_a_success_only_where_it_was_left_alone_as_well() {
        health.rest(Duration.ofMinutes(5));
        health.attempted(Attempts.DELIVERED);
        assertEquals(0, health.allowed(), "it may have asked them for it");
        nanos += Duration.ofMinutes(5).toNanos();
        attempted(5, Attempts.REFUSED);
        health.rest(Duration.ofMinutes(5));
        health.attempted(Attempts.DELIVERED);
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void one_that_refuses_a_message_is_not_left_alone_for_that() {
        health.attempted(Attempts.failed(Outcome.REFUSED, 500, Duration.ofMinutes(7)));
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void one_that_wants_nothing_any_more_gets_nothing_until_an_operator_says_so() {
        health.attempted(Attempts.GONE);
        assertEquals(0, health.allowed());
        assertEquals(new Health.News(false, 1, true, null), health.news());
        assertEquals(0, health.allowed());
        health.forgive();
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    /** As when it was switched off and on again between two looks at the table. */
    @Test
    void one_that_is_not_switched_off_in_time_is_tried_again() {
        health.attempted(Attempts.GONE);
        health.news();
        nanos += Duration.ofSeconds(10).toNanos();
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void what_could_not_be_told_of_one_that_is_gone_is_told_again() {
        health.attempted(Attempts.GONE);
        health.keep(health.news());
        assertTrue(health.news().gone());
    }

    @Test
    void what_an_operator_forgives_is_forgotten() {
        attempted(5, Attempts.REFUSED);
        health.forgive();
        assertEquals(Integer.MAX_VALUE, health.allowed());
        attempted(4, Attempts.REFUSED);
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void it_rests_as_long_as_another_replica_says() {
        health.rest(Duration.ofSeconds(20));
        assertEquals(0, health.allowed());
        assertNull(health.news(), "they know");
        nanos += Duration.ofSeconds(20).toNanos();
        assertEquals(Integer.MAX_VALUE, health.allowed());
    }

    @Test
    void news_that_could_not_be_told_are_told_with_the_next() {
        attempted(2, Attempts.REFUSED);
        health.attempted(throttled(Duration.ofMinutes(2)));
        Health.News news = health.news();
        assertNotNull(news);
        health.attempted(Attempts.REFUSED);
        health.keep(news);
        assertEquals(new Health.News(false, 4, false, Duration.ofMinutes(2)), health.news());
    }

    @Test
    void but_what_failed_before_a_success_since_is_not() {
        attempted(2, Attempts.REFUSED);
        Health.News news = health.news();
        assertNotNull(news);
        health.attempted(Attempts.DELIVERED);
        health.attempted(Attempts.REFUSED);
        health.keep(news);
        assertEquals(new Health.News(true, 1, false, null), health.news());
    }
}
