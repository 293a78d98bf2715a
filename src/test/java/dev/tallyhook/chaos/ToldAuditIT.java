package dev.tallyhook.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit of what was told is blind to nothing that it looks for: of each violation that is planted it finds one. */
class ToldAuditIT {

    private static final Receivers.Endpoint HEALTHY =
            new Receivers.Endpoint("healthy1", Receivers.Manner.HEALTHY, 1, 0, "");
    private static final Receivers.Endpoint REFUSING =
            new Receivers.Endpoint("refusing", Receivers.Manner.REFUSING, 2, 0, "");
    private static final Receivers.Endpoint DEAD = new Receivers.Endpoint("dead", Receivers.Manner.DEAD, 10, 0, "");

    private static final long SECOND = TimeUnit.SECONDS.toMicros(1);

    @AutoClose
    private static DatabaseServer database;

    @TempDir
    Path directory;

    private final Receptions receptions = new Receptions();
    private List<Receivers.Endpoint> endpoints = List.of(HEALTHY, REFUSING);

    @BeforeAll
    static void start() throws Exception {
        database = Stage.server();
        database.migrateTo("latest");
    }

    @BeforeEach
    void startOver() throws Exception {
        database.execute(
                "DROP SCHEMA IF EXISTS audit CASCADE; TRUNCATE transactions, requests, deliveries, dead_letters");
        new Audit(database).install();
    }

    @Test
    void where_all_is_well_nothing_is_found() throws Exception {
        endpoints = List.of(HEALTHY, REFUSING, DEAD);
        finished("told", "told twice", "waits", "was given up");
        told(now(), "told", HEALTHY, REFUSING);
        told(now(), "told twice", HEALTHY, HEALTHY, REFUSING, REFUSING, REFUSING);
        told(now(), "waits", HEALTHY);
        told(now(), "was given up", HEALTHY);
        owed(DEAD, "told", "told twice", "waits", "was given up");
        owed(REFUSING, "waits");
        givenUp(REFUSING, "was given up");
        assertEquals(List.of(), found());
        assertEquals(
                List.of(
                        "| healthy1 | healthy | 4 | 1 | 0 | 0 |",
                        "| refusing | refusing | 2 | 2 | 1 | 1 |",
                        "| dead | dead | 0 | 0 | 4 | 0 |"),
                new ToldAudit(database)
                        .perEndpoint().stream().map(Verdict.PerEndpoint::row).toList());
    }

    @Test
    void of_each_violation_that_is_planted_one_is_found() throws Exception {
        long before = now();
        finished("not told", "forgotten", "early", "in a queue", "given up");
        insert("unfinished");
        told(now(), "not told", REFUSING);
        told(now(), "forgotten", HEALTHY);
        told(before, "early", HEALTHY, REFUSING);
        told(now(), "never stored", HEALTHY);
        told(now(), "in a queue", HEALTHY, REFUSING);
        owed(HEALTHY, "in a queue");
        told(now(), "given up", HEALTHY, REFUSING);
        givenUp(HEALTHY, "given up");
        for (Receptions.Fault fault : Receptions.Fault.values()) {
            receptions.complain(fault, HEALTHY.name(), now(), Receivers.webhookId("given up"));
        }
        for (Audit.Finding finding : findings()) {
            assertEquals(1, finding.count(), finding.name());
        }
    }

    @Test
    void what_is_stored_and_not_finished_must_not_be_told() throws Exception {
        insert("unfinished");
        told(now(), "unfinished", HEALTHY, REFUSING);
        assertEquals(List.of("told, and not in the ledger or not finished there"), found());
    }

    @Test
    void a_clock_of_postgres_that_was_set_back_makes_nothing_early_and_timestamps_stale() throws Exception {
        long since = now() - 10 * SECOND;
        new Audit(database).clockIsSet(Duration.ofMinutes(-10), since, since);
        insert("finished by a clock that is behind");
        database.execute("ALTER TABLE transactions DISABLE TRIGGER record_finish");
        database.execute("""
                UPDATE transactions SET status = 'PROCESSED', processed_at = due_at;
                INSERT INTO audit.finishes
                SELECT transaction_id, due_at, clock_timestamp() - interval '10 minutes', '-10 minutes' FROM transactions""");
        told(now(), "finished by a clock that is behind", HEALTHY, REFUSING);
        receptions.complain(Receptions.Fault.TIMESTAMP, HEALTHY.name(), now(), "msg");
        database.execute("ALTER TABLE transactions ENABLE TRIGGER record_finish");
        assertEquals(List.of(), found());

        receptions.complain(Receptions.Fault.TIMESTAMP, HEALTHY.name(), since - SECOND, "msg");
        assertEquals(1, found().size());
    }

    private static long now() {
        return History.now();
    }

    private static void finished(String... ids) throws SQLException {
        for (String id : ids) {
            insert(id);
            database.execute("""
                    UPDATE transactions SET status = 'PROCESSED', processed_at = clock_timestamp()
                    WHERE transaction_id = '%s'""".formatted(id));
        }
    }

    private static void insert(String id) throws SQLException {
        database.execute("""
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('%s', 'from', 'to', 1, 'INR', clock_timestamp())""".formatted(id));
    }

    /** Taken by each of them, as often as it is named. */
    private void told(long at, String id, Receivers.Endpoint... takers) {
        int place = receptions.came(Receivers.webhookId(id), id.getBytes(UTF_8), at);
        for (Receivers.Endpoint taker : takers) {
            receptions.taken(place, taker.number());
        }
    }

    private static void owed(Receivers.Endpoint endpoint, String... ids) throws SQLException {
        database.execute("INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('%s', 'p', ARRAY['%s'])"
                .formatted(endpoint.name(), String.join("','", ids)));
    }

    private static void givenUp(Receivers.Endpoint endpoint, String id) throws SQLException {
        database.execute("""
                INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome)
                VALUES ('%s', 'p', '%s', 7, clock_timestamp(), 'REFUSED')""".formatted(endpoint.name(), id));
    }

    /** The names of the checks that count anything. */
    private List<String> found() throws Exception {
        return findings().stream()
                .filter(finding -> finding.count() > 0)
                .map(Audit.Finding::name)
                .toList();
    }

    private List<Audit.Finding> findings() throws Exception {
        database.execute(
                "DROP TABLE IF EXISTS audit.endpoints, audit.receptions, audit.complaints, audit.told, audit.owed");
        var audit = new ToldAudit(database);
        audit.load(endpoints, receptions, directory);
        assertTrue(audit.waiting(endpoints) >= 0);
        return audit.findings();
    }
}
