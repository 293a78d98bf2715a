package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is counted of telling. */
class DeliveryMetricsTest {

    @Test
    void a_message_that_seems_to_be_told_before_its_time_counts_as_told_at_once() {
        var registry = new SimpleMeterRegistry();
        var metrics = new DeliveryMetrics(registry);
        metrics.acknowledged(Duration.ofMinutes(-10));
        metrics.acknowledged(Duration.ofMillis(20));
        Timer lateness = registry.get("tallyhook.delivery.lateness").timer();
        assertEquals(2, lateness.count());
        assertEquals(20, lateness.totalTime(TimeUnit.MILLISECONDS));
    }
}
