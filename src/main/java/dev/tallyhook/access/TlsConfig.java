package dev.tallyhook.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.vertx.core.http.ClientAuth;

/** How TLS is spoken, beyond what {@code quarkus.tls} says. */
@ConfigMapping(prefix = "tallyhook.tls")
interface TlsConfig {

    /**
     * {@code none}, {@code request} (a certificate that is shown must be one that {@code quarkus.tls.trust-store} trusts) or
     * {@code required} (without one there is no connection).
     */
    @WithDefault("none")
    ClientAuth clientAuth();

    /** How often it is looked whether certificates have changed. */
    @WithDefault("5s")
    String reloadPeriod();
}
