package dev.tallyhook.keeping;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/**
 * How long what is finished is kept. Each time is an ISO 8601 duration, such as {@code P7Y}, {@code P90D} or {@code PT36H}, counted by
 * PostgreSQL's calendar; what has none is kept for ever.
 */
@ConfigMapping(prefix = "tallyhook.ledger")
public interface KeepingConfig {

    /** A transaction, from when it was finished. What is not finished, or is still to be told to an endpoint, stays. */
    Optional<String> keep();

    /** The id of one that is gone, from when it went, so that a late repetition is known; {@code PT0S} remembers none. */
    @WithDefault("P30D")
    String rememberIds();

    /** Where transactions are written to before they are deleted: an absolute path, or {@code s3://bucket/prefix}; nowhere unless said. */
    Optional<String> archiveTo();

    /** The request that brought an event, from when it came; as long as its transactions unless said. */
    Optional<String> keepRequests();

    /** A conflict, from when it came last. */
    Optional<String> keepConflicts();

    /** What endpoints could not be told, from when that was given up. */
    Optional<String> keepDeadLetters();
}
