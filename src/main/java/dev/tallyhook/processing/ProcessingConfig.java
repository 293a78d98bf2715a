package dev.tallyhook.processing;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How due transactions are finished. */
@ConfigMapping(prefix = "tallyhook.processing")
public interface ProcessingConfig {

    /** How many transactions one statement finishes; each statement is a transaction of its own. */
    @WithDefault("1000")
    int batchSize();

    /** How many batches one tick of the schedule finishes before the schedule gets its turn. */
    @WithDefault("1000")
    int batchesPerTickMax();

    /** Without a successful poll for so long, the poller counts as stalled, and the probe says so. */
    @WithDefault("PT10S")
    Duration stalledAfter();
}
