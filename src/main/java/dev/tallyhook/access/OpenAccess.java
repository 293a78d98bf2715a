package dev.tallyhook.access;

import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Says at every start what is open. */
@ApplicationScoped
class OpenAccess {

    void tell(@Observes StartupEvent event, AccessConfig config) {
        if (!ClosedOrSaidToBeOpen.sendersAreKnown(config)) {
            Log.warn("OPEN ACCESS: everyone who can connect may send webhooks (no tallyhook.webhook.secrets)");
        }
        if (!ClosedOrSaidToBeOpen.readersAreKnown(config)) {
            Log.warn("OPEN ACCESS: everyone who can connect may read transactions (no tallyhook.api.tokens)");
        }
    }
}
