package dev.tallyhook.intake;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.Directory;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Source;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.MultiMap;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A group with events of named senders in it is queued for endpoints by another statement than one without. */
@QuarkusTest
class ToldInsertTest {

    @Inject
    LedgerWriter ledger;

    @Inject
    Telling telling;

    @Inject
    Directory directory;

    @Inject
    DataSource dataSource;

    private final String id = Webhooks.newId();

    @BeforeEach
    void prepare() throws SQLException {
        clear();
        for (String source : List.of("NULL", "'{shop}'")) {
            Statements.execute(dataSource, """
                    INSERT INTO endpoints (endpoint_id, url, state, events, sources, signature, sealed_secrets)
                    VALUES ('insert-%s', 'https://shop.example', 'PAUSED', '{transaction.accepted,transaction.conflicting}', %s, 'v1', '\\x00')
                    """.formatted(source.equals("NULL") ? "all" : "shop", source));
        }
        directory.lookNow();
    }

    @AfterEach
    void clear() throws SQLException {
        Statements.execute(dataSource, "DELETE FROM endpoints WHERE endpoint_id LIKE 'insert-%'");
        Statements.execute(dataSource, "DELETE FROM deliveries WHERE endpoint_id LIKE 'insert-%'");
    }

    private List<Webhook> event() {
        var scheme = new MadeUpScheme(delivery -> List.of(Event.of(id)), List.of());
        return SourceWebhooks.of(
                new Source("shop", "made-up", scheme, 1 << 20),
                new Delivery(MultiMap.caseInsensitiveMultiMap(), null, id.getBytes(StandardCharsets.US_ASCII)),
                null);
    }

    private int queued(String endpoint, String transactionId) throws SQLException {
        return Statements.count(
                dataSource,
                "deliveries",
                "endpoint_id = 'insert-%s' AND event = 'a' AND ids @> ARRAY['%s']".formatted(endpoint, transactionId));
    }

    @Test
    void each_that_is_new_is_queued_once_for_whoever_wants_it() throws SQLException {
        List<Webhook> group = new ArrayList<>(event());
        String builtIn = "built-in-" + id;
        group.add(new Webhook(builtIn, "a", "b", BigDecimal.ONE, "EUR"));
        for (int i = 0; i < 2; i++) {
            ledger.write(group);
            assertEquals(1, queued("all", "shop:" + id));
            assertEquals(1, queued("all", builtIn));
            assertEquals(1, queued("shop", "shop:" + id));
            assertEquals(0, queued("shop", builtIn));
        }
        assertEquals(1, Statements.count(dataSource, "deliveries", "endpoint_id = 'insert-all' AND event = 'a'"));
    }

    /** The second looks for it before the first has committed, and then counts what the first has recorded. */
    @Test
    void a_conflict_that_two_record_at_once_is_queued_by_the_first() throws Exception {
        ledger.write(List.of(new Webhook(id, "a", "b", BigDecimal.ONE, "EUR")));
        try (var connection = dataSource.getConnection();
                var transaction = connection.createStatement()) {
            transaction.execute("BEGIN");
            record(connection);
            var second = CompletableFuture.runAsync(
                    () -> {
                        try (var own = dataSource.getConnection()) {
                            record(own);
                        } catch (SQLException failure) {
                            throw new IllegalStateException(failure);
                        }
                    },
                    task -> new Thread(task).start());
            await().until(() -> Statements.count(
                            dataSource,
                            "pg_stat_activity",
                            "wait_event_type = 'Lock' AND query LIKE '%INSERT INTO conflicts%'")
                    == 1);
            transaction.execute("COMMIT");
            second.join();
        }
        assertEquals(1, Statements.count(dataSource, "conflicts", "transaction_id = '" + id + "' AND attempts = 2"));
        assertEquals(
                1,
                Statements.count(
                        dataSource,
                        "deliveries JOIN conflicts ON ids @> ARRAY[conflict_id::text]",
                        "endpoint_id = 'insert-all' AND event = 'c' AND transaction_id = '" + id + "'"));
    }

    private void record(Connection connection) throws SQLException {
        new ConflictWriter(telling)
                .record(
                        connection,
                        List.of(new Webhook(id, "a", "b", BigDecimal.TEN, "EUR")),
                        List.of(Receipt.CONFLICTING));
    }
}
