package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.endpoint.EventKind;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppetiteTest {

    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private static final OffsetDateTime GIVEN_BACK = OffsetDateTime.parse("2026-01-01T11:00:00Z");

    private final Appetite appetite = new Appetite(32);

    private static Parcel row(boolean replay, int messages, Instant nextAt) {
        return new Parcel(
                1,
                "shop",
                EventKind.PROCESSED,
                Collections.nCopies(messages, "id"),
                replay,
                nextAt.atOffset(ZoneOffset.UTC),
                0,
                OffsetDateTime.MAX,
                0);
    }

    private static List<Parcel> rows(int count, int messages) {
        return Collections.nCopies(count, row(false, messages, NOW));
    }

    private List<Queue.Want> wants(int allowed, int freshOnes, int againOnes) {
        return appetite.wants("shop", allowed, freshOnes, againOnes, false);
    }

    private static OffsetDateTime floor(List<Queue.Want> wants) {
        return wants.get(0).floor();
    }

    @Test
    void it_wants_sixteen_times_what_may_be_under_way_of_new_ones_and_of_those_that_are_sent_again() {
        assertEquals(
                List.of(
                        new Queue.Want("shop", false, 16, Queue.FROM_THE_BEGINNING),
                        new Queue.Want("shop", true, 16, Queue.FROM_THE_BEGINNING)),
                wants(1, 0, 0));
    }

    @Test
    void while_enough_is_claimed_it_wants_nothing_and_while_new_ones_wait_none_again() {
        assertEquals(List.of(), wants(1, 8, 0));
        assertEquals(List.of(new Queue.Want("shop", false, 9, Queue.FROM_THE_BEGINNING)), wants(1, 7, 0));
        assertEquals(List.of(new Queue.Want("shop", false, 16, Queue.FROM_THE_BEGINNING)), wants(1, 0, 8));
    }

    @Test
    void on_trial_it_wants_one_row() {
        assertEquals(
                1,
                appetite.wants("shop", 1, 0, 0, true).stream()
                        .filter(want -> !want.replay())
                        .mapToInt(Queue.Want::room)
                        .sum());
    }

    @Test
    void it_wants_fewer_rows_when_they_have_many_messages_and_never_more_than_32() {
        assertEquals(32, wants(64, 0, 0).get(0).room());
        for (int i = 0; i < 40; i++) {
            appetite.claimed(rows(1, 100), NOW);
            wants(64, 0, 0);
        }
        assertEquals(11, wants(64, 0, 0).get(0).room());
    }

    /** A backlog stands in rows of 250, and a replica that has just started must not take all of it into its memory. */
    @Test
    void it_wants_few_rows_at_first_and_more_while_there_are_and_the_first_long_one_is_remembered() {
        var careful = new Appetite(2);
        for (int room : new int[] {2, 4, 8, 16, 32, 32}) {
            assertEquals(room, careful.wants("shop", 64, 0, 0, false).get(0).room());
            careful.claimed(rows(room, 1), NOW);
        }
        careful.wants("shop", 64, 0, 0, false);
        careful.claimed(rows(31, 1), NOW);
        assertEquals(2, careful.wants("shop", 64, 0, 0, false).get(0).room());
        wants(64, 0, 0);
        appetite.claimed(rows(1, 250), NOW);
        assertEquals(5, wants(64, 0, 0).get(0).room());
    }

    @Test
    void a_look_from_the_beginning_that_fails_is_tried_again_but_not_if_it_took_too_long() {
        wants(4, 0, 0);
        appetite.claimed(rows(1, 1), NOW);
        appetite.oweLook();
        wants(4, 0, 0);
        assertEquals(Queue.FROM_THE_BEGINNING, floor(wants(4, 0, 0)));
        appetite.tookTooLong(NOW.plusSeconds(60));
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), floor(wants(4, 0, 0)));
    }

    /** Else a replica that starts while that is so would tell nothing at all. */
    @Test
    void if_the_first_look_takes_too_long_it_tells_what_is_new() {
        wants(4, 0, 0);
        appetite.tookTooLong(NOW);
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), floor(wants(4, 0, 0)));
    }

    @Test
    void it_is_hungry_only_after_a_claim_that_was_full() {
        assertFalse(appetite.isHungry(4, 0, 0), "nobody has looked");
        wants(1, 0, 0);
        appetite.claimed(rows(16, 1), NOW);
        assertTrue(appetite.isHungry(1, 0, 0));
        assertFalse(appetite.isHungry(1, 8, 0), "enough waits");
        assertFalse(appetite.isHungry(0, 0, 0), "nothing may be under way");
        wants(1, 0, 0);
        appetite.claimed(rows(15, 1), NOW);
        assertFalse(appetite.isHungry(1, 0, 0));
    }

    @Test
    void what_is_seen_is_not_looked_at_again_but_for_what_may_still_commit() {
        wants(4, 0, 0);
        appetite.claimed(rows(1, 1), NOW);
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), floor(wants(4, 0, 0)));
    }

    @Test
    void a_look_from_the_beginning_is_one() {
        wants(4, 0, 0);
        appetite.claimed(rows(1, 1), NOW);
        appetite.oweLook();
        wants(4, 100, 0);
        assertEquals(Queue.FROM_THE_BEGINNING, floor(wants(4, 0, 0)), "as soon as there is room");
        appetite.claimed(List.of(), NOW);
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), floor(wants(4, 0, 0)));
    }

    @Test
    void what_was_given_back_is_looked_for_from_its_time_on() {
        wants(4, 0, 0);
        appetite.claimed(rows(1, 1), NOW);
        appetite.lookAgain(GIVEN_BACK);
        appetite.lookAgain(GIVEN_BACK.plusMinutes(1));
        assertEquals(GIVEN_BACK.minusNanos(1_000), floor(wants(4, 0, 0)));
        appetite.claimed(List.of(), NOW);
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), floor(wants(4, 0, 0)), "it has been looked for");
    }

    /** It may have looked before what was given back was there. */
    @Test
    void and_so_it_is_when_it_was_given_back_while_a_claim_was_under_way() {
        wants(4, 0, 0);
        appetite.lookAgain(GIVEN_BACK);
        appetite.claimed(rows(1, 1), NOW);
        assertEquals(GIVEN_BACK.minusNanos(1_000), floor(wants(4, 0, 0)));
    }

    @Test
    void of_those_that_are_sent_again_the_floor_is_another_one() {
        wants(1, 0, 0);
        appetite.claimed(Collections.nCopies(16, row(true, 1, NOW.minusSeconds(900))), NOW);
        List<Queue.Want> next = wants(4, 0, 0);
        assertEquals(NOW.minusSeconds(5).atOffset(ZoneOffset.UTC), next.get(0).floor());
        assertTrue(next.get(1).floor().isBefore(NOW.minusSeconds(900).atOffset(ZoneOffset.UTC)));
        assertTrue(next.get(1).floor().isAfter(NOW.minusSeconds(901).atOffset(ZoneOffset.UTC)));
    }

    /** A row of the queue as those see it who look. */
    private record Queued(int nextAtMillis, int committedAtMillis) {}

    /**
     * Rows get their times as they are written, and are seen up to 5 s later. A claim has what is committed and due and above its floor,
     * longest due first, and takes a while itself.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void nothing_that_commits_within_5_s_is_missed(int seed) {
        var random = new Random(seed);
        List<Queued> table = new ArrayList<>(IntStream.range(0, 2_000)
                .mapToObj(i -> {
                    int nextAt = random.nextInt(60_000);
                    return new Queued(nextAt, nextAt + random.nextInt(random.nextInt(50) == 0 ? 5_000 : 50));
                })
                .sorted(Comparator.comparingInt(Queued::nextAtMillis))
                .toList());
        int now = 0;
        while (now < 70_000) {
            int before = now;
            List<Queue.Want> wants = wants(4, random.nextInt(4), 9);
            now += random.nextInt(20);
            int seen = now;
            List<Queued> found = table.stream()
                    .filter(row -> row.committedAtMillis() <= seen && row.nextAtMillis() <= seen)
                    .filter(row ->
                            at(row.nextAtMillis()).atOffset(ZoneOffset.UTC).isAfter(floor(wants)))
                    .limit(wants.get(0).room())
                    .toList();
            table.removeAll(found);
            now += random.nextInt(random.nextInt(10) == 0 ? 1_000 : 20);
            appetite.claimed(
                    found.stream()
                            .map(row -> row(false, 1, at(row.nextAtMillis())))
                            .toList(),
                    at(before));
        }
        assertEquals(List.of(), table);
    }

    private static Instant at(int millis) {
        return NOW.plusMillis(millis);
    }
}
