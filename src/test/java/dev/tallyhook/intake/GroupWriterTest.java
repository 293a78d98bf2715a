package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.LogLines;
import dev.tallyhook.Webhooks;
import dev.tallyhook.problem.ProblemException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GroupWriterTest {

    private static final String OUT_OF_IDS = "54000";
    private static final String LOCKED = "55P03";
    private static final String DAMAGED = "XX002";

    private final LogLines log = new LogLines("dev.tallyhook.intake");

    /** The SQLSTATE with which a statement for these webhooks fails, or null. */
    private Function<List<Webhook>, String> failing = webhooks -> null;

    /** That of the trial. */
    private String trialFailing;

    private int writes;
    private int trials;
    private final LatestNews news = new LatestNews(() -> {});
    private final GroupWriter writer = new GroupWriter(
            new Ledger() {
                @Override
                public List<Receipt> write(List<Webhook> webhooks) throws SQLException {
                    writes++;
                    failWith(failing.apply(webhooks));
                    return Collections.nCopies(webhooks.size(), Receipt.ACCEPTED);
                }

                @Override
                public void tryOut(int rows) throws SQLException {
                    trials++;
                    failWith(trialFailing);
                }

                @Override
                public void ask() throws SQLException {
                    tryOut(1);
                }
            },
            new IntakeMetrics(new SimpleMeterRegistry()),
            news);

    private static void failWith(@Nullable String state) throws SQLException {
        if (state != null) {
            throw new SQLException("it fails", state);
        }
    }

    @AfterEach
    void stopListening() {
        log.close();
    }

    @Test
    void an_id_that_another_session_holds_is_told_of() throws InterruptedException {
        List<Pending> group = group(3);
        Webhook held = group.get(1).webhooks().get(0);
        failing = webhooks -> webhooks.contains(held) ? LOCKED : null;
        writer.write(group);
        assertEquals(List.of(202, 503, 202), statuses(group));
        assertEquals(1, log.with("cannot be stored"), log::toString);
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void an_id_that_is_held_and_sent_again_is_no_outage() throws InterruptedException {
        failing = webhooks -> LOCKED;
        List<Pending> group = group(1);
        writer.write(group);
        writer.write(List.of(new Pending(group.get(0).webhooks(), System.nanoTime(), new CompletableFuture<>())));
        assertEquals(2, log.with("cannot be stored"), log::toString);
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void a_lock_of_the_table_is_no_single_rows_matter() throws InterruptedException {
        failing = webhooks -> LOCKED;
        trialFailing = LOCKED;
        for (int i = 0; i < 5; i++) {
            writer.write(group(3));
        }
        assertEquals(5, writes, "no row is tried alone");
        assertEquals(1, log.with("takes no webhooks"), log::toString);

        failing = webhooks -> null;
        writer.write(group(3));
        assertEquals(1, log.with("takes webhooks again"), log::toString);
        assertEquals(0, log.with("cannot be stored"), log::toString);
    }

    @Test
    void what_nobody_can_store_is_answered_503_without_trying_each_row_and_told_once() throws InterruptedException {
        failing = webhooks -> OUT_OF_IDS;
        trialFailing = OUT_OF_IDS;
        List<Pending> first = group(256);
        writer.write(first);
        assertEquals(Collections.nCopies(256, 503), statuses(first));
        assertEquals(3, writes, "the group, and twice again");
        assertEquals(1, trials);
        for (int i = 0; i < 5; i++) {
            writer.write(group(256));
        }
        assertEquals(3 + 5, writes, "the group once, while it is known");
        assertEquals(1, log.with("takes no webhooks"), log::toString);
        assertEquals(1, log.lines(), log::toString);
        assertFalse(news.ask().toCompletableFuture().join());
    }

    @Test
    void a_trial_ends_an_outage_with_nobody_sending() throws InterruptedException {
        failing = webhooks -> OUT_OF_IDS;
        trialFailing = OUT_OF_IDS;
        writer.write(group(1));
        writer.ask();
        assertTrue(writer.isUnsure(), "it is to be tried again");
        assertEquals(0, log.with("takes webhooks again"), log::toString);
        trialFailing = null;
        writer.ask();
        assertFalse(writer.isUnsure());
        assertEquals(1, log.with("takes webhooks again"), log::toString);
        assertTrue(news.ask().toCompletableFuture().join());
    }

    /** As when a connection is cut and the next one is mute: senders are answered after 400 ms, whatever the writer does. */
    @Test
    void whoever_asks_hears_of_a_failure_too_whose_senders_were_all_answered_before_the_next_try() throws Exception {
        List<Pending> group = group(1);
        failing = webhooks -> {
            if (writes == 2) {
                group.get(0).receipts().completeOnTimeout(List.of(), 10, TimeUnit.MILLISECONDS);
            }
            return "57P01";
        };
        trialFailing = "57P01";
        var answer = news.ask().toCompletableFuture();
        writer.write(group);
        assertFalse(news.isWanted());
        assertFalse(answer.join());
        assertTrue(writer.isUnsure(), "it is to be tried again");
    }

    @Test
    void a_row_that_breaks_a_rule_of_the_database_is_answered_500_and_its_neighbours_202() throws InterruptedException {
        List<Pending> group = group(4);
        Webhook bad = group.get(0).webhooks().get(0);
        failing = webhooks -> webhooks.contains(bad) ? "23514" : null;
        writer.write(group);
        assertEquals(List.of(500, 202, 202, 202), statuses(group));
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    /** Each statement is a commit, and senders wait: one for each row of a large group would take too long. */
    @Test
    void a_bad_row_is_found_by_halving() throws InterruptedException {
        List<Pending> group = group(256);
        Webhook bad = group.get(100).webhooks().get(0);
        failing = webhooks -> webhooks.contains(bad) ? "22000" : null;
        writer.write(group);
        List<Integer> statuses = statuses(group);
        assertEquals(500, statuses.get(100));
        assertEquals(255, Collections.frequency(statuses, 202));
        assertEquals(1 + 2 * 8, writes, "the group, and two halves at each of eight levels");
    }

    /** Each statement that meets the lock waits for it. */
    @Test
    void a_row_that_another_session_holds_is_met_twice() throws InterruptedException {
        List<Pending> group = group(256);
        Webhook held = group.get(100).webhooks().get(0);
        int[] met = {0};
        failing = webhooks -> {
            met[0] += webhooks.contains(held) ? 1 : 0;
            return webhooks.contains(held) ? LOCKED : null;
        };
        writer.write(group);
        assertEquals(255, Collections.frequency(statuses(group), 202));
        assertEquals(2, met[0]);
    }

    /** Such as a conflict where the table of conflicts is gone: what is everybody's by its SQLSTATE may still be one row's. */
    @Test
    void a_missing_privilege_that_only_one_row_needs_costs_only_that_row() throws InterruptedException {
        List<Pending> group = group(4);
        Webhook conflicting = group.get(2).webhooks().get(0);
        failing = webhooks -> webhooks.contains(conflicting) ? "42501" : null;
        writer.write(group);
        assertEquals(List.of(202, 202, 503, 202), statuses(group));
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void a_rule_that_refuses_every_row_is_everybodys() throws InterruptedException {
        failing = webhooks -> "23502";
        trialFailing = "23502";
        List<Pending> group = group(100);
        writer.write(group);
        assertEquals(Collections.nCopies(100, 503), statuses(group));
        assertEquals(1, writes);
        assertEquals(1, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void a_damaged_page_costs_a_few_statements_and_not_one_for_each_row() throws InterruptedException {
        failing = webhooks -> DAMAGED;
        List<Pending> group = group(256);
        writer.write(group);
        assertEquals(Collections.nCopies(256, 503), statuses(group));
        assertTrue(writes + trials < 30, writes + " writes and " + trials + " trials");
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void a_state_that_nobody_knows_is_tried_alone_and_answered_500() throws InterruptedException {
        List<Pending> group = group(3);
        Webhook odd = group.get(1).webhooks().get(0);
        failing = webhooks -> webhooks.contains(odd) ? "ZZ123" : null;
        writer.write(group);
        assertEquals(List.of(202, 500, 202), statuses(group));
    }

    private static List<Integer> statuses(List<Pending> group) {
        return group.stream()
                .map(pending -> pending.receipts()
                        .handle((receipt, failure) -> failure == null ? 202 : ((ProblemException) failure).status())
                        .join())
                .toList();
    }

    private static List<Pending> group(int size) {
        return Stream.generate(() -> new Webhook(Webhooks.newId(), "acc", "to", BigDecimal.ONE, "INR"))
                .limit(size)
                .map(webhook -> new Pending(List.of(webhook), System.nanoTime(), new CompletableFuture<>()))
                .toList();
    }
}
