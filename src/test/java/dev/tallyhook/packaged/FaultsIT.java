package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A database that answers, and refuses all or some: by faults of its own, or of those who operate it. The service's role is a plain one. */
class FaultsIT {

    private static final Duration RECOVERY_MAX = Duration.ofSeconds(10);
    private static final int WEBHOOKS = 200;
    private static final int PAGE_BYTES = 8192;

    private static DatabaseServer database;
    private static Service service;

    @BeforeAll
    static void start() throws Exception {
        database = new DatabaseServer();
        database.execute("CREATE ROLE tallyhook LOGIN PASSWORD 'tallyhook'");
        database.execute("CREATE DATABASE ledger OWNER tallyhook");
        database.use("ledger");
        var environment = new HashMap<>(Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1S"));
        environment.put("QUARKUS_DATASOURCE_USERNAME", "tallyhook");
        environment.put("QUARKUS_DATASOURCE_PASSWORD", "tallyhook");
        service = Service.start(database, environment);
        database.execute("""
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE 'refused by a trigger' USING ERRCODE = tg_argv[0]; END $$""");
    }

    @AfterAll
    static void stop() throws Exception {
        service.close();
        database.close();
    }

    /** Statements that break it, and that mend it; afterwards nobody sends, because balancers go by the probe. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            a privilege taken away           | REVOKE INSERT ON transactions FROM tallyhook               | GRANT INSERT ON transactions TO tallyhook
            a relation that is gone          | ALTER TABLE transactions RENAME TO away                    | ALTER TABLE away RENAME TO transactions
            a column that is gone            | ALTER TABLE transactions RENAME COLUMN due_at TO due       | ALTER TABLE transactions RENAME COLUMN due TO due_at
            a column that is wanted          | ALTER TABLE transactions ADD COLUMN wanted text, ADD CHECK (status = 'PROCESSED' OR wanted IS NOT NULL) NOT VALID | ALTER TABLE transactions DROP COLUMN wanted
            out of transaction ids           | CREATE TRIGGER fail BEFORE INSERT ON transactions FOR EACH STATEMENT EXECUTE FUNCTION fail('54000') | DROP TRIGGER fail ON transactions
            out of memory                    | CREATE TRIGGER fail BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION fail('53200') | DROP TRIGGER fail ON transactions
            a code that nobody knows         | CREATE TRIGGER fail BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION fail('ZZ999') | DROP TRIGGER fail ON transactions
            """)
    void what_nobody_can_store_is_answered_503_told_once_and_over_by_itself(
            String fault, String breaking, String mending) throws Exception {
        long told = lines("takes no webhooks");
        long before = service.log().lines().count();
        database.execute(breaking);
        try {
            assertEquals(Map.of(503, WEBHOOKS), statuses(post(WEBHOOKS)), service::log);
            assertEquals(503, service.probe(), "at once");
            Thread.sleep(900); // At least one trial.
            assertEquals(503, service.probe(), "and as long as it lasts");
            assertEquals(Map.of(503, WEBHOOKS), statuses(post(WEBHOOKS)));
        } finally {
            database.execute(mending);
        }
        Eventually.within(RECOVERY_MAX, () -> service.probe() == 200, service::log);
        assertStored(post(WEBHOOKS));
        assertEquals(told + 1, lines("takes no webhooks"), service::log);
        assertEquals(told + 1, lines("takes webhooks again"), service::log);
        // One each at the most: intake, poller, sweep, backlog, and what is told when they go on.
        List<String> said = service.log().lines().skip(before).toList();
        assertTrue(said.size() <= 8, () -> String.join("\n", said));
        assertEquals(0, database.number("SELECT count(*) FROM transactions WHERE transaction_id LIKE 'trial%'"));
    }

    /** Every page but the first is overwritten, while the server is down. */
    @Test
    void a_damaged_index_is_answered_503_until_it_is_built_anew() throws Exception {
        assertStored(post(WEBHOOKS));
        long told = lines("takes no webhooks");
        Path index;
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_relation_filepath('transactions_pkey')")) {
            row.next();
            index = database.data().resolve(row.getString(1));
        }
        database.stop();
        byte[] pages = Files.readAllBytes(index);
        Arrays.fill(pages, PAGE_BYTES, pages.length, (byte) 0x5a);
        Files.write(index, pages);
        database.start();
        Eventually.within(
                RECOVERY_MAX,
                () -> send(Webhooks.body(Webhooks.newId())).join().statusCode() == 503 && service.probe() == 503,
                service::log);
        assertEquals(Map.of(503, WEBHOOKS), statuses(post(WEBHOOKS)));
        assertEquals(503, service.probe());
        database.execute("REINDEX INDEX transactions_pkey");
        Eventually.within(RECOVERY_MAX, () -> service.probe() == 200, service::log);
        assertStored(post(WEBHOOKS));
        assertEquals(told + 1, lines("takes no webhooks"), service::log);
    }

