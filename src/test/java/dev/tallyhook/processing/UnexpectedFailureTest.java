package dev.tallyhook.processing;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.LogLines;
import dev.tallyhook.Statements;
import io.opentelemetry.api.trace.Tracer;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What no task expects is thrown in the middle of the poller and of the sweep of the real service. */
@QuarkusTest
class UnexpectedFailureTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    /** Asked by every poll and every sweep, before its statement; it throws when it is told to. */
    @Alternative
    @Priority(1)
    @Singleton
    static class BreakableSpans extends FinishSpans {

        static final AtomicReference<@Nullable Supplier<Error>> FAULT = new AtomicReference<>();

        BreakableSpans(
                Tracer tracer,
                ProcessingMetrics metrics,
                @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled) {
            super(tracer, metrics, disabled);
        }

        @Override
        boolean areWanted() {
            Supplier<Error> fault = FAULT.get();
            if (fault != null) {
                throw fault.get();
            }
            return super.areWanted();
        }
    }

    @TestHTTPResource(value = "/metrics", management = true)
    URI metrics;

    @TestHTTPResource(value = "/health/ready", management = true)
    URI ready;

    @TestHTTPResource(value = "/health/live", management = true)
    URI live;

    @Inject
    DataSource dataSource;

    @AfterEach
    void mend() {
        BreakableSpans.FAULT.set(null);
    }

    private double value(String sample) {
        return given().get(metrics)
                .asString()
                .lines()
                .filter(line -> line.startsWith(sample))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void a_poller_and_a_sweep_that_throw_are_counted_told_once_and_seen_by_health_and_go_on_afterwards()
            throws Exception {
        String[] samples = {
            "tallyhook_sweep_failures_total",
            "tallyhook_poller_failures_total",
            "tallyhook_tick_failures_total{tick=\"sweep\"",
            "tallyhook_tick_failures_total{tick=\"poller\""
        };
        double[] before = new double[samples.length];
        for (int i = 0; i < samples.length; i++) {
            before[i] = value(samples[i]);
        }
        try (var log = new LogLines("dev.tallyhook.schedule");
                var scheduler = new LogLines("io.quarkus.scheduler")) {
            BreakableSpans.FAULT.set(() -> new StackOverflowError("thrown by the test"));
            Statements.execute(dataSource, """
                    INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                    VALUES ('unexpected', 'a', 'b', 1, 'INR', now() - interval '1 minute')
                    """);
            // Longer than what finishes rows may fail each time.
            await().atMost(PATIENCE).until(() -> given().get("/").statusCode() == 503);
            await().atMost(PATIENCE).until(() -> scheduleIs(ready, "DOWN"));
            assertTrue(scheduleIs(live, "UP"), "a restart is no cure");
            for (int i = 0; i < samples.length; i++) {
                assertTrue(value(samples[i]) - before[i] >= 3, samples[i] + " of each failure");
            }
            assertEquals(2, log.with("nobody expects"), "once for the poller, once for the sweep: " + log);
            assertEquals(
                    0,
                    Statements.count(
                            dataSource, "transactions", "transaction_id = 'unexpected' AND status = 'PROCESSED'"));

            mend();
            await().atMost(PATIENCE)
                    .until(() -> Statements.count(
                                    dataSource,
                                    "transactions",
                                    "transaction_id = 'unexpected' AND status = 'PROCESSED'")
                            == 1);
            await().atMost(PATIENCE).until(() -> given().get("/").statusCode() == 200);
            await().atMost(PATIENCE).until(() -> scheduleIs(ready, "UP"));
            await().atMost(PATIENCE).until(() -> log.with("works again") == 2);
            assertEquals(0, scheduler.with("Error"), scheduler::toString);
        } finally {
            Statements.execute(dataSource, "DELETE FROM transactions WHERE transaction_id = 'unexpected'");
        }
    }

    private static boolean scheduleIs(URI health, String status) {
        return status.equals(given().get(health).jsonPath().getString("checks.find { it.name == 'schedule' }.status"));
    }
}
