package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Pins the names and defaults that operators rely on, and holds the pages for them to these. */
class ConfigurationTest {

    private static final String UNSET = "";

    private static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("tallyhook.processing.delay", "PT30S"),
            Map.entry("tallyhook.processing.batch-size", "1000"),
            Map.entry("tallyhook.processing.stalled-after", "PT10S"),
            Map.entry("tallyhook.intake.body-size-max", "64K"),
            Map.entry("tallyhook.intake.answer-within", "PT0.4S"),
            Map.entry("tallyhook.intake.warm-up-max", "PT5S"),
            Map.entry("tallyhook.intake.waiting-max", "2048"),
            Map.entry("tallyhook.intake.group-size-max", "256"),
            Map.entry("tallyhook.intake.json-depth-max", "32"),
            Map.entry("tallyhook.intake.json-number-length-max", "128"),
            Map.entry("tallyhook.docs.enabled", "true"),
            Map.entry("tallyhook.open-access", "false"),
            Map.entry("tallyhook.webhook.secrets", UNSET),
            Map.entry("tallyhook.webhook.secrets-file", UNSET),
            Map.entry("tallyhook.webhook.tolerance", "PT5M"),
            Map.entry("tallyhook.api.tokens", UNSET),
            Map.entry("tallyhook.api.tokens-file", UNSET),
            Map.entry("tallyhook.api.hold-tokens", UNSET),
            Map.entry("tallyhook.api.hold-tokens-file", UNSET),
            Map.entry("tallyhook.api.raw-tokens", UNSET),
            Map.entry("tallyhook.api.raw-tokens-file", UNSET),
            Map.entry("tallyhook.api.write-tokens", UNSET),
            Map.entry("tallyhook.api.write-tokens-file", UNSET),
            Map.entry("tallyhook.ledger.keep", UNSET),
            Map.entry("tallyhook.ledger.archive-to", UNSET),
            Map.entry("tallyhook.ledger.remember-ids", "P30D"),
            Map.entry("tallyhook.ledger.keep-requests", UNSET),
            Map.entry("tallyhook.ledger.keep-conflicts", UNSET),
            Map.entry("tallyhook.ledger.keep-dead-letters", UNSET),
            Map.entry("tallyhook.telling.keys", UNSET),
            Map.entry("tallyhook.telling.keys-file", UNSET),
            Map.entry("tallyhook.telling.allow-http", "false"),
            Map.entry("tallyhook.telling.allow-ports", "443,1024-65535"),
            Map.entry("tallyhook.telling.allowed-networks", UNSET),
            Map.entry("tallyhook.telling.denied-networks", UNSET),
            Map.entry("tallyhook.telling.timeout", "PT15S"),
            Map.entry("tallyhook.telling.connect-timeout", "PT3S"),
            Map.entry("tallyhook.telling.retries", "PT5S,PT5M,PT30M,PT2H,PT5H,PT10H,PT14H,PT20H,P1D"),
            Map.entry("tallyhook.telling.disable-after", "P5D"),
            Map.entry("tallyhook.telling.in-flight-max", "256"),
            Map.entry("tallyhook.telling.in-flight-per-endpoint-max", "64"),
            Map.entry("tallyhook.telling.tls-configuration-name", UNSET),
            Map.entry("tallyhook.telling.keep-attempts", "P1D"),
            Map.entry("tallyhook.connections.max", "10000"),
            Map.entry("tallyhook.connections.request-within", "PT10S"),
            Map.entry("tallyhook.tls.client-auth", "none"),
            Map.entry("tallyhook.tls.reload-period", "5s"));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.tallyhook");

    @Test
    void names_and_defaults_are_those_that_operators_rely_on() {
        Map<String, String> found = new TreeMap<>();
        for (var type : CLASSES) {
            if (type.isAnnotatedWith(ConfigMapping.class)) {
                collect(type.getAnnotationOfType(ConfigMapping.class).prefix(), type, found);
            }
        }
        assertEquals(new TreeMap<>(SETTINGS), found);
    }

    /** What the pools on the database are, and what makes each of them another one. */
    private static final Set<String> POOLS = Set.of("intake.", "processing.", "sweep.", "delivery.");

    private static final Set<String> OF_ALL_POOLS =
            Set.of("quarkus.datasource.health.enabled", "quarkus.datasource.metrics.enabled");

    private static final Set<String> OF_EACH_POOL = Set.of(
            "jdbc.max-size",
            "jdbc.min-size",
            "jdbc.initial-size",
            "jdbc.acquisition-timeout",
            "jdbc.additional-jdbc-properties.ApplicationName",
            "jdbc.additional-jdbc-properties.socketTimeout",
            "jdbc.additional-jdbc-properties.options");

    /** No pool takes over what another one says, so each says all of it. This finds the one in which something was forgotten. */
    @Test
    void pools_differ_in_nothing_but_what_makes_them_another_one() throws IOException {
        Map<String, String> first = pool("");
        for (String name : POOLS) {
            Map<String, String> pool = pool(name);
            assertEquals("${quarkus.datasource.jdbc.url}", pool.remove("jdbc.url"), name);
            assertEquals("${quarkus.datasource.username:}", pool.remove("username"), name);
            assertEquals("${quarkus.datasource.password:}", pool.remove("password"), name);
            assertEquals(first.keySet(), pool.keySet(), name);
            first.forEach((key, value) -> {
                if (!OF_EACH_POOL.contains(key)) {
                    assertEquals(value, pool.get(key), name + key);
                }
            });
        }
    }

    private static Map<String, String> pool(String name) throws IOException {
        String prefix = "quarkus.datasource." + name;
        Properties properties = ApplicationProperties.read();
        Map<String, String> pool = new TreeMap<>();
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith(prefix)
                    && !OF_ALL_POOLS.contains(key)
                    && (!name.isEmpty() || POOLS.stream().noneMatch(other -> key.startsWith(prefix + other)))) {
                pool.put(key.substring(prefix.length()), properties.getProperty(key));
            }
        }
        return pool;
    }

    /** A variable, its property and the default. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| `([^`]+)` \\| (?:none|`([^`]*)`) \\|");

    private static final Pattern SETTINGS_OF_ONE = Pattern.compile("(?m)^\\| ((?:`[a-z-]+`(?:, )?)+) \\|");

    @Test
    void the_table_has_each_with_its_variable_and_default_and_nothing_else() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        Properties properties = ApplicationProperties.read();
        ROW.matcher(page("running.md")).results().forEach(row -> {
            String property = row.group(2);
            String said = row.group(3) == null ? UNSET : row.group(3);
            if (property.startsWith("tallyhook.")) {
                assertEquals(null, rows.put(property, said), () -> property + " is there twice");
            } else if (properties.containsKey(property)) {
                assertEquals(properties.getProperty(property), said, property);
            }
            if (!row.group(1).startsWith("OTEL_")) {
                assertEquals(property.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT), row.group(1));
            }
        });
        assertEquals(new TreeMap<>(SETTINGS), rows);
    }

    @Test
    void the_tables_of_sources_and_endpoints_have_each_setting_and_nothing_else() throws IOException {
        assertEquals(
                settings("dev.tallyhook.source.SourcesConfig$OfSource"),
                settingsIn(page("sources.md"), "| setting | variable ends with |"));
        assertEquals(
                settings("dev.tallyhook.endpoint.EndpointsConfig$OfEndpoint"),
                settingsIn(page("running.md"), "| property | default | what it says |"));
    }

    private static Set<String> settings(String type) {
        return CLASSES.get(type).getMethods().stream()
                .map(method -> kebabCase(method.getName()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> settingsIn(String page, String head) {
        String table = page.substring(page.indexOf("\n" + head)).split("\n\n", 2)[0];
        return SETTINGS_OF_ONE
                .matcher(table)
                .results()
                .flatMap(row -> Stream.of(row.group(1).split(", ")))
                .map(name -> name.replace("`", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String page(String name) throws IOException {
        return Files.readString(Path.of("docs", name));
    }

    private static void collect(String prefix, JavaClass type, Map<String, String> found) {
        for (var method : type.getMethods()) {
            String name = prefix + "." + kebabCase(method.getName());
            if (method.getRawReturnType().getName().startsWith(type.getName() + "$")) {
                collect(name, method.getRawReturnType(), found);
            } else if (method.isAnnotatedWith(WithDefault.class)) {
                found.put(name, method.getAnnotationOfType(WithDefault.class).value());
            } else if (method.getRawReturnType().isEquivalentTo(Optional.class)) {
                found.put(name, UNSET);
            }
        }
    }

    private static String kebabCase(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
