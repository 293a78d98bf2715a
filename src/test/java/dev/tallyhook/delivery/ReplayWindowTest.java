package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ReplayWindowTest {

    private static final Instant SINCE = Instant.parse("2001-01-01T00:00:00Z");

    /** What a replay of a ledger costs with so many finishes in a second: windows that are taken, and those that were too long. */
    private static int looks(double perSecond, Duration all, ReplayWindow window) {
        int looks = 0;
        Instant reached = SINCE;
        Instant until = SINCE.plus(all);
        while (reached.isBefore(until)) {
            Instant end = window.end(reached);
            end = end.isAfter(until) ? until : end;
            long rows = Math.round(perSecond * Duration.between(reached, end).toMillis() / 1_000);
            window.held(rows);
            looks++;
            reached = rows > ReplayWindow.ROWS_MAX ? reached : end;
        }
        return looks;
    }

    @Test
    void years_without_a_webhook_are_passed_in_a_few_looks() {
        assertTrue(looks(0, Duration.ofDays(3650), new ReplayWindow()) < 20);
    }

    @Test
    void windows_hold_about_what_a_statement_may_handle() {
        double perSecond = 20_000;
        Duration hour = Duration.ofHours(1);
        double rows = perSecond * hour.toSeconds();
        int looks = looks(perSecond, hour, new ReplayWindow());
        assertTrue(looks <= rows / ReplayWindow.ROWS_MIN + 20, looks + " looks");
        assertTrue(looks >= rows / ReplayWindow.ROWS_MAX, looks + " looks");
    }

    @Test
    void a_busy_time_behind_a_quiet_one_takes_some_shorter_windows() {
        var window = new ReplayWindow();
        looks(0, Duration.ofDays(3650), window);
        assertTrue(looks(1_000, Duration.ofMinutes(1), window) < 60);
    }

    @Test
    void what_was_finished_at_one_moment_is_taken_whole() {
        var window = new ReplayWindow();
        for (int i = 0; i < 100 && window.rowsMax() < 1_000_000; i++) {
            window.held(1_000_000);
        }
        assertEquals(SINCE.plusNanos(1_000), window.end(SINCE));
        assertTrue(window.rowsMax() >= 1_000_000);
    }
}
