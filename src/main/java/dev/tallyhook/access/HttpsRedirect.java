package dev.tallyhook.access;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Sends who comes to the plain port to HTTPS, with 308: a POST stays a POST, and keeps its body (RFC 9110 section 15.4.9). The
 * probe alone is answered there, because what probes may not follow, or not trust the certificate.
 */
@ApplicationScoped
class HttpsRedirect {

    private static final int PERMANENT_REDIRECT = 308;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final boolean enabled;
    private final int port;
    private final Optional<String> name;
    private final TlsConfigurationRegistry registry;

    HttpsRedirect(
            @ConfigProperty(name = RedirectSwitch.ENABLED, defaultValue = "false") boolean enabled,
            @ConfigProperty(name = "quarkus.http.ssl-port") int port,
            @ConfigProperty(name = "quarkus.http.tls-configuration-name") Optional<String> name,
            TlsConfigurationRegistry registry) {
        this.enabled = enabled;
        this.port = port;
        this.name = name;
        this.registry = registry;
    }

    void register(@Observes Router router) {
        if (enabled) {
            requireCertificate();
            // After the route that counts each request, and before those that ask who sends it.
            router.route().order(Integer.MIN_VALUE + 1).handler(this::handle);
        }
    }

    private void requireCertificate() {
        if (name.flatMap(registry::get)
                .or(registry::getDefault)
                .filter(tls -> tls.getKeyStoreOptions() != null)
                .isEmpty()) {
            throw new ConfigurationException(
                    "quarkus.http.insecure-requests=redirect needs a certificate to redirect to:"
                            + " set QUARKUS_TLS_KEY_STORE_PEM_SERVER_CERT and QUARKUS_TLS_KEY_STORE_PEM_SERVER_KEY");
        }
    }

    private void handle(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (request.isSSL() || request.path().equals("/")) {
            context.next();
            return;
        }
        HostAndPort authority = request.authority();
        if (authority == null
                || authority.host().isEmpty()
                || request.headers().getAll(HttpHeaders.HOST).size() > 1
                || !request.path().startsWith("/")) {
            context.fail(400);
            return;
        }
        String location = location(authority, request.localAddress().port(), port, request.path(), request.query());
        request.resume(); // What there is of a body is let go, so that the connection can be used again.
        context.response()
                .setStatusCode(PERMANENT_REDIRECT)
                .putHeader(HttpHeaders.LOCATION, location)
                .end();
    }

    /**
     * The same at HTTPS. The host is the one that the client named itself. Who named no port, although it is not 80 that is
     * listened to, came to it by way of something that publishes our ports as 80 and 443.
     */
    static String location(HostAndPort authority, int ownPort, int tlsPort, String path, @Nullable String query) {
        boolean published = authority.port() < 0 && ownPort != HTTP_PORT;
        boolean implied = published || tlsPort == HTTPS_PORT;
        return "https://" + authority.host() + (implied ? "" : ":" + tlsPort) + path
                + (query == null ? "" : "?" + query);
    }
}
