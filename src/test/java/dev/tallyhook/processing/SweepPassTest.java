package dev.tallyhook.processing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SweepPassTest {

    private static final OffsetDateTime BEGIN = OffsetDateTime.parse("2026-01-01T00:00:00Z");
    private static final OffsetDateTime NOW = OffsetDateTime.parse("2026-01-03T00:00:00Z");

    private final TreeSet<OffsetDateTime> waiting = new TreeSet<>();
    private final Set<OffsetDateTime> damaged = new TreeSet<>();
    private int statements;

    private Due.Batch finish(OffsetDateTime watermark, int size) throws SQLException {
        statements++;
        List<OffsetDateTime> batch =
                waiting.tailSet(watermark, false).stream().limit(size).toList();
        if (batch.stream().anyMatch(damaged::contains)) {
            throw new UnreadableException(new SQLException("invalid page", "XX001"), NOW);
        }
        batch.forEach(waiting::remove);
        return new Due.Batch(
                batch.size(),
                batch.size() == size,
                batch.isEmpty() ? watermark : batch.get(batch.size() - 1).minus(1, ChronoUnit.MICROS));
    }

    private SweepPass pass() {
        return new SweepPass(this::finish, 100, batch -> {}, () -> false, true);
    }

    private static OffsetDateTime due(int second) {
        return BEGIN.plusSeconds(second);
    }

    @Test
    void what_lies_before_and_behind_a_damaged_page_is_finished_and_the_pass_fails_at_its_end() {
        waiting.addAll(IntStream.range(0, 5_000).mapToObj(SweepPassTest::due).toList());
        damaged.addAll(
                IntStream.range(2_000, 2_030).mapToObj(SweepPassTest::due).collect(Collectors.toSet()));
        for (OffsetDateTime from : List.of(DueTransactions.FROM_THE_BEGINNING, BEGIN.minusDays(1))) {
            assertThrows(UnreadableException.class, () -> pass().goThrough(from));
            assertEquals(damaged, waiting);
        }
        assertTrue(statements < 2_500, statements + " statements");
    }

    @Test
    void what_is_whole_lets_a_pass_end_well() throws SQLException {
        waiting.addAll(IntStream.range(0, 250).mapToObj(SweepPassTest::due).toList());
        assertEquals(false, pass().goThrough(DueTransactions.FROM_THE_BEGINNING));
        assertEquals(Set.of(), waiting);
        assertEquals(3, statements);
    }

    @Test
    void where_nothing_can_be_read_a_pass_gives_up() {
        var nothing = new SweepPass(
                (watermark, size) -> {
                    statements++;
                    throw new UnreadableException(new SQLException("invalid index", "XX002"), NOW);
                },
                1_000,
                batch -> {},
                () -> false,
                true);
        assertThrows(UnreadableException.class, () -> nothing.goThrough(DueTransactions.FROM_THE_BEGINNING));
        assertTrue(statements < 100, statements + " statements");
    }

    /** Such as one shard of many. */
    @Test
    void a_part_that_fails_keeps_nothing_of_the_others_and_the_pass_fails_at_its_end() {
        waiting.addAll(IntStream.range(0, 250).mapToObj(SweepPassTest::due).toList());
        var refused = new SQLException("no", "P0001");
        var pass = new SweepPass(
                (watermark, size) -> {
                    Due.Batch others = finish(watermark, size);
                    return new Due.Batch(
                            others.count(), others.isFull(), watermark, others.count() == size ? refused : null);
                },
                100,
                batch -> {},
                () -> false,
                true);
        assertSame(refused, assertThrows(SQLException.class, () -> pass.goThrough(BEGIN.minusDays(1))));
        assertEquals(Set.of(), waiting);
        assertEquals(3, statements);
    }

    /** Where parts of a ledger are swept together, the way around leads through one of them alone. */
    @Test
    void a_pass_that_is_not_to_go_around_ends_at_what_cannot_be_read() {
        waiting.addAll(IntStream.range(0, 250).mapToObj(SweepPassTest::due).toList());
        damaged.add(due(150));
        var pass = new SweepPass(this::finish, 100, batch -> {}, () -> false, false);
        assertThrows(UnreadableException.class, () -> pass.goThrough(BEGIN.minusDays(1)));
        assertEquals(2, statements);
        assertEquals(150, waiting.size());
    }
}
