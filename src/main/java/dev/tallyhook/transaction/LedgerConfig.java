package dev.tallyhook.transaction;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;

/** What a transaction is promised when it is stored. */
@ConfigMapping(prefix = "tallyhook.processing")
public interface LedgerConfig {

    /** From {@code created_at} to {@code due_at}; 0 or more. It is fixed when the transaction is stored. */
    @WithDefault("PT30S")
    @DurationMin
    @DurationMax(days = 365)
    Duration delay();
}
