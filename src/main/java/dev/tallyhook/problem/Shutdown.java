package dev.tallyhook.problem;

import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/**
 * Tells whether what serves requests is being taken down. The requests under way are answered by then; one that comes all the
 * same, on a connection that is not closed yet, fails for no other reason.
 */
@Singleton
class Shutdown {

    private volatile boolean begun;

    void begin(@Observes ShutdownEvent event) {
        begun = true;
    }

    boolean hasBegun() {
        return begun;
    }
}
