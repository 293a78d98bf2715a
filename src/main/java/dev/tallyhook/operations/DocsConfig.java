package dev.tallyhook.operations;

import io.quarkus.arc.Unremovable;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What tells people and tools what the API is. */
@ConfigMapping(prefix = "tallyhook.docs")
@Unremovable // No bean reads it, and without it the setting would be refused as one that nobody knows.
interface DocsConfig {

    /** Whether {@code /docs} and {@code /openapi.json} are there; the settings of the framework follow this one. */
    @WithDefault("true")
    boolean enabled();
}
