package dev.tallyhook.processing;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;

/** How due transactions are finished. */
@ConfigMapping(prefix = "tallyhook.processing")
interface ProcessingConfig {

    /** How many transactions one statement finishes; each statement is a transaction of its own. */
    @WithDefault("1000")
    @Min(1)
    @Max(100_000)
    int batchSize();

    /** Without a successful poll for so long, the poller counts as stalled, and the probe says so. */
    @WithDefault("PT10S")
    @DurationMin(seconds = 2)
    Duration stalledAfter();
}