    @Test
    void a_row_that_the_database_refuses_costs_only_its_own_sender() throws Exception {
        database.execute(
                "ALTER TABLE transactions ADD CONSTRAINT not_this CHECK (source_account <> 'not_this') NOT VALID");
        try {
            long told = lines("takes no webhooks");
            List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, WEBHOOKS)
                    .mapToObj(i -> Webhooks.body(Webhooks.newId()))
                    .map(FaultsIT::send)
                    .toList();
            var refused = send(Webhooks.body(Webhooks.newId()).replace("acc_user_789", "not_this"));
            assertStored(answers);
            assertEquals(500, refused.join().statusCode());
            assertEquals(200, service.probe());
            assertEquals(told, lines("takes no webhooks"));
        } finally {
            database.execute("ALTER TABLE transactions DROP CONSTRAINT not_this");
        }
    }

    /** Only a conflict needs that table. */
    @Test
    void a_table_of_conflicts_that_is_gone_costs_only_conflicts() throws Exception {
        String id = Webhooks.newId();
        assertEquals(202, inTime(Webhooks.body(id)).statusCode());
        database.execute("ALTER TABLE conflicts RENAME TO away");
        try {
            long told = lines("takes no webhooks");
            for (int i = 0; i < 5; i++) {
                var conflicting = send(Webhooks.body(id, "2", "INR"));
                assertStored(post(20));
                assertEquals(503, conflicting.join().statusCode());
                assertEquals(200, service.probe());
            }
            assertEquals(told, lines("takes no webhooks"), service::log);
        } finally {
            database.execute("ALTER TABLE away RENAME TO conflicts");
        }
        assertEquals(409, inTime(Webhooks.body(id, "2", "INR")).statusCode());
    }

    @Test
    void readers_are_answered_503_while_they_may_not_read_and_it_is_told_once() throws Exception {
        database.execute("REVOKE SELECT ON transactions FROM tallyhook");
        try {
            long told = lines("readers are answered 503");
            for (int i = 0; i < 20; i++) {
                for (String path : List.of("/v1/transactions", Webhooks.transactionPath("txn_unknown"))) {
                    var answer = service.get(path, "none");
                    assertEquals(503, answer.statusCode(), answer.body());
                    assertTrue(answer.headers().firstValue("Retry-After").isPresent());
                }
            }
            assertEquals(told + 1, lines("readers are answered 503"), service::log);
            assertEquals(0, lines("Request failed"), service::log);
        } finally {
            database.execute("GRANT SELECT ON transactions TO tallyhook");
        }
        Eventually.within(RECOVERY_MAX, () -> service.probe() == 200, service::log);
        assertEquals(200, service.get("/v1/transactions", "none").statusCode());
    }

    /** A connection limit of the role may leave the poller one session of its two: it needs no more. */
    @Test
    void a_session_of_the_poller_that_is_missing_costs_no_probe() throws Exception {
        long sessions = database.number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'tallyhook'");
        database.execute("ALTER ROLE tallyhook CONNECTION LIMIT " + (sessions - 1));
        try {
            database.execute("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'tallyhook-processing' LIMIT 1""");
            Map<Integer, Integer> probes = new TreeMap<>();
            try (var load = new Load(id -> service.post(Webhooks.body(id)))) {
                for (int i = 0; i < 200; i++) {
                    probes.merge(service.probe(), 1, Integer::sum);
                    Thread.sleep(10);
                }
                assertEquals(List.of(), load.refused());
            }
            assertEquals(Map.of(200, 200), probes, service::log);
            for (int i = 0; i < 20; i++) {
                probes.merge(service.probe(), 1, Integer::sum);
                Thread.sleep(100); // With nobody sending, each second or third of these asks the database.
            }
            assertEquals(Map.of(200, 220), probes, service::log);
            assertTrue(
                    database.number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'tallyhook'") < sessions,
                    "a session is missing");
        } finally {
            database.execute("ALTER ROLE tallyhook CONNECTION LIMIT -1");
        }
    }

    private static CompletableFuture<HttpResponse<String>> send(String body) {
        return service.client().sendAsync(service.postRequest(body), HttpResponse.BodyHandlers.ofString());
    }

    /** What is answered when a busy machine gets to it, as a sender does that tries again. */
    private static HttpResponse<String> inTime(String body) {
        HttpResponse<String> answer = send(body).join();
        for (int i = 0; i < 10 && isLate(answer); i++) {
            answer = send(body).join();
        }
        return answer;
    }

    private static boolean isLate(HttpResponse<String> answer) {
        return answer.statusCode() == 503 && answer.body().contains("in time");
    }

    private static List<CompletableFuture<HttpResponse<String>>> post(int webhooks) {
        return IntStream.range(0, webhooks)
                .mapToObj(i -> send(Webhooks.body(Webhooks.newId())))
                .toList();
    }

    /** How many were answered with each status; each 503 says when to try again. */
    private static Map<Integer, Integer> statuses(List<CompletableFuture<HttpResponse<String>>> answers) {
        Map<Integer, Integer> statuses = new TreeMap<>();
        for (var answer : answers) {
            statuses.merge(answer.join().statusCode(), 1, Integer::sum);
            if (answer.join().statusCode() == 503) {
                assertTrue(answer.join().headers().firstValue("Retry-After").isPresent());
            }
        }
        return statuses;
    }

    /** All are, but for those that a busy machine did not get to in time. */
    private static void assertStored(List<CompletableFuture<HttpResponse<String>>> answers) {
        long late = answers.stream().filter(answer -> isLate(answer.join())).count();
        long stored = answers.stream()
                .filter(answer -> answer.join().statusCode() == 202)
                .count();
        assertTrue(stored > 0);
        assertEquals(answers.size(), stored + late, () -> statuses(answers) + "\n" + service.log());
    }

    private static long lines(String text) {
        return service.log().lines().filter(line -> line.contains(text)).count();
    }
}
