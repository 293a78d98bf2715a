package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.LogLines;
import dev.tallyhook.Webhooks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class GroupWriterTest {

    private final LogLines log = new LogLines("dev.tallyhook.intake");
    private Predicate<List<Webhook>> locked = webhooks -> false;
    private final GroupWriter writer = new GroupWriter(
            new LedgerWriter(new PGSimpleDataSource(), () -> Duration.ZERO) {
                @Override
                List<Receipt> write(List<Webhook> webhooks) throws SQLException {
                    if (locked.test(webhooks)) {
                        throw new SQLException("canceling statement due to lock timeout", "55P03");
                    }
                    return Collections.nCopies(webhooks.size(), Receipt.ACCEPTED);
                }
            },
            new IntakeMetrics(new SimpleMeterRegistry()));

    @AfterEach
    void stopListening() {
        log.close();
    }

    @Test
    void an_id_that_another_session_holds_is_told_of() throws InterruptedException {
        List<Pending> group = group(3);
        Webhook held = group.get(1).webhook();
        locked = webhooks -> webhooks.contains(held);
        writer.write(group);
        assertEquals(1, log.with("cannot be stored"), log::toString);
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    @Test
    void an_id_that_is_held_and_sent_again_is_no_outage() throws InterruptedException {
        locked = webhooks -> true;
        List<Pending> group = group(1);
        writer.write(group);
        writer.write(List.of(new Pending(group.get(0).webhook(), System.nanoTime(), new CompletableFuture<>())));
        assertEquals(2, log.with("cannot be stored"), log::toString);
        assertEquals(0, log.with("takes no webhooks"), log::toString);
    }

    /** The rows that still met it are no more the reason than those that came later. */
    @Test
    void a_lock_of_the_table_that_ends_in_the_midst_of_a_group_is_no_single_rows_matter() throws InterruptedException {
        locked = webhooks -> true;
        writer.write(group(3));
        assertEquals(1, log.with("takes no webhooks"), log::toString);

        List<Pending> group = group(3);
        Webhook last = group.get(2).webhook();
        locked = webhooks -> !webhooks.equals(List.of(last));
        writer.write(group);

        assertTrue(group.get(0).receipt().isCompletedExceptionally());
        assertTrue(group.get(1).receipt().isCompletedExceptionally());
        assertEquals(Receipt.ACCEPTED, group.get(2).receipt().join());
        assertEquals(1, log.with("takes webhooks again"), log::toString);
        assertEquals(0, log.with("cannot be stored"), log::toString);
    }

    private static List<Pending> group(int size) {
        return Stream.generate(() -> new Webhook(Webhooks.newId(), "acc", "to", BigDecimal.ONE, "INR"))
                .limit(size)
                .map(webhook -> new Pending(webhook, System.nanoTime(), new CompletableFuture<>()))
                .toList();
    }
}
