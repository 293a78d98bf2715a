package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Pins the names and defaults that operators rely on, and holds the README to them. */
class ConfigurationTest {

    private static final Map<String, String> SETTINGS = Map.of(
            "tallyhook.processing.delay", "PT30S",
            "tallyhook.processing.batch-size", "1000",
            "tallyhook.processing.stalled-after", "PT10S",
            "tallyhook.intake.body-size-max", "64K",
            "tallyhook.intake.answer-within", "PT0.4S",
            "tallyhook.intake.waiting-max", "2048",
            "tallyhook.intake.group-size-max", "256");

    @Test
    void names_and_defaults_are_those_that_operators_rely_on() {
        Map<String, String> found = new TreeMap<>();
        var classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.tallyhook");
        for (var type : classes) {
            if (type.isAnnotatedWith(ConfigMapping.class)) {
                String prefix = type.getAnnotationOfType(ConfigMapping.class).prefix();
                type.getMethods().stream()
                        .filter(method -> method.isAnnotatedWith(WithDefault.class))
                        .forEach(method -> found.put(
                                prefix + "." + kebabCase(method.getName()),
                                method.getAnnotationOfType(WithDefault.class).value()));
            }
        }
        assertEquals(new TreeMap<>(SETTINGS), found);
    }

    @Test
    void the_readme_names_each_with_its_variable_and_default() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        SETTINGS.forEach((name, value) -> {
            String variable = name.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT);
            String row = "| `" + variable + "` | `" + name + "` | `" + value + "` |";
            assertTrue(readme.contains(row), row);
        });
    }

    private static String kebabCase(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
