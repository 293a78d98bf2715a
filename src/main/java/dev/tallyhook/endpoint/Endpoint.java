package dev.tallyhook.endpoint;

import java.net.URI;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint as a replica that delivers needs to know it.
 *
 * @param id {@code ep_…}, or its name in the configuration
 * @param url {@code https}, or {@code http} where that is allowed; checked by its rules
 * @param events what it wants to hear of
 * @param keys what its messages are signed with; null if this replica cannot open its secrets, or its configuration has not got it
 * @param restMillis how long it is still to be left alone; 0 or less if it may be tried
 * @param failures attempts in a row that failed, as of all replicas
 */
public record Endpoint(
        String id,
        URI url,
        EndpointState state,
        Set<EventKind> events,
        @Nullable SigningKeys keys,
        long restMillis,
        int failures) {}
