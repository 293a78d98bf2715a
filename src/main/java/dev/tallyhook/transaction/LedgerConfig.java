package dev.tallyhook.transaction;

import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** What a transaction is promised when it is stored. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook.processing")
public interface LedgerConfig {

    /** From {@code created_at} to {@code due_at}; 0 or more. It is fixed when the transaction is stored. */
    @WithDefault("PT30S")
    @Within(min = "PT0S", max = "P365D")
    Duration delay();
}
