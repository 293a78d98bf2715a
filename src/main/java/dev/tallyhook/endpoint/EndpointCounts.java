package dev.tallyhook.endpoint;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What waits for endpoints. */
public interface EndpointCounts {

    /** Of each of these. */
    Map<String, Counts> of(Collection<String> endpointIds);

    /** Of one. */
    record Counts(@Nullable Long waiting, long deadLetters) {}
}
