package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.LogLines;
import dev.tallyhook.schedule.TestTicks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a poll does about a ledger of which a part fails, such as one shard of many. */
class PollTest {

    private static final Duration LONG_ENOUGH = Duration.ofSeconds(3);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ProcessingMetrics metrics = new ProcessingMetrics(registry);
    private final List<SQLException> told = new CopyOnWriteArrayList<>();
    private final Parts parts = new Parts();
    private final List<Long> toldEarly = new CopyOnWriteArrayList<>();
    private final Poll poll =
            new Poll(parts, " here", () -> true, told::add, metrics, new Config(), TestTicks.overlapping("poll"));

    /** One row is due each time, and another part fails. */
    private static final class Parts implements Due {

        private final List<OffsetDateTime> watermarks = new CopyOnWriteArrayList<>();
        private volatile @Nullable SQLException failure = new SQLException("no", "P0001");
        private volatile int backlog;

        @Override
        public Batch finish(OffsetDateTime watermark, int batchSize) {
            watermarks.add(watermark);
            boolean isFull = backlog > 0;
            backlog = Math.max(0, backlog - batchSize);
            return new Batch(isFull ? batchSize : 1, isFull, watermark, failure);
        }

        @Override
        public Outlook outlook(OffsetDateTime watermark) {
            return new Outlook(now(), Optional.empty());
        }

        @Override
        public OffsetDateTime now() {
            return OffsetDateTime.now(ZoneOffset.UTC);
        }
    }

    private static final class Config implements ProcessingConfig {

        @Override
        public int batchSize() {
            return 1_000;
        }

        @Override
        public Duration stalledAfter() {
            return Duration.ofSeconds(10);
        }
    }

    private void pollFor(Duration duration) throws Exception {
        var turn = new Thread(() -> {
            try {
                poll.inTurn();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        turn.start();
        Thread.sleep(duration.toMillis());
        poll.stop(Duration.ofSeconds(5));
        turn.join();
    }

    private double count(String name) {
        return registry.get(name).counter().count();
    }

    @Test
    void the_failure_is_counted_and_told_once_and_waited_after_while_the_others_are_finished() throws Exception {
        try (var log = new LogLines("dev.tallyhook.processing")) {
            pollFor(LONG_ENOUGH);
            int polls = parts.watermarks.size();
            assertTrue(polls >= 3 && polls <= 40, polls + " polls: one each 100 to 300 ms, and not one each 2 ms");
            assertEquals(polls, count("tallyhook.poller.failures"));
            assertEquals(polls, told.size());
            assertEquals(
                    polls,
                    registry.get("tallyhook.transactions.finished")
                            .tag("by", "poller")
                            .counter()
                            .count());
            assertEquals(polls, count("tallyhook.poller.heartbeats"));
            assertEquals(1, log.with("Due transactions here wait"), log::toString);
            assertEquals(0, log.with("finished again"), log::toString);
        }
    }

    @Test
    void what_that_part_has_kept_for_long_is_read_no_more() throws Exception {
        pollFor(LONG_ENOUGH);
        OffsetDateTime first = parts.watermarks.get(0);
        OffsetDateTime last = parts.watermarks.get(parts.watermarks.size() - 1);
        assertTrue(last.isAfter(first.plus(Duration.ofMillis(500))), first + " to " + last);
        assertTrue(last.isBefore(parts.now().minusSeconds(1)), "what is due now is: " + last);
    }

    @Test
    void as_long_as_the_others_have_more_the_poll_does_not_wait() throws Exception {
        parts.backlog = 100_000;
        pollFor(Duration.ofSeconds(1));
        assertEquals(0, parts.backlog);
        assertEquals(1, parts.watermarks.subList(0, 100).stream().distinct().count(), "nothing is passed over");
    }

    @Test
    void what_cannot_be_read_is_left_to_the_sweep() throws Exception {
        OffsetDateTime now = parts.now().plusSeconds(5);
        parts.failure = new UnreadableException(new SQLException("invalid page", "XX001"), now);
        pollFor(Duration.ofSeconds(1));
        assertEquals(now, parts.watermarks.get(1));
        assertFalse(told.isEmpty());
    }

    @Test
    void that_it_is_over_is_told_once_that_part_has_not_failed_for_some_seconds() throws Exception {
        try (var log = new LogLines("dev.tallyhook.processing")) {
            var mended = new Thread(() -> {
                try {
                    Thread.sleep(1_000);
                    parts.failure = null;
                    Thread.sleep(2_000);
                    toldEarly.add(log.with("finished again"));
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            });
            mended.start();
            pollFor(Duration.ofSeconds(9));
            mended.join();
            assertEquals(List.of(0L), toldEarly, "as long as it may only have nothing new");
            assertEquals(1, log.with("finished again"), log::toString);
            assertEquals(1, log.with("Due transactions here wait"), log::toString);
        }
    }

    @Test
    void a_server_that_goes_away_in_the_middle_has_left_what_the_watermark_must_not_pass() throws Exception {
        parts.failure = new SQLException("gone", "57P01");
        pollFor(LONG_ENOUGH);
        assertEquals(1, parts.watermarks.stream().distinct().count(), () -> parts.watermarks.toString());
    }
}
