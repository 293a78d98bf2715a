package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.problem.ProblemException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class WaitingRoomTest {

    private static final int SIZE_MAX = 100;
    private static final int GROUP_SIZE_MAX = 10;

    private final WaitingRoom room = new WaitingRoom(SIZE_MAX, GROUP_SIZE_MAX);
    private long now = System.nanoTime();

    @Test
    void a_burst_may_fill_the_room_and_no_more() {
        enter(SIZE_MAX);
        assertThrows(ProblemException.class, () -> enter(1));
    }

    @Test
    void they_leave_in_groups_oldest_first() throws InterruptedException {
        for (int i = 0; i <= GROUP_SIZE_MAX; i++) {
            enter(1);
            now++;
        }
        List<Pending> first = room.nextGroup(Duration.ZERO);
        assertEquals(GROUP_SIZE_MAX, first.size());
        assertTrue(first.get(0).since() < first.get(GROUP_SIZE_MAX - 1).since());
        List<Pending> rest = room.nextGroup(Duration.ZERO);
        assertEquals(1, rest.size());
        assertTrue(first.get(GROUP_SIZE_MAX - 1).since() < rest.get(0).since());
    }

    /** Else a question that came with a webhook would be lost, should nothing be learned by the group. */
    @Test
    void a_writer_that_is_woken_and_finds_a_group_looks_up_once_more_after_it() throws InterruptedException {
        enter(1);
        room.wakeWriter();
        assertEquals(1, room.nextGroup(Duration.ZERO).size());
        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> assertEquals(List.of(), room.nextGroup(Duration.ZERO)));
        long before = System.nanoTime();
        assertEquals(List.of(), room.nextGroup(Duration.ofMillis(50)));
        assertTrue(System.nanoTime() - before >= 50_000_000, "once is enough");
    }

    @Test
    void a_crowd_that_stays_is_refused_beyond_one_group() throws InterruptedException {
        crowd();
        for (int left = SIZE_MAX - 2 * GROUP_SIZE_MAX; left > 0; left -= GROUP_SIZE_MAX) {
            assertEquals(
                    GROUP_SIZE_MAX,
                    room.nextGroup(Duration.ZERO).size(),
                    "full groups are no sign that the crowd is over");
        }
        enter(GROUP_SIZE_MAX);
        assertEquals(503, assertThrows(ProblemException.class, () -> enter(1)).status());
    }

    @Test
    void in_a_crowd_the_oldest_beyond_one_group_are_let_out() throws InterruptedException {
        assertEquals(0, room.leaveIfCrowded().size());
        crowd();
        assertEquals(SIZE_MAX - 3 * GROUP_SIZE_MAX, room.leaveIfCrowded().size());
        assertEquals(GROUP_SIZE_MAX, room.nextGroup(Duration.ZERO).size());
    }

    @Test
    void who_waits_but_not_long_is_no_crowd() throws InterruptedException {
        for (int i = 0; i < 10; i++) {
            now = System.nanoTime();
            enter(GROUP_SIZE_MAX * 2);
            room.nextGroup(Duration.ZERO);
            room.nextGroup(Duration.ZERO);
        }
        now = System.nanoTime();
        assertDoesNotThrow(() -> enter(SIZE_MAX));
    }

    /** Groups whose oldest came in long ago, for longer than a burst. */
    private void crowd() throws InterruptedException {
        now = System.nanoTime() - Duration.ofSeconds(1).toNanos();
        enter(SIZE_MAX);
        room.nextGroup(Duration.ZERO);
        Thread.sleep(WaitingRoom.BURST_MAX.toMillis() + 20);
        room.nextGroup(Duration.ZERO);
    }

    @Test
    void who_waited_too_long_is_let_out() {
        enter(3);
        long later = now + 1;
        now += 2;
        enter(2);
        assertEquals(3, room.leaveIfSinceBefore(later).size());
        assertEquals(0, room.leaveIfSinceBefore(later).size());
    }

    @Test
    void a_closed_room_lets_out_and_takes_nobody_in() throws InterruptedException {
        enter(3);
        room.close();
        assertThrows(ProblemException.class, () -> enter(1));
        assertEquals(3, room.nextGroup(Duration.ZERO).size());
        assertEquals(0, room.nextGroup(Duration.ZERO).size());
    }

    private void enter(int count) {
        for (int i = 0; i < count; i++) {
            var webhook = new Webhook("txn", "from", "to", BigDecimal.ONE, "INR");
            room.enter(new Pending(List.of(webhook), now, new CompletableFuture<>()));
        }
    }
}
