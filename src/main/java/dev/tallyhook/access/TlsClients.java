package dev.tallyhook.access;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Asks clients for certificates over TLS, if configured. Quarkus's own setting for this is fixed when the service is built;
 * who runs it must be able to choose.
 */
@ApplicationScoped
class TlsClients implements HttpServerOptionsCustomizer {

    /** How TLS is spoken, beyond what {@code quarkus.tls} says. */
    @ConfigMapping(prefix = "tallyhook.tls")
    interface Config {

        /**
         * {@code none}, {@code request} (a certificate that is shown must be one that {@code quarkus.tls.trust-store} trusts) or
         * {@code required} (without one there is no connection).
         */
        @WithDefault("none")
        ClientAuth clientAuth();
    }

    private final Config config;

    TlsClients(Config config) {
        this.config = config;
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        if (config.clientAuth() == ClientAuth.NONE) {
            return;
        }
        // Without a trust store Java would trust whoever any public authority has certified.
        if (options.getKeyCertOptions() == null || options.getTrustOptions() == null) {
            throw new ConfigurationException("tallyhook.tls.client-auth needs a certificate of the service"
                    + " (quarkus.tls.key-store.pem) and those that clients' must be signed with"
                    + " (quarkus.tls.trust-store.pem.certs)");
        }
        options.setClientAuth(config.clientAuth());
    }
}
