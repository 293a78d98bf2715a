package dev.tallyhook.intake;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How webhooks come in. */
@ConfigMapping(prefix = "tallyhook.intake")
interface IntakeConfig {

    /** The largest body that is read; a larger one is answered 413. */
    @WithDefault("64K")
    MemorySize bodySizeMax();

    /** Within this a sender is answered, with 503 if need be; it must stay under the senders' own patience. */
    @WithDefault("PT0.45S")
    Duration answerWithin();

    /** How many webhooks may wait to be written; one more is answered 503 at once. */
    @WithDefault("2048")
    int waitingMax();

    /** How many writers, each with a database connection of its own. */
    @WithDefault("8")
    int writers();
}
