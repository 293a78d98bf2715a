package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NarrowingTest {

    private static final OffsetDateTime EARLIER = OffsetDateTime.parse("2026-01-01T00:00:00Z");
    private static final OffsetDateTime LATER = EARLIER.plusSeconds(1);
    private final SQLException failure = new SQLException("no", "P0001");

    private final SteppedOver steppedOver = new SteppedOver(new ProcessingMetrics(new SimpleMeterRegistry()));
    private final FakeRows rows = new FakeRows();
    private long now;
    private final Refusals refusals = new Refusals(Duration.ofSeconds(10), () -> now);
    private final Narrowing narrowing = new Narrowing(rows, steppedOver, refusals);

    private static final class FakeRows implements Narrowing.Rows {

        private final Set<String> waiting = new LinkedHashSet<>();
        private Set<String> refused = Set.of();
        private SQLException refusal = new SQLException("no", "P0001");
        private Set<String> held = Set.of();
        private @Nullable SQLException trial;
        private @Nullable SQLException unreadable;
        private int statements;

        @Override
        public void tryOut() throws SQLException {
            statements++;
            if (trial != null) {
                throw trial;
            }
        }

        @Override
        public OffsetDateTime now() {
            return LATER;
        }

        @Override
        public List<String> due(OffsetDateTime watermark, int batchSize) throws SQLException {
            if (unreadable != null) {
                throw unreadable;
            }
            return waiting.stream().limit(batchSize).toList();
        }

        @Override
        public List<String> waiting(List<String> ids) {
            return ids.stream().filter(waiting::contains).toList();
        }

        @Override
        public Due.Batch finish(List<String> ids, OffsetDateTime watermark) throws SQLException {
            statements++;
            if (ids.stream().anyMatch(refused::contains)) {
                throw refusal;
            }
            List<String> free = ids.stream().filter(id -> !held.contains(id)).toList();
            waiting.removeAll(free);
            return new Due.Batch(free.size(), false, LATER);
        }
    }

    private static Set<String> ids(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "id_" + i).collect(Collectors.toSet());
    }

    @Test
    void all_are_finished_but_those_to_blame_which_are_stepped_over_until_it_is_their_turn() throws SQLException {
        rows.waiting.addAll(ids(0, 1_000));
        rows.refused = ids(500, 505);
        var batch = narrowing.finish(EARLIER, 2_000, failure);
        assertEquals(new Due.Batch(995, false, LATER), batch);
        assertEquals(rows.refused, rows.waiting);
        assertEquals(rows.refused, Set.copyOf(steppedOver.ids()));
        assertEquals(0, narrowing.tryAgain(steppedOver.whoseTurnItIs(), Narrowing.again()), "it is not their turn");
    }

    @Test
    void trying_again_costs_so_many_statements_in_all_parts_of_a_ledger_together() {
        rows.waiting.addAll(ids(0, 1_000));
        rows.refused = ids(0, 1_000);
        List<String> half = List.copyOf(ids(0, 500));
        List<String> other = List.copyOf(ids(500, 1_000));
        Narrowing.Effort effort = Narrowing.again();
        assertEquals(0, narrowing.tryAgain(half, effort));
        assertEquals(16, rows.statements);
        assertEquals(0, narrowing.tryAgain(other, effort));
        assertEquals(16, rows.statements, "nothing is left for another");
        rows.refused = Set.of();
        assertEquals(500, narrowing.tryAgain(other, Narrowing.again()));
    }

    @Test
    void once_the_database_is_away_nothing_more_is_tried_again() {
        rows.waiting.addAll(ids(0, 1_000));
        rows.refused = ids(0, 500);
        rows.refusal = new SQLException("gone", "57P01");
        Narrowing.Effort effort = Narrowing.again();
        assertEquals(0, narrowing.tryAgain(List.copyOf(ids(0, 500)), effort));
        assertEquals(0, narrowing.tryAgain(List.copyOf(ids(500, 1_000)), effort));
        assertEquals(1, rows.statements);
    }

    @Test
    void where_a_row_that_is_nobodys_is_refused_too_it_is_no_rows_fault_and_nothing_more_is_tried() {
        rows.waiting.addAll(ids(0, 1_000));
        rows.trial = failure;
        assertThrows(SQLException.class, () -> narrowing.finish(EARLIER, 1_000, failure));
        assertEquals(1, rows.statements);
        assertEquals(List.of(), steppedOver.ids());
    }

    @Test
    void
            where_all_but_that_row_are_refused_it_ends_after_a_number_of_statements_and_once_there_are_too_many_for_good() {
        rows.waiting.addAll(ids(0, 20_000));
        rows.refused = ids(0, 20_000);
        while (!steppedOver.isFull()) {
            rows.waiting.removeAll(steppedOver.ids());
            int before = rows.statements;
            assertThrows(SQLException.class, () -> narrowing.finish(EARLIER, 1_000, failure));
            assertTrue(rows.statements - before < 150, rows.statements - before + " statements");
        }
        int before = rows.statements;
        assertSame(failure, assertThrows(SQLException.class, () -> narrowing.finish(EARLIER, 1_000, failure)));
        assertEquals(before, rows.statements);
    }

    @Test
    void one_that_was_skipped_because_another_session_holds_it_is_not_over() throws SQLException {
        rows.waiting.addAll(ids(0, 3));
        rows.refused = ids(0, 1);
        narrowing.finish(EARLIER, 9, failure);
        assertEquals(List.of("id_0"), steppedOver.ids());
        rows.refused = Set.of();
        rows.held = ids(0, 1);
        narrowing.finish(EARLIER, 9, failure);
        assertEquals(List.of("id_0"), steppedOver.ids());
        rows.held = Set.of();
        narrowing.finish(EARLIER, 9, failure);
        assertEquals(List.of(), steppedOver.ids());
    }

    @Test
    void a_failure_of_the_database_is_nothing_to_narrow() {
        var away = new SQLException("gone", "57P01");
        assertSame(away, assertThrows(SQLException.class, () -> narrowing.finish(EARLIER, 1_000, away)));
        assertEquals(0, rows.statements);
    }

    @Test
    void what_cannot_be_read_is_told_with_the_clock_of_before() {
        rows.unreadable = new SQLException("invalid page", "XX001");
        var unreadable = assertThrows(
                UnreadableException.class,
                () -> narrowing.finish(EARLIER, 1_000, new SQLException("invalid page", "XX001")));
        assertEquals(LATER, unreadable.now());
    }

    private boolean refusesWhatever(SQLException failure) {
        for (int i = 0; i < 3; i++) {
            assertThrows(SQLException.class, () -> narrowing.finish(EARLIER, 1_000, failure));
            now += Duration.ofSeconds(6).toNanos();
        }
        return refusals.goOn();
    }

    @Test
    void that_any_row_would_be_refused_is_noted() {
        rows.waiting.addAll(ids(0, 10));
        rows.trial = failure;
        assertTrue(refusesWhatever(failure));
    }

    /** A trigger may do what this role must not. */
    @Test
    void that_the_statement_is_not_allowed_is_noted() {
        assertTrue(refusesWhatever(new SQLException("permission denied", "42501")));
    }

    @Test
    void that_the_database_is_away_is_not_noted() {
        assertFalse(refusesWhatever(new SQLException("gone", "08006")));
        rows.trial = new SQLException("gone", "57P01");
        assertFalse(refusesWhatever(failure));
    }

    /** More than one batch can be narrowed for. */
    @Test
    void that_many_rows_are_refused_and_one_that_stands_for_any_is_not_is_not_noted() {
        rows.waiting.addAll(ids(0, 900));
        rows.refused = ids(0, 900);
        assertFalse(refusesWhatever(failure));
    }
}
