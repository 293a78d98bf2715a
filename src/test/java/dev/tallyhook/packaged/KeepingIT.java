package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A ledger that lets go what is old, beside senders, and whoever kills it. */
class KeepingIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int KILLS = 8;

    private static final long SEED = 21;

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path archive;

    private Map<String, String> settings() {
        return Map.of(
                "TALLYHOOK_PROCESSING_DELAY", "PT0.1S",
                "TALLYHOOK_LEDGER_KEEP", "PT1S",
                "TALLYHOOK_LEDGER_ARCHIVE_TO", archive.toString());
    }

    /** By their ids, how many lines there are of each; every file is what its name says. */
    private Map<String, Integer> archived() throws Exception {
        Map<String, Integer> lines = new TreeMap<>();
        for (ArchivedFile file : ArchivedFile.in(archive)) {
            assertTrue(file.isWhole(), file.path().toString());
            for (String line : file.lines()) {
                lines.merge(JSON.readTree(line).path("transaction_id").asText(), 1, Integer::sum);
            }
        }
        return lines;
    }

    private static long stored(DatabaseServer database) {
        try {
            return database.number("SELECT count(*) FROM transactions");
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** As if the minute had passed for which nobody takes over from a replica that has died. */
    private static void letTakeOver(DatabaseServer database) throws Exception {
        database.execute("UPDATE keeping SET until = '-infinity'");
    }

    /** Two replicas, of which one after the other is killed while both are sent to. */
    @Test
    void what_was_accepted_is_in_the_archive_once_whoever_is_killed_and_its_id_is_known() throws Exception {
        Set<String> accepted = new ConcurrentSkipListSet<>();
        var random = new Random(SEED);
        try (var database = DatabaseServer.migrated()) {
            List<Service> replicas =
                    new ArrayList<>(List.of(Service.start(database, settings()), Service.start(database, settings())));
            var sending = new AtomicBoolean(true);
            var sender = new Thread(() -> send(replicas, accepted, sending));
            sender.start();
            try {
                for (int kill = 0; kill < KILLS; kill++) {
                    Thread.sleep(1_500 + random.nextInt(2_000));
                    replicas.get(kill % 2).kill();
                    letTakeOver(database);
                    replicas.set(kill % 2, Service.start(database, settings()));
                }
                sending.set(false);
                sender.join();
                Eventually.within(
                        PATIENCE,
                        () -> stored(database) == 0,
                        () -> stored(database) + " are left: " + replicas.get(0).log());
                Eventually.within(
                        PATIENCE,
                        () -> database.number("SELECT count(*) FROM archives WHERE state NOT IN ('DONE', 'ABANDONED')")
                                == 0,
                        () -> "not all files are done: " + replicas.get(0).log());
                Map<String, Integer> archived = archived();
                Set<String> lost = new TreeSet<>(accepted);
                lost.removeAll(archived.keySet());
                assertEquals(Set.of(), lost, "accepted, gone, and not in the archive");
                archived.values().removeIf(lines -> lines == 1);
                assertEquals(Map.of(), archived, "there more than once");
                assertTrue(accepted.size() > 500, "only " + accepted.size());
                int asked = 0;
                for (String id : accepted) {
                    if (asked++ % 50 == 0) {
                        HttpResponse<String> again = replicas.get(0).post(Webhooks.body(id));
                        assertEquals(202, again.statusCode());
                        assertEquals(
                                "true",
                                again.headers()
                                        .firstValue("Idempotent-Replayed")
                                        .orElse("false"));
                        assertEquals(
                                409,
                                replicas.get(1)
                                        .post(Webhooks.body(id, "1.25", "INR"))
                                        .statusCode());
                    }
                }
                assertEquals(0, stored(database));
            } finally {
                sending.set(false);
                replicas.forEach(Service::close);
            }
        }
    }

    private static void send(List<Service> replicas, Set<String> accepted, AtomicBoolean sending) {
        for (int i = 0; sending.get(); i++) {
            String id = "txn_" + i;
            try {
                if (replicas.get(i % 2).post(Webhooks.body(id)).statusCode() == 202) {
                    accepted.add(id);
                }
            } catch (IOException killed) {
                // Whether it was stored nobody knows; it is not owed.
            } catch (InterruptedException interrupted) {
                return;
            }
        }
    }

    private String run(DatabaseServer database, int exit, String input, String name, String... more) throws Exception {
        var environment = new HashMap<>(database.environment());
        environment.putAll(settings());
        try (var command = Service.commandOn(environment, input, name, more)) {
            assertEquals(exit, command.awaitExit(), command.log());
            return command.log();
        }
    }

    @Test
    void commands_tell_what_would_go_find_it_bring_it_back_and_erase_it() throws Exception {
        try (var database = DatabaseServer.migrated()) {
            database.execute("""
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                        created_at, due_at, processed_at, status)
                    SELECT 'txn_' || i, 'acc_' || i % 2, 'acc_shop', 1500.50, 'INR', at, at, at, 'PROCESSED'
                    FROM generate_series(1, 10) AS i, LATERAL (SELECT timestamptz '2025-03-01 12:00Z' + i * interval '1 s' AS at) AS stored""");
            String said = run(database, 0, "", "what-would-go");
            assertTrue(
                    said.contains(
                                    "transactions: 10 that were finished PT1S ago or more, created from 2025-03-01 12:00:01")
                            && said.contains("they are written to " + archive),
                    said);
            assertTrue(run(database, 0, "", "what-would-go", "P100Y")
                    .contains("transactions: none was finished P100Y ago or more"));
            assertTrue(run(database, 2, "", "what-would-go", "yesterday").contains("Usage: what-would-go"));
            assertEquals(10, stored(database));
            try (var service = Service.start(database, settings())) {
                Eventually.within(PATIENCE, () -> stored(database) == 0, service::log);
                assertEquals(410, service.get("/v1/transactions/txn_1", "").statusCode());
                assertTrue(service.manage("/q/metrics")
                        .body()
                        .contains("tallyhook_keeping_gone_total{kind=\"transactions\"} 10.0"));
                Eventually.within(
                        PATIENCE,
                        () -> service.get("/v1/activity", "")
                                .body()
                                .contains("\"keeping\":{\"keep\":\"PT1S\",\"archived\":true,\"gone\":10,"
                                        + "\"behind_seconds\":0.0,\"failing_since\":null}"),
                        service::log);
                String line = run(database, 0, "", "archive-find", "txn_3", "2025-03-01");
                assertTrue(line.contains("{\"transaction_id\":\"txn_3\",\"source_account\":\"acc_1\""), line);
                assertTrue(run(database, 1, "", "archive-find", "txn_11").contains("No line of 1 files"));
                said = run(database, 0, "", "archive-load", "2025-03-01");
                assertTrue(
                        said.contains("10 of 10 transactions in 1 files of 2025-03-01 are loaded, and stay for P7D"),
                        said);
                assertEquals(200, service.get("/v1/transactions/txn_1", "").statusCode());
                assertTrue(service.get("/v1/transactions?source_account=acc_1", "")
                        .body()
                        .contains("\"amount\":1500.50"));
                said = run(database, 0, "acc_1\n", "erase");
                assertTrue(said.contains("Erased: 5 transactions, 5 lines of the archive and 0 conflicts"), said);
                assertEquals(410, service.get("/v1/transactions/txn_1", "").statusCode());
                assertEquals(200, service.get("/v1/transactions/txn_2", "").statusCode());
                assertEquals(5, archived().size());
                assertEquals(0, database.number("SELECT count(*) FROM transactions WHERE source_account = 'acc_1'"));
                database.execute("UPDATE archives SET loaded_until = now()");
                Eventually.within(PATIENCE, () -> stored(database) == 0, service::log);
                assertEquals(5, archived().size());
            }
        }
    }
}
