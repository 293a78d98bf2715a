package dev.tallyhook.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;

/** How many may be connected, and how slow they may be. */
@ConfigMapping(prefix = "tallyhook.connections")
interface ConnectionConfig {

    /** Connections at one time, those that have not said anything yet included; one more is closed at once. */
    @WithDefault("10000")
    @Min(1)
    @Max(1_000_000)
    int max();

    /** Within this the head of a request must have come in whole, and after it its body, from their first byte on. */
    @WithDefault("PT10S")
    @DurationMin(millis = 100)
    @DurationMax(minutes = 10)
    Duration requestWithin();
}
