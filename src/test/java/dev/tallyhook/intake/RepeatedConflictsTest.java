package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.delivery.Telling;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Senders retry what was answered 409 for days: one content is one row, however often and by whichever way it comes. */
@QuarkusTest
class RepeatedConflictsTest {

    private static final int ATTEMPTS = 1_000;

    private static final int GROUPS = 50;

    private static final int WRITERS = 4;

    @Inject
    LedgerWriter ledger;

    @Inject
    Telling telling;

    @Inject
    DataSource dataSource;

    private final String id = Webhooks.newId();

    private static Webhook webhook(String id, String source, String amount) {
        return new Webhook(id, source, "to", new BigDecimal(amount), "INR");
    }

    @Test
    void a_thousand_times_the_same_in_and_across_groups_is_one_row_with_a_thousand_attempts() throws SQLException {
        ledger.write(List.of(webhook(id, "acc", "1")));
        List<Receipt> receipts = new ArrayList<>();
        for (int group = 0; group < GROUPS; group++) {
            receipts.addAll(ledger.write(IntStream.range(0, ATTEMPTS / GROUPS)
                    .mapToObj(i -> webhook(id, "acc", i % 2 == 0 ? "1500.5" : "1500.50"))
                    .toList()));
        }
        List<Receipt> wanted = new ArrayList<>(Collections.nCopies(ATTEMPTS, Receipt.CONFLICTING_AGAIN));
        wanted.set(0, Receipt.CONFLICTING);
        assertEquals(wanted, receipts);
        assertEquals("1 rows, 1000 attempts", recorded(id));
    }

    @Test
    void the_first_time_stays_and_the_last_one_moves() throws SQLException {
        ledger.write(List.of(webhook(id, "acc", "1")));
        assertEquals(
                List.of(Receipt.CONFLICTING, Receipt.CONFLICTING_AGAIN),
                ledger.write(List.of(webhook(id, "acc", "2.0"), webhook(id, "acc", "2"))));
        Statements.execute(dataSource, """
                UPDATE conflicts SET received_at = '2025-01-01Z', last_received_at = '2025-01-02Z'
                WHERE transaction_id = '%s'""".formatted(id));
        assertEquals(List.of(Receipt.CONFLICTING_AGAIN), ledger.write(List.of(webhook(id, "acc", "2.00"))));
        assertEquals("true", text("""
                SELECT attempts = 3 AND received_at = '2025-01-01Z' AND last_received_at > now() - interval '1 minute'
                FROM conflicts WHERE transaction_id = '%s'""".formatted(id)));
    }

    @Test
    void other_contents_are_rows_of_their_own() throws SQLException {
        ledger.write(List.of(webhook(id, "acc", "1")));
        List<Webhook> others = List.of(
                webhook(id, "acc", "2"),
                webhook(id, "a", "1"),
                new Webhook(id, "acc", "t", BigDecimal.ONE, "INR"),
                new Webhook(id, "acc", "to", BigDecimal.ONE, "USD"),
                // Which say the same if they are only put together.
                new Webhook(id, "acct", "o", BigDecimal.ONE, "INR"),
                new Webhook(id, "acc", "to1", BigDecimal.ONE, "INR"),
                webhook(id, "acc", "11"),
                webhook(id, "acc", "0.1"),
                webhook(id, "acc", "10"));
        for (int i = 0; i < 3; i++) {
            ledger.write(others);
        }
        assertEquals(others.size() + " rows, " + 3 * others.size() + " attempts", recorded(id));
    }

    /** Each of them has the contents in another order, and some of them in each group more than once. */
    @Test
    void writers_at_once_neither_deadlock_nor_lose_an_attempt() throws SQLException {
        List<String> ids = IntStream.range(0, 20).mapToObj(i -> id + "_" + i).toList();
        ledger.write(ids.stream().map(one -> webhook(one, "acc", "1")).toList());
        List<CompletableFuture<Void>> writers = IntStream.range(0, WRITERS)
                .mapToObj(seed ->
                        CompletableFuture.runAsync(() -> writeInAnyOrder(ids, seed), task -> new Thread(task).start()))
                .toList();
        writers.forEach(CompletableFuture::join);
        for (String one : ids) {
            assertEquals("2 rows, " + WRITERS * 25 * 3 + " attempts", recorded(one));
        }
    }

    private void writeInAnyOrder(List<String> ids, int seed) {
        var random = new Random(seed);
        for (int group = 0; group < 25; group++) {
            List<Webhook> webhooks = new ArrayList<>();
            for (String one : ids) {
                webhooks.addAll(
                        List.of(webhook(one, "acc", "2"), webhook(one, "acc", "2.0"), webhook(one, "acc", "3")));
            }
            Collections.shuffle(webhooks, random);
            try (var connection = dataSource.getConnection()) {
                new ConflictWriter(telling)
                        .record(connection, webhooks, Collections.nCopies(webhooks.size(), Receipt.CONFLICTING));
            } catch (SQLException failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    /** The greatest number tells how many there are. */
    @Test
    void a_repetition_takes_no_number_and_touches_no_index() throws SQLException {
        ledger.write(List.of(webhook(id, "acc", "1"), webhook(id, "acc", "2")));
        long before = Long.parseLong(text("SELECT max(conflict_id) FROM conflicts"));
        for (int i = 0; i < 100; i++) {
            ledger.write(List.of(webhook(id, "acc", "2"), webhook(id, "acc", "2.0")));
        }
        ledger.write(List.of(webhook(id, "acc", "3")));
        assertEquals(before + 1, Long.parseLong(text("SELECT max(conflict_id) FROM conflicts")));
        assertEquals("true", text("""
                SELECT bool_and(indexdef !~ 'attempts|last_received_at') FROM pg_indexes WHERE tablename = 'conflicts'"""));
    }

    /** What an earlier version that still runs beside this one writes. */
    @Test
    void a_row_without_content_stands_beside() throws SQLException {
        ledger.write(List.of(webhook(id, "acc", "1"), webhook(id, "acc", "2")));
        for (int i = 0; i < 2; i++) {
            Statements.execute(dataSource, """
                    INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency)
                    VALUES ('%s', 'acc', 'to', 2, 'INR')""".formatted(id));
        }
        ledger.write(List.of(webhook(id, "acc", "2")));
        assertEquals("3 rows, 4 attempts", recorded(id));
    }

    private String recorded(String of) throws SQLException {
        return text(
                "SELECT count(*) || ' rows, ' || sum(attempts) || ' attempts' FROM conflicts WHERE transaction_id = '%s'"
                        .formatted(of));
    }

    private String text(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            String found = row.getString(1);
            return found.equals("t") ? "true" : found;
        }
    }
}
