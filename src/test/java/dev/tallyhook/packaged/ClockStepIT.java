package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock of the service, of PostgreSQL, or of both is set by ten minutes while they run, and all goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClockStepIT {

    /** Longer than the poller's longest sleep, after which it has seen that the clock was set back, and by far. */
    private static final Duration DELAY = Duration.ofSeconds(2);

    /** A schedule that compares wall clock times would be silent for so long. */
    private static final Duration STEP = Duration.ofMinutes(10);

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int WEBHOOKS = 20;

    @TempDir
    static Path directory;

    private Path tokens;
    private WrongClock servicesClock;
    private WrongClock serversClock;
    private DatabaseServer database;
    private Service service;
    private int tokensWritten;

    @BeforeAll
    void start() throws Exception {
        WrongClock.assumeToBeHad();
        servicesClock = new WrongClock();
        serversClock = new WrongClock();
        tokens = Files.writeString(directory.resolve("tokens"), "the-first-token-of-readers");
        database = new DatabaseServer();
        database.startIn(serversClock.environment());
        var environment = new HashMap<>(servicesClock.environment());
        environment.putAll(
                Map.of("TALLYHOOK_PROCESSING_DELAY", DELAY.toString(), "TALLYHOOK_API_TOKENS_FILE", tokens.toString()));
        service = Service.start(database, environment);
    }

    @AfterAll
    void close() throws Exception {
        if (service != null) {
            service.close();
        }
        if (database != null) {
            database.close();
        }
    }

    @Test
    void set_back_or_forward_in_the_service_in_the_server_or_in_both_all_goes_on() throws Exception {
        set(STEP.negated(), STEP.negated());
        allGoesOn("both set back");
        set(Duration.ZERO, Duration.ZERO);
        allGoesOn("both set forward");
        set(STEP.negated(), Duration.ZERO);
        allGoesOn("the service set back alone");
        set(STEP, Duration.ofMillis(-50));
        allGoesOn("the service set forward, the server back by milliseconds");
        set(STEP, STEP.negated());
        allGoesOn("the server set back alone");
        set(STEP, Duration.ZERO);
        allGoesOn("the server set forward alone");
        // Once each time that the service's clock was set back, and not each second; a busy machine may be silent for
        // once.
        long told = occurrences("The schedule does not tick");
        assertTrue(told >= 2 && told < 8, () -> told + " times\n" + service.log());
        assertEquals(0, occurrences("\"exception\""), service::log);
    }

    private void set(Duration services, Duration servers) throws Exception {
        servicesClock.set(services);
        serversClock.set(servers);
    }

    private long occurrences(String text) {
        return service.log().lines().filter(line -> line.contains(text)).count();
    }

    private void allGoesOn(String when) throws Exception {
        double byPoller = finished("poller");
        List<String> ids = post();
        // It is due first, so that the watermark passes it.
        String held = ids.get(0);
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("SELECT 1 FROM transactions WHERE transaction_id = '" + held + "' FOR UPDATE");
            String token = "token-number-%08d-of-readers".formatted(tokensWritten++);
            Files.writeString(tokens, token);
            Eventually.within(
                    PATIENCE,
                    () -> service.get("/v1/activity", token).statusCode() == 200,
                    () -> when + ": a changed token is not read\n" + service.log());
            await(when + ": activity is not reported", """
                    SELECT count(*) > 0 FROM activity
                    WHERE at BETWEEN clock_timestamp() - interval '1 second' AND clock_timestamp()""");
            await(when + ": what is due is not finished", """
                    SELECT count(*) = %d FROM transactions
                    WHERE status = 'PROCESSED' AND transaction_id IN ('%s')""".formatted(WEBHOOKS - 1, String.join("', '", ids)));
            // It counts after its commit; and the sweep comes by as well, and may be the first to see one or two.
            Eventually.within(
                    PATIENCE,
                    () -> finished("poller") - byPoller > WEBHOOKS / 2,
                    () -> when + ": finished by the sweep, and not by the poller\n" + service.log());
            statement.execute("ROLLBACK");
        }
        await(
                when + ": what was held is not swept",
                "SELECT status = 'PROCESSED' FROM transactions WHERE transaction_id = '" + held + "'");
        assertEquals(
                1, database.number("""
                        SELECT (min(processed_at - due_at) >= '0')::int FROM transactions
                        WHERE transaction_id IN ('%s')""".formatted(String.join("', '", ids))), when + ": early by the database's clock");
        assertEquals(200, service.probe(), when);
    }

    private List<String> post() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < WEBHOOKS; i++) {
            ids.add(Webhooks.newId());
            assertEquals(202, service.post(Webhooks.body(ids.get(i))).statusCode());
        }
        return ids;
    }

    private void await(String otherwise, String sql) throws Exception {
        Eventually.within(PATIENCE, () -> isTrue(sql), () -> otherwise + "\n" + service.log());
    }

    private boolean isTrue(String sql) throws SQLException {
        return database.number("SELECT count(*) FROM (" + sql + ") AS answer(yes) WHERE yes") == 1;
    }

    private double finished(String who) throws Exception {
        return service.manage("/q/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith("tallyhook_transactions_finished_total{by=\"" + who + "\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
