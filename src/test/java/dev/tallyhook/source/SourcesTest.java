package dev.tallyhook.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourcesTest {

    @TempDir
    Path directory;

    private static SourcesConfig config(Map<String, String> settings) {
        return new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withMapping(SourcesConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build()
                .getConfigMapping(SourcesConfig.class);
    }

    /** Seen by a file that is there for as long as the settings are checked. */
    @Test
    void what_was_checked_is_what_is_used_and_is_made_once() throws IOException {
        Path secrets = Files.writeString(directory.resolve("secrets"), "whsec_one\n");
        SourcesConfig config = config(Map.of(
                "tallyhook.sources.shop.scheme", "stripe", "tallyhook.sources.shop.secrets-file", secrets.toString()));
        assertEquals(List.of(), Sources.problems(config));
        Files.delete(secrets);
        var made = Sources.made(config);
        assertEquals("shop", made.byName().get("shop").name());
        assertEquals(1, made.credentials().size());
        assertThrows(ConfigurationException.class, () -> Sources.made(config), "it is taken once");
    }

    @Test
    void what_was_checked_is_not_used_for_other_settings() {
        Map<String, String> settings =
                Map.of("tallyhook.sources.shop.scheme", "stripe", "tallyhook.sources.shop.secrets", "whsec_one");
        SourcesConfig checked = config(settings);
        SourcesConfig other = config(settings);
        Sources.problems(checked);
        var made = Sources.made(other);
        assertSame(other, made.config());
        assertNotSame(checked, made.config());
    }

    @Test
    void each_source_that_is_wrong_is_told_and_none_is_kept() {
        SourcesConfig config = config(Map.of(
                "tallyhook.sources.a.scheme",
                "nothing",
                "tallyhook.sources.b.scheme",
                "stripe",
                "tallyhook.sources.c.scheme",
                "stripe",
                "tallyhook.sources.c.secrets",
                "whsec_one"));
        assertEquals(2, Sources.problems(config).size());
        assertThrows(ConfigurationException.class, () -> Sources.made(config));
    }
}
