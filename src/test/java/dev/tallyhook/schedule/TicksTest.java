package dev.tallyhook.schedule;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to a task that throws, hangs, or is not started, by a clock that the test moves. */
class TicksTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final AtomicLong nanos = new AtomicLong(System.nanoTime());
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Ticks ticks = new Ticks(registry, nanos::get);
    private final AtomicInteger runs = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();
    private final AtomicInteger traces = new AtomicInteger();
    private final Logger logger = Logger.getLogger("dev.tallyhook.schedule");
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            // A service of another test may run beside this one, on a machine that is too busy for its schedule.
            if (Thread.currentThread().getName().equals("schedule-watch")) {
                return;
            }
            told.addAndGet(line.getLevel().intValue() >= Level.INFO.intValue() ? 1 : 0);
            traces.addAndGet(line.getThrown() == null ? 0 : 1);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
    }

    @AfterEach
    void close() {
        logger.removeHandler(handler);
        ticks.stop(new ShutdownEvent());
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    /** As the watch does, which never sleeps for long. */
    private void passUnderTheWatch(Duration time) {
        for (long left = time.toMillis(); left > 0; left -= 250) {
            pass(Duration.ofMillis(250));
            ticks.look();
        }
    }

    private double counted(String name) {
        return registry.get(name).tag("tick", "task").counter().count();
    }

    private static void fail(String kind) throws Exception {
        switch (kind) {
            case "exception" -> throw new IllegalStateException("thrown by the test");
            case "checked" -> throw new java.io.IOException("thrown by the test");
            case "memory" -> throw new OutOfMemoryError("thrown by the test");
            case "stack" -> throw new StackOverflowError("thrown by the test");
            case "linkage" -> throw new NoClassDefFoundError("thrown by the test");
            case "interrupt" -> throw new InterruptedException("thrown by the test");
            default -> runsWell();
        }
    }

    private static void runsWell() {}

    @ParameterizedTest
    @ValueSource(strings = {"exception", "checked", "memory", "stack", "linkage", "interrupt"})
    void whatever_a_task_throws_is_counted_each_time_and_told_once_until_it_works(String kind) {
        var thrown = new String[] {kind};
        Tick tick = ticks.every(SECOND, "task", () -> fail(thrown[0]), Tick.Trait.FINISHES_ROWS);
        for (int i = 0; i < 20; i++) {
            pass(SECOND);
            tick.come();
        }
        assertEquals(20, counted("tallyhook.tick.failures"));
        assertEquals(1, traces.get());
        assertEquals(1, told.get());
        assertTrue(ticks.areStalled(), "rows are left behind");
        assertFalse(ticks.hang(), "a restart is no cure for what comes and fails");

        thrown[0] = "nothing";
        pass(SECOND);
        tick.come();
        assertFalse(ticks.areStalled());
        assertEquals(2, told.get(), "that it works again");

        thrown[0] = kind;
        pass(SECOND);
        tick.come();
        assertEquals(2, traces.get(), "another spell is told of again");
        assertFalse(ticks.areStalled(), "once is no spell");
    }

    @Test
    void a_task_that_is_interrupted_because_the_service_stops_says_nothing() throws Exception {
        var begun = new CountDownLatch(1);
        Tick tick = ticks.every(SECOND, "task", () -> {
            begun.countDown();
            Thread.sleep(60_000);
        });
        var thread = new Thread(tick::come);
        thread.start();
        begun.await();
        ticks.stop(new ShutdownEvent());
        thread.interrupt();
        thread.join();
        assertEquals(0, counted("tallyhook.tick.failures"));
        assertEquals(0, told.get());
    }

    @Test
    void what_the_schedule_does_not_start_the_watch_starts_each_second_and_tells_once() {
        Tick tick = ticks.every(SECOND, "task", runs::incrementAndGet);
        tick.come();
        passUnderTheWatch(Duration.ofSeconds(2));
        assertEquals(1, runs.get(), "the schedule may yet come");
        for (int expected = 2; expected <= 11; expected++) {
            passUnderTheWatch(expected == 2 ? Duration.ofMillis(250) : Duration.ofMillis(1_250));
            int until = expected;
            await().until(() -> runs.get() == until);
        }
        assertEquals(10, counted("tallyhook.tick.late"));
        assertEquals(1, told.get());
    }

    @Test
    void when_the_schedule_comes_again_nothing_runs_twice_and_that_is_told_once() {
        Tick tick = ticks.every(SECOND, "task", runs::incrementAndGet);
        tick.come();
        passUnderTheWatch(Duration.ofMillis(2_250));
        await().until(() -> runs.get() == 2);
        pass(Duration.ofMillis(200));
        tick.come();
        assertEquals(2, runs.get(), "the watch has just started it");
        pass(Duration.ofMillis(10));
        ticks.look();
        pass(SECOND);
        tick.come();
        ticks.look();
        assertEquals(3, runs.get());
        assertEquals(2, told.get(), "that the schedule is silent, and that it ticks again");
        assertEquals(1, counted("tallyhook.tick.late"));
    }

    @Test
    void a_clock_set_forward_makes_a_task_come_at_once_and_not_twice() {
        Tick tick = ticks.every(Duration.ofSeconds(60), "task", runs::incrementAndGet);
        tick.come();
        pass(Duration.ofSeconds(20));
        tick.come();
        assertEquals(1, runs.get());
        pass(Duration.ofSeconds(40));
        tick.come();
        assertEquals(2, runs.get());
    }

    @Test
    void longer_periods_have_patience_in_proportion() {
        ticks.every(Duration.ofSeconds(15), "task", runs::incrementAndGet).come();
        passUnderTheWatch(Duration.ofSeconds(30));
        assertEquals(0, counted("tallyhook.tick.late"));
        passUnderTheWatch(Duration.ofMillis(250));
        assertEquals(1, counted("tallyhook.tick.late"));
    }

    @Test
    void after_a_pause_of_the_whole_process_the_schedule_gets_its_time() {
        Tick tick = ticks.every(SECOND, "task", runs::incrementAndGet);
        tick.come();
        ticks.look();
        pass(Duration.ofSeconds(30));
        ticks.look();
        pass(SECOND);
        tick.come();
        passUnderTheWatch(SECOND);
        assertEquals(0, counted("tallyhook.tick.late"));
        assertEquals(0, told.get());
    }

    @Test
    void what_takes_long_is_not_started_again_and_not_told_of_as_late() throws Exception {
        var release = new CountDownLatch(1);
        var begun = new CountDownLatch(1);
        Tick tick = ticks.every(SECOND, "task", () -> {
            runs.incrementAndGet();
            begun.countDown();
            release.await();
        });
        var thread = new Thread(tick::come);
        thread.start();
        begun.await();
        passUnderTheWatch(Duration.ofSeconds(30));
        tick.come();
        assertEquals(1, runs.get());
        release.countDown();
        thread.join();
        passUnderTheWatch(SECOND);
        assertEquals(0, counted("tallyhook.tick.late"));
    }

    @Test
    void a_task_that_hangs_is_seen_by_health_and_after_minutes_by_liveness_unless_it_gets_on() throws Exception {
        var release = new CountDownLatch(1);
        var begun = new CountDownLatch(1);
        Tick tick = ticks.every(
                SECOND,
                "task",
                () -> {
                    begun.countDown();
                    release.await();
                },
                Tick.Trait.FINISHES_ROWS);
        var thread = new Thread(tick::come);
        thread.start();
        begun.await();
        passUnderTheWatch(Duration.ofSeconds(90));
        assertFalse(ticks.areStalled(), "a sweep may take so long");
        passUnderTheWatch(SECOND);
        assertTrue(ticks.areStalled());
        assertFalse(ticks.hang());
        tick.goesOn();
        assertFalse(ticks.areStalled());
        passUnderTheWatch(Duration.ofMinutes(5).plus(SECOND));
        assertTrue(ticks.hang());
        release.countDown();
        thread.join();
        assertFalse(ticks.areStalled());
        assertFalse(ticks.hang());
    }

    @Test
    void one_that_overlaps_hangs_although_others_come() throws Exception {
        var release = new CountDownLatch(1);
        var begun = new CountDownLatch(1);
        Tick tick = ticks.every(
                SECOND,
                "task",
                () -> {
                    if (runs.incrementAndGet() == 1) {
                        begun.countDown();
                        release.await();
                    }
                },
                Tick.Trait.FINISHES_ROWS,
                Tick.Trait.OVERLAPS);
        var thread = new Thread(tick::come);
        thread.start();
        begun.await();
        for (int i = 0; i < 91; i++) {
            pass(SECOND);
            tick.come();
        }
        assertEquals(92, runs.get());
        assertTrue(ticks.areStalled());
        tick.succeeded();
        assertFalse(ticks.areStalled());
        release.countDown();
        thread.join();
    }

    @Test
    void what_finishes_no_rows_may_hang_or_fail_and_the_service_is_ready() {
        Tick failing = ticks.every(SECOND, "task", () -> fail("exception"));
        for (int i = 0; i < 400; i++) {
            pass(SECOND);
            failing.come();
        }
        pass(Duration.ofHours(1));
        assertFalse(ticks.areStalled());
        assertFalse(ticks.hang());
    }

    @Test
    void a_task_that_rests_is_left_out_and_is_neither_late_nor_quiet() {
        Tick tick = ticks.every(SECOND, "task", runs::incrementAndGet, Tick.Trait.FINISHES_ROWS);
        tick.rest(Duration.ofMinutes(2));
        for (int i = 0; i < 119; i++) {
            passUnderTheWatch(SECOND);
            tick.come();
        }
        assertEquals(0, runs.get());
        assertFalse(ticks.areStalled());
        passUnderTheWatch(SECOND);
        tick.come();
        assertEquals(1, runs.get());
        assertEquals(0, counted("tallyhook.tick.late"));
    }

    @Test
    void those_of_a_kind_rest_and_the_others_come() {
        Tick aside = ticks.every(SECOND, "aside", runs::incrementAndGet, Tick.Trait.WRITES_ASIDE);
        Tick other = ticks.every(SECOND, "other", () -> runs.addAndGet(10));
        ticks.rest(Tick.Trait.WRITES_ASIDE, Duration.ofSeconds(3));
        for (int i = 0; i < 3; i++) {
            aside.come();
            other.come();
            passUnderTheWatch(SECOND);
        }
        assertEquals(30, runs.get());
        aside.come();
        assertEquals(31, runs.get());
    }

    @Test
    void the_watch_survives_whatever_happens_to_it() {
        // A clock that fails stands for everything that can go wrong while it looks.
        var wrong = new boolean[] {false};
        var failing = new Ticks(new SimpleMeterRegistry(), () -> {
            if (wrong[0]) {
                throw new OutOfMemoryError("thrown by the test");
            }
            return nanos.get();
        });
        failing.every(SECOND, "task", runs::incrementAndGet).come();
        wrong[0] = true;
        failing.look();
        failing.look();
        assertEquals(1, traces.get(), "told once");
        wrong[0] = false;
        for (int i = 0; i < 10; i++) {
            pass(Duration.ofMillis(250));
            failing.look();
        }
        await().until(() -> runs.get() == 2);
        failing.stop(new ShutdownEvent());
    }

    @Test
    void nothing_comes_after_a_stop() {
        Tick tick = ticks.every(SECOND, "task", runs::incrementAndGet);
        ticks.stop(new ShutdownEvent());
        tick.come();
        passUnderTheWatch(Duration.ofSeconds(10));
        assertEquals(0, runs.get());
    }
}
