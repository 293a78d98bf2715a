package dev.tallyhook.intake;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class GroupCommitTest {

    /** Stands for whatever may be wrong with one row that no rule of ours foresees. */
    private static final String REFUSE_POISON = """
            CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF new.source_account = 'poison' THEN
                    RAISE EXCEPTION 'poison' USING ERRCODE = '22000';
                END IF;
                RETURN new;
            END $$;
            CREATE TRIGGER refuse_poison BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION refuse_poison();
            """;

    @Inject
    Intake intake;

    @Inject
    LedgerWriter ledger;

    @Inject
    DataSource dataSource;

    @TestHTTPResource("/")
    URI service;

    @Test
    void one_row_that_fails_does_not_fail_its_neighbours() throws SQLException {
        Statements.execute(dataSource, REFUSE_POISON);
        try {
            List<CompletionStage<Receipt>> receipts = IntStream.range(0, 50)
                    .mapToObj(i -> record(webhook(Webhooks.newId(), i == 25 ? "poison" : "acc", "1.00")))
                    .toList();
            for (int i = 0; i < receipts.size(); i++) {
                var receipt = receipts.get(i).toCompletableFuture();
                if (i == 25) {
                    assertThrows(CompletionException.class, receipt::join);
                } else {
                    assertEquals(Receipt.ACCEPTED, receipt.join());
                }
            }
        } finally {
            Statements.execute(dataSource, "DROP TRIGGER refuse_poison ON transactions; DROP FUNCTION refuse_poison");
        }
    }

    @Test
    void a_connection_that_is_cut_costs_no_sender_an_answer() throws SQLException {
        for (int i = 0; i < 20; i++) {
            int cut = number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    + " WHERE application_name = 'tallyhook-intake'");
            assertEquals(1, cut, "there is a connection to cut");
            String id = Webhooks.newId();
            assertEquals(
                    Receipt.ACCEPTED,
                    record(webhook(id, "acc", "1.00")).toCompletableFuture().join());
            assertEquals(1, count(id));
        }
    }

    /** Each costs a lock timeout, and their senders have long been answered: what comes later must not wait for all of them. */
    @Test
    void many_ids_that_another_session_holds_do_not_hold_up_those_who_come_later() throws SQLException {
        List<String> ids =
                IntStream.range(0, 40).mapToObj(i -> Webhooks.newId()).toList();
        try (var other = dataSource.getConnection();
                var statement = other.createStatement()) {
            statement.execute("BEGIN");
            for (String id : ids) {
                statement.execute("""
                        INSERT INTO transactions (
                            transaction_id, source_account, destination_account, amount, currency, due_at)
                        VALUES ('%s', 'acc', 'to', 1, 'INR', now())""".formatted(id));
            }
            ids.forEach(id -> record(webhook(id, "acc", "1.00")));
            await().atMost(Duration.ofSeconds(3)).until(this::isAccepted);
            statement.execute("ROLLBACK");
        }
    }

    private boolean isAccepted() {
        return record(webhook(Webhooks.newId(), "acc", "1.00"))
                .handle((receipt, failure) -> receipt == Receipt.ACCEPTED)
                .toCompletableFuture()
                .join();
    }

    @Test
    void an_id_that_stands_twice_in_a_group_is_settled_like_one_that_came_earlier() throws SQLException {
        String id = Webhooks.newId();
        String earlier = Webhooks.newId();
        ledger.write(List.of(webhook(earlier, "acc", "1.00")));
        assertEquals(
                List.of(
                        Receipt.ACCEPTED,
                        Receipt.REPLAYED,
                        Receipt.CONFLICTING,
                        Receipt.REPLAYED,
                        Receipt.CONFLICTING,
                        Receipt.ACCEPTED),
                ledger.write(List.of(
                        webhook(id, "acc", "1.00"),
                        webhook(id, "acc", "1"),
                        webhook(id, "acc", "2.00"),
                        webhook(earlier, "acc", "1.00"),
                        webhook(earlier, "other", "1.00"),
                        webhook(Webhooks.newId(), "acc", "1.00"))));
    }

    @Test
    void the_retry_of_a_sender_that_went_away_is_answered() throws Exception {
        String id = Webhooks.newId();
        byte[] body = Webhooks.body(id).getBytes(StandardCharsets.UTF_8);
        try (var socket = new Socket(service.getHost(), service.getPort())) {
            socket.getOutputStream()
                    .write(("POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: " + body.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
        }
        await().until(() -> count(id) == 1);
        assertEquals(
                Receipt.REPLAYED,
                record(new Webhook(id, "acc_user_789", "acc_merchant_456", new BigDecimal("1500.50"), "INR"))
                        .toCompletableFuture()
                        .join());
        assertEquals(1, count(id));
    }

    @Test
    void many_webhooks_share_a_commit() throws SQLException {
        List<CompletionStage<Receipt>> receipts = IntStream.range(0, 1_000)
                .mapToObj(i -> record(webhook("shared_" + Webhooks.newId(), "acc", "1.00")))
                .toList();
        receipts.forEach(receipt -> receipt.toCompletableFuture().join());
        int commits =
                number("SELECT count(DISTINCT xmin::text) FROM transactions WHERE transaction_id LIKE 'shared\\_%'");
        assertTrue(commits < 100, commits + " commits for 1,000 webhooks");
    }

    private static Webhook webhook(String id, String source, String amount) {
        return new Webhook(id, source, "to", new BigDecimal(amount), "INR");
    }

    private int count(String id) throws SQLException {
        return number("SELECT count(*) FROM transactions WHERE transaction_id = '" + id + "'");
    }

    private CompletionStage<Receipt> record(Webhook webhook) {
        return intake.record(List.of(webhook)).thenApply(receipts -> receipts.get(0));
    }

    private int number(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        }
    }
}
