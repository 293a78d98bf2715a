package dev.tallyhook.development;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * Gives the datasource the URL of an embedded PostgreSQL where none is set and one is wanted. It knows the class that
 * starts the server only by a name in the configuration, which dev mode and the tests have and production lacks:
 * production carries neither that class's library nor the server, so nothing may refer to it directly.
 */
public final class EmbeddedPostgresConfigSource implements ConfigSourceFactory {

    private static final String URL = "quarkus.datasource.jdbc.url";
    private static final String STARTER = "embedded-postgres.starter";
    private static final String DIRECTORY = "embedded-postgres.directory";

    /** Above application.properties (250), below the environment (300) and system properties (400). */
    private static final int ORDINAL = 275;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        String starter = value(context, STARTER);
        if (starter == null || value(context, URL) != null) {
            return List.of();
        }
        String directory = value(context, DIRECTORY);
        String url = starter(starter).apply(directory == null ? "" : directory);
        return List.of(new PropertiesConfigSource(
                Map.of(URL, url, "quarkus.datasource.username", "postgres", "quarkus.datasource.password", "postgres"),
                "embedded PostgreSQL",
                ORDINAL));
    }

    private static @Nullable String value(ConfigSourceContext context, String name) {
        var value = context.getValue(name);
        return value == null || value.getValue() == null || value.getValue().isBlank() ? null : value.getValue();
    }

    @SuppressWarnings("unchecked") // The configuration names a class of ours.
    private static UnaryOperator<String> starter(String className) {
        try {
            var loader = Thread.currentThread().getContextClassLoader();
            return Class.forName(className, true, loader)
                    .asSubclass(UnaryOperator.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(
                    STARTER + " names " + className + ", which is not here; production needs " + URL, failure);
        }
    }
}
