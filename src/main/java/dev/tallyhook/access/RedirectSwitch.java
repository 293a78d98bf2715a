package dev.tallyhook.access;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Gives the redirect of the plain port to {@link HttpsRedirect} where {@code quarkus.http.insecure-requests} asks for one: the
 * framework's own answers 301, after which clients send a GET and the webhook is lost.
 */
public final class RedirectSwitch implements ConfigSourceFactory {

    static final String ENABLED = "https-redirect.enabled";

    private static final String INSECURE_REQUESTS = "quarkus.http.insecure-requests";

    /** Above whatever else says it: system properties have 400. */
    private static final int ORDINAL = 500;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        ConfigValue said = context.getValue(INSECURE_REQUESTS);
        if (said == null || said.getValue() == null || !said.getValue().strip().equalsIgnoreCase("redirect")) {
            return List.of();
        }
        return List.of(new PropertiesConfigSource(
                Map.of(INSECURE_REQUESTS, "enabled", ENABLED, "true"), "redirect to HTTPS", ORDINAL));
    }
}
