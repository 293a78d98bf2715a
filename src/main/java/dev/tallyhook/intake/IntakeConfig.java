package dev.tallyhook.intake;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;

/** How webhooks come in. */
@ConfigMapping(prefix = "tallyhook.intake")
interface IntakeConfig {

    /** The largest body that is read; a larger one is answered 413. */
    @WithDefault("64K")
    MemorySize bodySizeMax();

    /** Within this a sender is answered, with 503 if need be. Senders give up after 5 s. */
    @WithDefault("PT0.4S")
    @DurationMin(millis = 50)
    @DurationMax(seconds = 5)
    Duration answerWithin();

    /** How many webhooks may wait in a burst; one more is answered 503 at once. */
    @WithDefault("2048")
    @Min(1)
    @Max(100_000)
    int waitingMax();

    /** How many webhooks share a commit at most. */
    @WithDefault("256")
    @Min(1)
    @Max(10_000)
    int groupSizeMax();

    /** Levels of arrays and objects in a body, ignored members included; a webhook needs one. */
    @WithDefault("32")
    @Min(1)
    @Max(1_000)
    int jsonDepthMax();

    /** Characters of a JSON number, ignored members included; an amount needs at most 24. */
    @WithDefault("128")
    @Min(24)
    @Max(1_000)
    int jsonNumberLengthMax();
}
