package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsRulesTest {

    private static final List<Class<?>> MAPPINGS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.tallyhook").stream()
                    .filter(type -> type.isAnnotatedWith(ConfigMapping.class))
                    .<Class<?>>map(type -> type.reflect())
                    .toList();

    /** Both bounds of each setting that has them, and what is next to them outside. */
    private static final String BOUNDS = """
            processing.batch-size,          0,         1,       100000,  100001
            processing.stalled-after,       PT1.999S,  PT2S,    ,
            processing.delay,               PT-0.001S, PT0S,    P365D,   P365DT0.001S
            intake.answer-within,           PT0.049S,  PT0.05S, PT5S,    PT5.001S
            intake.warm-up-max,             PT-0.001S, PT0S,    PT60S,   PT60.001S
            intake.waiting-max,             0,         1,       100000,  100001
            intake.group-size-max,          0,         1,       10000,   10001
            intake.json-depth-max,          0,         1,       1000,    1001
            intake.json-number-length-max,  23,        24,      1000,    1001
            webhook.tolerance,              PT0.999S,  PT1S,    P1D,     P1DT0.001S
            connections.max,                0,         1,       1000000, 1000001
            connections.request-within,     PT0.099S,  PT0.1S,  PT10M,   PT10M0.001S
            telling.timeout,                PT0.999S,  PT1S,    PT60S,   PT60.001S
            telling.connect-timeout,        PT0.099S,  PT0.1S,  PT60S,   PT60.001S
            telling.disable-after,          PT59.999S, PT1M,    P365D,   P365DT0.001S
            telling.in-flight-max,          0,         1,       4096,    4097
            telling.in-flight-per-endpoint-max, 0,     1,       1024,    1025
            telling.keep-attempts,          PT59.999S, PT1M,    P365D,   P365DT0.001S
            """;

    @ParameterizedTest
    @CsvSource(textBlock = BOUNDS)
    void both_bounds_are_allowed_and_what_is_beyond_them_has_a_line_that_says_which(
            String name, String below, String least, String most, String above) {
        String setting = "tallyhook." + name;
        assertAll(
                () -> assertEquals(List.of(), problems(Map.of(setting, least))),
                () -> assertEquals(1, said(setting, "must be at least", below)),
                () -> assertEquals(List.of(), most == null ? List.of() : problems(Map.of(setting, most))),
                () -> assertEquals(most == null ? 0 : 1, most == null ? 0 : said(setting, "must be at most", above)));
    }

    @Test
    void each_bound_of_the_code_is_tried() {
        List<Method> bounds = MAPPINGS.stream()
                .flatMap(type -> Stream.concat(Stream.of(type), Arrays.stream(type.getDeclaredClasses())))
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Within.class))
                .toList();
        bounds.forEach(bound -> assertTrue(
                bound.getDeclaringClass().getNestHost().isAnnotationPresent(RegisterForReflection.class),
                () -> "a native binary does not see " + bound));
        assertEquals(BOUNDS.lines().count(), bounds.size());
    }

    @Test
    void all_that_is_wrong_is_told_at_once() {
        assertEquals(
                List.of(
                        "tallyhook must know its senders and its readers: set TALLYHOOK_WEBHOOK_SECRETS (or"
                                + " TALLYHOOK_WEBHOOK_SECRETS_FILE) and TALLYHOOK_API_TOKENS (or TALLYHOOK_API_TOKENS_FILE); or"
                                + " TALLYHOOK_OPEN_ACCESS=true to run open to everyone who can connect",
                        "tallyhook.intake.group-size-max must be at least 1, and is 0",
                        "tallyhook.intake.waiting-max must be at most 100000, and is 2000000"),
                problems(Map.of(
                        "tallyhook.open-access",
                        "false",
                        "tallyhook.intake.group-size-max",
                        "0",
                        "tallyhook.intake.waiting-max",
                        "2000000")));
    }

    @Test
    void sources_are_looked_at_before_a_database_is_waited_for() {
        assertEquals(
                List.of(
                        "tallyhook.sources.shop.secrets or secrets-file must be set: what the provider signs with",
                        "tallyhook.sources.transactions must be named with 1 to 32 lower-case letters, digits and dashes, and"
                                + " not transactions, which is the built-in source"),
                problems(Map.of(
                        "tallyhook.sources.shop.scheme",
                        "stripe",
                        "tallyhook.sources.transactions.scheme",
                        "stripe",
                        "tallyhook.sources.right.scheme",
                        "stripe",
                        "tallyhook.sources.right.secrets",
                        "whsec_some")));
    }

    @Test
    void endpoints_are_looked_at_before_a_database_is_waited_for() {
        assertEquals(
                List.of(
                        "tallyhook.endpoints.ep_shop must be named with 1 to 64 lower-case letters, digits, dashes and"
                                + " underscores, and not begin with ep_, as those of the API do",
                        "tallyhook.endpoints.ep_shop.secrets: entry 1 must start with whsec_",
                        "tallyhook.endpoints.other must have secrets or a secrets-file",
                        "tallyhook.endpoints.other.amount-min must be greater than 0",
                        "tallyhook.endpoints.other.currencies entry 2 must be the code of a currency, such as INR",
                        "tallyhook.endpoints.other.url must begin with https://"),
                problems(Map.of(
                        "tallyhook.endpoints.ep_shop.url",
                        "https://example.com/",
                        "tallyhook.endpoints.ep_shop.secrets",
                        "secret",
                        "tallyhook.endpoints.other.url",
                        "http://example.com/",
                        "tallyhook.endpoints.other.currencies",
                        "INR,rupees",
                        "tallyhook.endpoints.other.amount-min",
                        "0",
                        "tallyhook.endpoints.right.url",
                        "https://example.com/",
                        "tallyhook.endpoints.right.secrets",
                        Senders.SECRET)));
    }

    @Test
    void how_endpoints_are_told_is_looked_at_too() {
        assertEquals(
                List.of(
                        "tallyhook.telling.allow-ports: entry 2 must be a port from 1 to 65535, or a range of them, such as"
                                + " 1024-65535",
                        "tallyhook.telling.keys: entry 1 must be 32 bytes in Base64, such as of: openssl rand -base64 32",
                        "tallyhook.telling.retries must have at most 100 waits, each longer than PT0S and at most P30D"),
                problems(Map.of(
                        "tallyhook.telling.keys",
                        "c2hvcnQ=",
                        "tallyhook.telling.allow-ports",
                        "443,9-8",
                        "tallyhook.telling.retries",
                        "PT5S,PT0S")));
    }

    private static long said(String setting, String rule, String value) {
        return problems(Map.of(setting, value)).stream()
                .filter(problem -> problem.startsWith(setting + ' ' + rule))
                .count();
    }

    private static List<String> problems(Map<String, String> settings) {
        var all = new HashMap<>(Map.of("tallyhook.open-access", "true"));
        all.putAll(settings);
        var builder = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(new PropertiesConfigSource(all, "test", 100));
        MAPPINGS.forEach(builder::withMapping);
        new SettingsRules().configBuilder(builder);
        try {
            builder.build();
            return List.of();
        } catch (ConfigValidationException e) {
            return IntStream.range(0, e.getProblemCount())
                    .mapToObj(i -> String.valueOf(e.getProblem(i).getMessage()))
                    .sorted()
                    .toList();
        }
    }
}
