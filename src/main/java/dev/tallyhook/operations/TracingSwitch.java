package dev.tallyhook.operations;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * Switches tracing on once it is said where traces go to: the framework alone would send them to a collector on this machine
 * from the start. The standard name of that setting, {@code OTEL_EXPORTER_OTLP_ENDPOINT}, is understood too.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/">OTLP exporter configuration</a>
 */
public final class TracingSwitch implements ConfigSourceFactory {

    private static final String ENDPOINT = "quarkus.otel.exporter.otlp.endpoint";
    private static final String TRACES_ENDPOINT = "quarkus.otel.exporter.otlp.traces.endpoint";
    private static final String STANDARD_ENDPOINT = "otel.exporter.otlp.endpoint";
    private static final String DISABLED = "quarkus.otel.sdk.disabled";

    /** Above application.properties (250), below the environment (300), which may say otherwise. */
    private static final int ORDINAL = 275;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        Map<String, String> settings = new HashMap<>();
        String endpoint = said(context, ENDPOINT);
        if (endpoint == null) {
            endpoint = said(context, STANDARD_ENDPOINT);
            if (endpoint != null) {
                settings.put(ENDPOINT, endpoint);
            }
        }
        boolean on = endpoint != null || said(context, TRACES_ENDPOINT) != null;
        settings.put(DISABLED, Boolean.toString(!on));
        return List.of(new PropertiesConfigSource(settings, "tracing", ORDINAL));
    }

    /** What somebody has said, as opposed to a default. */
    private static @Nullable String said(ConfigSourceContext context, String name) {
        ConfigValue value = context.getValue(name);
        return value == null
                        || value.getValue() == null
                        || value.getValue().isBlank()
                        || value.getConfigSourceOrdinal() == Integer.MIN_VALUE
                ? null
                : value.getValue();
    }
}
