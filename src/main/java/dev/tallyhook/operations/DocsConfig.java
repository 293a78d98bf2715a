package dev.tallyhook.operations;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What tells people and tools what the API is. */
@ConfigMapping(prefix = "tallyhook.docs")
interface DocsConfig {

    /** Whether {@code /docs} and {@code /openapi.json} are there. */
    @WithDefault("true")
    boolean enabled();
}
