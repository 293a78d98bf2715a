package dev.tallyhook.intake;

import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How webhooks come in. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook.intake")
interface IntakeConfig {

    /** The largest body that is read; a larger one is answered 413. */
    @WithDefault("64K")
    MemorySize bodySizeMax();

    /** Within this a sender is answered, with 503 if need be. Senders give up after 5 s. */
    @WithDefault("PT0.4S")
    @Within(min = "PT0.05S", max = "PT5S")
    Duration answerWithin();

    /** For so long at most a JVM that has started warms up before it says that it is ready; 0 for not at all. */
    @WithDefault("PT5S")
    @Within(min = "PT0S", max = "PT60S")
    Duration warmUpMax();

    /** How many webhooks may wait in a burst; one more is answered 503 at once. */
    @WithDefault("2048")
    @Within(min = "1", max = "100000")
    int waitingMax();

    /** How many webhooks share a commit at most. */
    @WithDefault("256")
    @Within(min = "1", max = "10000")
    int groupSizeMax();

    /** Levels of arrays and objects in a body, ignored members included; a webhook needs one. */
    @WithDefault("32")
    @Within(min = "1", max = "1000")
    int jsonDepthMax();

    /** Characters of a JSON number, ignored members included; an amount needs at most 24. */
    @WithDefault("128")
    @Within(min = "24", max = "1000")
    int jsonNumberLengthMax();
}
