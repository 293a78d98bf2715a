package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoopsTest {

    private static final String HOST = "shop.test";
    private static final int SECONDS_MAX = 30;

    private final Vertx vertx = Vertx.vertx();
    private final Loops loops =
            new Loops(vertx, () -> new Clients(vertx, TellingSettings.with("allow-http", "true"), Optional.empty()));

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    private List<Loops.Loop> take(int number) {
        return Stream.generate(() -> loops.take(HOST)).limit(number).toList();
    }

    private static long most(List<Loops.Loop> taken) {
        return taken.stream().collect(Collectors.groupingBy(loop -> loop, Collectors.counting())).values().stream()
                .mapToLong(Long::longValue)
                .max()
                .orElseThrow();
    }

    private <T> T on(Loops.Loop loop, Supplier<T> task) throws Exception {
        var done = new CompletableFuture<T>();
        loop.context().runOnContext(go -> done.complete(task.get()));
        return done.get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Test
    void each_loop_has_connections_of_its_own() {
        assertEquals(2, loops.each().size());
        assertNotSame(loops.each().get(0).clients(), loops.each().get(1).clients());
        assertNotSame(loops.each().get(0).context(), loops.each().get(1).context());
    }

    @Test
    void what_is_little_stays_on_one_loop_whoever_sends_it() throws Exception {
        Loops.Loop home = loops.take(HOST);
        for (Loops.Loop loop : loops.each()) {
            assertSame(home, on(loop, () -> loops.take(HOST)));
        }
        assertEquals(List.of(home, home, home, home, home), take(5));
    }

    @Test
    void one_after_the_other_goes_on_the_same_connection() {
        Loops.Loop first = loops.take(HOST);
        for (int i = 0; i < 100; i++) {
            loops.leave(HOST, first);
            assertSame(first, loops.take(HOST));
        }
    }

    @Test
    void of_what_is_much_each_loop_has_half() {
        assertEquals(32, most(take(64)));
    }

    @Test
    void hosts_do_not_count_together() {
        take(64);
        List<Loops.Loop> others =
                Stream.generate(() -> loops.take("other.test")).limit(8).toList();
        assertEquals(8, most(others));
    }

    @Test
    void the_next_one_stays_where_the_last_one_ended_unless_the_other_loop_has_much_less() throws Exception {
        List<Loops.Loop> taken = new ArrayList<>(take(64));
        Map<Boolean, List<Loops.Loop>> byLoop = taken.stream().collect(Collectors.partitioningBy(taken.get(0)::equals));
        Loops.Loop here = byLoop.get(true).get(0);
        Loops.Loop there = byLoop.get(false).get(0);
        for (int more = 0; more < 8; more++) {
            assertSame(here, on(here, () -> loops.take(HOST)), "with " + more + " more");
        }
        assertSame(there, on(here, () -> loops.take(HOST)));
    }

    @Test
    void what_is_over_counts_no_longer() {
        List<Loops.Loop> first = take(64);
        first.forEach(loop -> loops.leave(HOST, loop));
        assertEquals(first, take(64));
        assertTrue(first.subList(0, 8).stream().allMatch(first.get(0)::equals));
    }
}
