package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.endpoint.EndpointCounts;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** How much waits for endpoints is known to those who look, and to metrics. */
@QuarkusTest
class QueueCountsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(100);

    @Inject
    DataSource dataSource;

    @Inject
    EndpointCounts counts;

    @Inject
    MeterRegistry registry;

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }

    @Test
    void messages_are_counted_and_not_rows() {
        var rows = new EndpointRows(dataSource);
        String id = rows.paused();
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, next_at) SELECT '" + id
                + "', 'p', ARRAY (SELECT 'txn_' || j FROM generate_series(1, 250) AS j), now() - interval '1 hour' FROM"
                + " generate_series(1, 400)");
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, attempts) VALUES ('" + id + "', 'p', '{x}', 3)");
        rows.deadLetters(id, 12);
        var expected = new EndpointCounts.Counts(100_001L, 12L);
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> Objects.equals(counts.of(List.of(id)).get(id), expected));
        assertTrue(gauge("tallyhook.endpoints.waiting") >= 100_001);
        assertTrue(gauge("tallyhook.endpoints.oldest.waiting.seconds") >= 3_600);
        assertTrue(gauge("tallyhook.dead.letters") >= 12);
        assertEquals(
                100_001,
                registry.get("tallyhook.endpoint.waiting")
                        .tag("endpoint", id)
                        .gauge()
                        .value());
        assertEquals(
                new EndpointCounts.Counts(0L, 0L), counts.of(List.of("ep_none")).get("ep_none"));
    }

    @Test
    void only_so_many_endpoints_have_a_metric_of_their_own() {
        var rows = new EndpointRows(dataSource);
        for (int i = 0; i < 30; i++) {
            rows.execute(
                    "INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('" + rows.paused() + "', 'p', '{a,b}')");
        }
        String last = rows.paused();
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids) VALUES ('" + last + "', 'p', '{a}')");
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> Objects.equals(
                        Objects.requireNonNull(counts.of(List.of(last)).get(last))
                                .waiting(),
                        1L));
        // The metrics follow the figures, one by one, and are made anew with each count.
        Awaitility.await()
                .atMost(PATIENCE)
                .during(Duration.ofMillis(300))
                .until(() ->
                        registry.find("tallyhook.endpoint.waiting").gauges().size() == 20);
    }
}
