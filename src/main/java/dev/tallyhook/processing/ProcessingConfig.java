package dev.tallyhook.processing;

import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How due transactions are finished. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook.processing")
interface ProcessingConfig {

    /** How many transactions one statement finishes; each statement is a transaction of its own. */
    @WithDefault("1000")
    @Within(min = "1", max = "100000")
    int batchSize();

    /** Without a successful poll for so long, or where any row has been refused for so long, the probe says that nothing is finished. */
    @WithDefault("PT10S")
    @Within(min = "PT2S")
    Duration stalledAfter();
}
