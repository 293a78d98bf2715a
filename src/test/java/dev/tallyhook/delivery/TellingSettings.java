package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.TellingConfig;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;

/** How endpoints are told, as it is configured where nobody says otherwise, but for this. */
final class TellingSettings {

    private TellingSettings() {}

    /** With names and values in turn, without their prefix. */
    static TellingConfig with(String... namesAndValues) {
        Map<String, String> settings = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            settings.put("tallyhook.telling." + namesAndValues[i], namesAndValues[i + 1]);
        }
        return new SmallRyeConfigBuilder()
                .withMapping(TellingConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 0))
                .build()
                .getConfigMapping(TellingConfig.class);
    }
}
