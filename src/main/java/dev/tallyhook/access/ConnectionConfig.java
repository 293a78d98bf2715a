package dev.tallyhook.access;

import dev.tallyhook.settings.Within;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How many may be connected, and how slow they may be. */
@RegisterForReflection
@Unremovable // Nobody injects it.
@ConfigMapping(prefix = "tallyhook.connections")
interface ConnectionConfig {

    /** Connections at one time, those that have not said anything yet included; one more is closed at once. */
    @WithDefault("10000")
    @Within(min = "1", max = "1000000")
    int max();

    /** Within this the head of a request must have come in whole, and after it its body, from their first byte on. */
    @WithDefault("PT10S")
    @Within(min = "PT0.1S", max = "PT10M")
    Duration requestWithin();
}
