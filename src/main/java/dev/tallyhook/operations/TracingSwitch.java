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
 * from the start. The standard names of the settings, such as {@code OTEL_EXPORTER_OTLP_ENDPOINT}, are understood too.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/">OTLP exporter configuration</a>
 */
public final class TracingSwitch implements ConfigSourceFactory {

    private static final String FRAMEWORK = "quarkus.";
    private static final String ENDPOINT = "otel.exporter.otlp.endpoint";
    private static final String TRACES_ENDPOINT = "otel.exporter.otlp.traces.endpoint";
    private static final String DISABLED = "otel.sdk.disabled";

    private static final List<String> STANDARD = List.of(
            ENDPOINT,
            TRACES_ENDPOINT,
            "otel.exporter.otlp.protocol",
            "otel.exporter.otlp.headers",
            "otel.exporter.otlp.traces.protocol",
            "otel.exporter.otlp.traces.headers",
            "otel.service.name",
            "otel.traces.sampler.arg");

    /** Above application.properties (250), below the environment (300), which may say otherwise. */
    private static final int ORDINAL = 275;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        Map<String, String> settings = new HashMap<>();
        for (String name : STANDARD) {
            String value = said(context, name);
            if (value != null) {
                settings.put(FRAMEWORK + name, value);
            }
        }
        boolean on = !"true".equalsIgnoreCase(said(context, DISABLED))
                && List.of(ENDPOINT, TRACES_ENDPOINT).stream()
                        .anyMatch(name ->
                                settings.containsKey(FRAMEWORK + name) || said(context, FRAMEWORK + name) != null);
        settings.put(FRAMEWORK + DISABLED, Boolean.toString(!on));
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
