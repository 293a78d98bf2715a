package dev.tallyhook.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.scheme.Schemes;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.MultiMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written about sources is complete, and what it shows to be copied works. */
class SourcesDocsTest {

    private static final Path OVERVIEW = Path.of("docs/sources.md");
    private static final Path PAGES = Path.of("docs/sources");

    /** Of a Markdown link: the file, and the heading in it. */
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)\\s]*))?\\)");

    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern SETTING = Pattern.compile("(?m)^(TALLYHOOK_SOURCES_([A-Z]+)_[A-Z_]+)=(.+)$");
    private static final Pattern REQUEST = Pattern.compile("(?s)```http\\n[^\\n]*\\n(.*?)\\n\\n(.*?)\\n```");

    private static final int LINES_MAX = 60;

    static Stream<String> schemes() {
        return Schemes.names().stream();
    }

    static Stream<Path> pages() throws IOException {
        try (Stream<Path> files = Files.list(PAGES)) {
            return Stream.concat(Stream.of(OVERVIEW), files.sorted().toList().stream());
        }
    }

    static Stream<String> settings() {
        return Arrays.stream(SourcesConfig.OfSource.class.getDeclaredMethods())
                .map(method -> method.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT))
                .sorted();
    }

    private static Path page(String scheme) {
        return PAGES.resolve(scheme + ".md");
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void each_scheme_has_a_page_that_the_overview_links_to(String scheme) throws IOException {
        String text = Files.readString(page(scheme));
        assertTrue(text.contains("Scheme `" + scheme + "`"), "names another scheme");
        assertTrue(text.lines().count() <= LINES_MAX, "is too long to be read at once");
        assertTrue(Files.readString(OVERVIEW).contains("[`" + scheme + "`](sources/" + scheme + ".md)"), "no link");
    }

    @Test
    void there_is_no_page_of_a_scheme_that_is_none() throws IOException {
        try (Stream<Path> files = Files.list(PAGES)) {
            var names = files.map(file -> file.getFileName().toString().replace(".md", ""))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(new TreeSet<>(Schemes.names()), names);
        }
    }

    @ParameterizedTest
    @EnumSource
    void each_reason_stands_in_the_overview(Unmapped reason) throws IOException {
        assertTrue(Files.readString(OVERVIEW).contains("\n| `" + reason.code() + "` |"));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void each_setting_stands_in_the_overview_with_its_variable(String setting) throws IOException {
        String variable = "_" + setting.replace('-', '_').toUpperCase(Locale.ROOT);
        assertTrue(Files.readAllLines(OVERVIEW).stream()
                .filter(line -> line.startsWith("| `"))
                .anyMatch(line -> line.contains("`" + setting + "`") && line.contains("`" + variable + "`")));
    }

    @ParameterizedTest
    @MethodSource("pages")
    void links_lead_to_files_and_headings_that_are_there(Path page) throws IOException {
        for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
            if (link.group(1).startsWith("https:")) {
                continue;
            }
            Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
            assertTrue(Files.exists(target), link.group());
            assertTrue(
                    link.group(2) == null || anchors(target).anyMatch(link.group(2)::equals),
                    () -> "no such heading: " + link.group());
        }
    }

    /** As GitHub makes them of headings. */
    private static Stream<String> anchors(Path page) throws IOException {
        return HEADING.matcher(Files.readString(page)).results().map(heading -> heading.group(1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9 _-]", "")
                .replace(' ', '-'));
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void what_a_page_shows_to_be_copied_makes_a_source(String scheme) throws IOException {
        assertEquals(scheme, source(page(scheme)).config().scheme());
    }

    @Test
    void the_worked_example_is_signed_and_becomes_what_the_page_says() throws IOException {
        MatchResult request = REQUEST.matcher(Files.readString(page("hmac")))
                .results()
                .findFirst()
                .orElseThrow();
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        request.group(1).lines().map(line -> line.split(": ", 2)).forEach(pair -> headers.add(pair[0], pair[1]));
        var delivery = new Delivery(headers, null, request.group(2).getBytes(StandardCharsets.UTF_8));
        Scheme acme = source(page("hmac")).scheme();
        assertEquals(Verdict.SIGNED, acme.verify(delivery));
        Event expected = Event.of("n-1")
                .ofType("payment.settled")
                .about("pay-77")
                .at(Instant.parse("2026-11-27T22:53:20Z"))
                .from("cust-9")
                .to("shop-3");
        assertEquals(
                Amounts.major(expected, "12.50", "EUR"), acme.events(delivery).get(0));
    }

    /** A source as a page sets it up. */
    private record Documented(SourcesConfig.OfSource config, Scheme scheme) {}

    private static Documented source(Path page) throws IOException {
        var lines = SETTING.matcher(Files.readString(page)).results().toList();
        Map<String, String> variables =
                lines.stream().collect(Collectors.toMap(line -> line.group(1), line -> line.group(3)));
        String name = lines.get(0).group(2).toLowerCase(Locale.ROOT);
        SourcesConfig.OfSource config = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(new EnvConfigSource(variables, 300))
                .withMapping(SourcesConfig.class)
                .build()
                .getConfigMapping(SourcesConfig.class)
                .sources()
                .get(name);
        Clock clock = Clock.fixed(Instant.ofEpochSecond(1_795_820_000), ZoneOffset.UTC);
        return new Documented(config, Schemes.of(new SchemeContext(name, config, clock, reloaded -> {})));
    }
}
