package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReplicasIT {

    private static final int TRANSACTIONS = 10_000;
    private static final int UNDER_WAY_MAX = 200;

    /** Records every finish of every transaction, and who did it. */
    private static final String RECORD_FINISHES = """
            CREATE TABLE finishes (transaction_id text, backend int, early boolean);
            CREATE FUNCTION record_finish() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO finishes VALUES (new.transaction_id, pg_backend_pid(), clock_timestamp() < new.due_at);
                RETURN new;
            END $$;
            CREATE TRIGGER record_finish AFTER UPDATE ON transactions
                FOR EACH ROW EXECUTE FUNCTION record_finish();
            """;

    @Test
    void two_replicas_finish_each_transaction_exactly_once_and_none_early() throws Exception {
        var settings = Map.of("TALLYHOOK_PROCESSING_DELAY", "PT2S", "TALLYHOOK_PROCESSING_BATCH_SIZE", "50");
        try (var database = DatabaseServer.migrated();
                var one = Service.start(database, settings);
                var two = Service.start(database, settings)) {
            database.execute(RECORD_FINISHES);
            postAll(List.of(one, two));
            Eventually.within(
                    Duration.ofSeconds(60),
                    () -> database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSED'")
                            == TRANSACTIONS,
                    () -> "not all are finished");
            assertEquals(TRANSACTIONS, database.number("SELECT count(*) FROM finishes"));
            assertEquals(TRANSACTIONS, database.number("SELECT count(DISTINCT transaction_id) FROM finishes"));
            assertEquals(0, database.number("SELECT count(*) FROM finishes WHERE early"));
            assertEquals(0, database.number("SELECT count(*) FROM transactions WHERE processed_at < due_at"));
            assertTrue(database.number("SELECT count(DISTINCT backend) FROM finishes") > 1, "only one of them worked");
        }
    }

    private static void postAll(List<Service> services) throws InterruptedException {
        var underWay = new Semaphore(UNDER_WAY_MAX);
        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        for (int i = 0; i < TRANSACTIONS; i++) {
            underWay.acquire();
            answers.add(post(services.get(i % services.size()), "txn_" + i)
                    .whenComplete((answer, failure) -> underWay.release()));
        }
        assertEquals(Set.of(202), answers.stream().map(CompletableFuture::join).collect(Collectors.toSet()));
    }

    /** Until it is taken: a machine that is busy may keep both from answering in time. */
    private static CompletableFuture<Integer> post(Service service, String id) {
        return service.client()
                .sendAsync(service.postRequest(Webhooks.body(id)), HttpResponse.BodyHandlers.discarding())
                .thenCompose(answer -> answer.statusCode() == 503
                        ? post(service, id)
                        : CompletableFuture.completedFuture(answer.statusCode()));
    }
}
