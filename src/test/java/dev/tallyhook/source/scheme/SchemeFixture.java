package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.SourcesConfig;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.MultiMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;

/** Makes sources of settings, and requests as their senders make them; and tries on both what must hold for every scheme. */
final class SchemeFixture {

    static final Instant NOW = Instant.parse("2026-11-27T10:00:00Z");

    private static final String NAME = "shop";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private SchemeFixture() {}

    /** A source of the scheme, with these settings as name and value in turn. */
    static Scheme scheme(String scheme, String... settings) {
        var all = settings(settings);
        all.put("scheme", scheme);
        return scheme(all);
    }

    private static Scheme scheme(Map<String, String> settings) {
        Map<String, String> properties = new HashMap<>();
        settings.forEach((name, value) -> properties.put("tallyhook.sources." + NAME + "." + name, value));
        SourcesConfig config = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(new PropertiesConfigSource(properties, "test", 100))
                .withMapping(SourcesConfig.class)
                .build()
                .getConfigMapping(SourcesConfig.class);
        SourcesConfig.OfSource of = config.sources().get(NAME);
        return Schemes.of(new SchemeContext(NAME, of, Clock.fixed(NOW, ZoneOffset.UTC), reloaded -> {}));
    }

    /** What a source with these settings is refused with, behind the name of the source. */
    static String refusal(String scheme, String... settings) {
        String message = String.valueOf(assertThrows(ConfigurationException.class, () -> scheme(scheme, settings))
                .getMessage());
        assertFalse(message.contains("\n"), message);
        String prefix = "tallyhook.sources." + NAME + ".";
        assertEquals(prefix, message.substring(0, prefix.length()));
        return message.substring(prefix.length());
    }

    static Map<String, String> settings(String... namesAndValues) {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            all.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return all;
    }

    /** A request with these headers, as name and value in turn. */
    static Delivery delivery(byte[] body, String... headers) {
        MultiMap all = MultiMap.caseInsensitiveMultiMap();
        for (int i = 0; i < headers.length; i += 2) {
            all.add(headers[i], headers[i + 1]);
        }
        return new Delivery(all, null, body);
    }

    static Delivery delivery(String body, String... headers) {
        return delivery(bytes(body), headers);
    }

    private static Delivery delivery(byte[] body, Map<String, String> headers) {
        MultiMap all = MultiMap.caseInsensitiveMultiMap();
        all.addAll(headers);
        return new Delivery(all, null, body);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Made by the JDK alone, not by what is tried. */
    static byte[] hmac(String algorithm, byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            return mac.doFinal(bytes(text));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String hex(String secret, String text) {
        return HexFormat.of().formatHex(hmac("HmacSHA256", bytes(secret), text));
    }

    static String base64(String secret, String text) {
        return Base64.getEncoder().encodeToString(hmac("HmacSHA256", bytes(secret), text));
    }

    /** What events say, so that a difference can be read. */
    static void assertEvents(List<Event> expected, List<Event> events) {
        assertEquals(
                expected.stream().map(SchemeFixture::told).collect(Collectors.joining("\n")),
                events.stream().map(SchemeFixture::told).collect(Collectors.joining("\n")));
        assertEquals(expected, events);
    }

    private static String told(Event event) {
        Money money = event.money();
        return "identity " + event.identity() + "\n type " + event.type() + "\n subject " + event.subject() + "\n at "
                + event.occurredAt() + "\n from " + event.sourceAccount() + "\n to " + event.destinationAccount()
                + "\n worth "
                + (money == null
                        ? null
                        : money.amount() + " " + money.currency() + " sent as " + money.sent() + " " + money.unit())
                + "\n because " + event.unmapped();
    }

    /** Amount and currency, or null. */
    static @Nullable String worth(Event event) {
        Money money = event.money();
        return money == null ? null : money.amount() + " " + money.currency();
    }

    static Money minor(String amount, String currency, String sent) {
        return new Money(new BigDecimal(amount), currency, sent, Money.Unit.MINOR);
    }

    static Money major(String amount, String currency) {
        return new Money(new BigDecimal(amount), currency, amount, Money.Unit.MAJOR);
    }

    /**
     * One request that is signed, and whatever must be refused of it.
     *
     * @param settings of the source; {@code secrets} is the one that signed it
     * @param another secret, of the same form
     * @param signature the header that it is in
     * @param signedHeaders others that are signed
     */
    record Signed(
            Map<String, String> settings,
            String another,
            String body,
            Map<String, String> headers,
            String signature,
            List<String> signedHeaders) {

        /** What must be so for every scheme. */
        Stream<DynamicTest> cases() {
            Scheme scheme = scheme(settings);
            String secret = settings.get("secrets");
            List<DynamicTest> cases = new ArrayList<>();
            cases.add(
                    test("it is taken as it came", () -> assertEquals(Verdict.SIGNED, verdict(scheme, body, headers))));
            cases.add(test(
                    "a wrong secret does not fit",
                    () -> assertEquals(Verdict.UNSIGNED, verdict(with("secrets", another), body, headers))));
            cases.add(test("an old secret fits beside a new one", () -> {
                assertEquals(Verdict.SIGNED, verdict(with("secrets", another + "," + secret), body, headers));
                assertEquals(Verdict.SIGNED, verdict(with("secrets", secret + "," + another), body, headers));
            }));
            cases.add(test("no bit of the body may differ", () -> {
                byte[] bytes = bytes(body);
                for (int bit = 0; bit < bytes.length * 8; bit++) {
                    byte[] changed = bytes.clone();
                    changed[bit / 8] ^= (byte) (1 << bit % 8);
                    assertEquals(
                            Verdict.UNSIGNED, scheme.verify(delivery(changed, headers)), "bit " + bit + " of the body");
                }
            }));
            for (String other : List.of(body + "\n", body + " ", " " + body, "", body.substring(1))) {
                cases.add(test(
                        "another body of " + other.length() + " characters",
                        () -> assertEquals(Verdict.UNSIGNED, verdict(scheme, other, headers))));
            }
            Stream.concat(Stream.of(signature), signedHeaders.stream())
                    .forEach(name -> cases.addAll(header(scheme, name)));
            changes()
                    .forEach((what, change) -> cases.add(test(signature + " " + what, () -> {
                        String value = headers.get(signature);
                        String changed = change.apply(value);
                        if (!changed.equals(value)) {
                            assertEquals(Verdict.UNSIGNED, verdict(scheme, body, plus(signature, changed)), changed);
                        }
                    })));
            return cases.stream();
        }

        private List<DynamicTest> header(Scheme scheme, String name) {
            String value = headers.get(name);
            return List.of(
                    test("no bit of " + name + " may differ", () -> {
                        for (int bit = 0; bit < value.length() * 8; bit++) {
                            char[] changed = value.toCharArray();
                            changed[bit / 8] ^= (char) (1 << bit % 8);
                            assertEquals(
                                    Verdict.UNSIGNED,
                                    verdict(scheme, body, plus(name, new String(changed))),
                                    "bit " + bit + " of " + name);
                        }
                    }),
                    test(name + " missing", () -> {
                        Map<String, String> without = new HashMap<>(headers);
                        without.remove(name);
                        assertEquals(Verdict.UNSIGNED, verdict(scheme, body, without));
                    }),
                    test(name + " twice", () -> {
                        MultiMap twice = MultiMap.caseInsensitiveMultiMap();
                        twice.addAll(headers).add(name, value);
                        assertEquals(Verdict.UNSIGNED, scheme.verify(new Delivery(twice, null, bytes(body))));
                    }));
        }

        /** Forms of the signature that a lenient reader would take. */
        private static Map<String, Function<String, String>> changes() {
            Map<String, Function<String, String>> all = new LinkedHashMap<>();
            all.put("in upper case", value -> value.toUpperCase(Locale.ROOT));
            all.put("with upper-case digits", value -> {
                int from = Math.max(value.lastIndexOf('='), value.lastIndexOf(',')) + 1;
                return value.substring(0, from) + value.substring(from).toUpperCase(Locale.ROOT);
            });
            all.put("without padding", value -> value.replaceAll("=+$", ""));
            all.put("with more padding", value -> value + "=");
            all.put("with Base64 of URLs", value -> value.replace('+', '-').replace('/', '_'));
            all.put("shorter", value -> value.substring(0, value.length() - 1));
            all.put("longer", value -> value + "0");
            all.put("empty", value -> "");
            all.put("of nothing but its first half", value -> value.substring(0, value.length() / 2));
            all.put("behind a blank", value -> " " + value);
            all.put("before a blank", value -> value + " ");
            all.put("before a tab", value -> value + "\t");
            all.put("in quotes", value -> '"' + value + '"');
            all.put("before a comma", value -> value + ",");
            all.put("before a semicolon", value -> value + ";");
            all.put("twice, with a comma", value -> value + "," + value);
            all.put("twice, with a comma and a blank", value -> value + ", " + value);
            all.put("behind another prefix", value -> "sha1=" + value);
            all.put("oversized", value -> value + "0".repeat(100_000));
            all.put("of commas", value -> ",".repeat(10_000));
            all.put("of equals signs", value -> "=".repeat(10_000));
            all.put("with what is no ASCII", value -> "\u00ff\u0000" + value);
            return all;
        }

        private Scheme with(String setting, String value) {
            Map<String, String> changed = new HashMap<>(settings);
            changed.put(setting, value);
            return scheme(changed);
        }

        private Map<String, String> plus(String header, String value) {
            Map<String, String> changed = new HashMap<>(headers);
            changed.put(header, value);
            return changed;
        }

        private static Verdict verdict(Scheme scheme, String body, Map<String, String> headers) {
            return scheme.verify(delivery(bytes(body), headers));
        }
    }

    /** A timestamp that is signed, at both its bounds. */
    static Stream<DynamicTest> bounds(
            Map<String, String> settings,
            String body,
            long toleranceSeconds,
            LongFunction<Map<String, String>> signedAt) {
        Map<String, String> wide = new HashMap<>(settings);
        wide.put("tolerance", "PT1H");
        long now = NOW.getEpochSecond();
        return Stream.of(Map.entry(settings, toleranceSeconds), Map.entry(wide, 3600L))
                .flatMap(of -> Stream.of(-1, 1)
                        .map(side -> test("within " + of.getValue() + " s, " + side, () -> {
                            Scheme scheme = scheme(of.getKey());
                            long bound = now + side * of.getValue();
                            assertEquals(Verdict.SIGNED, scheme.verify(delivery(bytes(body), signedAt.apply(bound))));
                            assertEquals(
                                    Verdict.UNSIGNED,
                                    scheme.verify(delivery(bytes(body), signedAt.apply(bound + side))));
                            assertEquals(Verdict.UNSIGNED, scheme.verify(delivery(bytes(body), signedAt.apply(0L))));
                        })));
    }

    /** Whatever comes, it is an event at the least, and nothing is thrown. */
    static Stream<DynamicTest> survived(Scheme scheme, Map<String, String> headers, String... samples) {
        List<DynamicTest> cases = new ArrayList<>();
        junk().forEach((what, body) -> cases.add(test(what, () -> survives(scheme, headers, body))));
        for (String sample : samples) {
            cases.add(test("other kinds in " + sample.substring(0, Math.min(60, sample.length())), () -> {
                for (String changed : mutants(sample)) {
                    survives(scheme, headers, bytes(changed));
                }
            }));
        }
        return cases.stream();
    }

    private static void survives(Scheme scheme, Map<String, String> headers, byte[] body) {
        Delivery delivery = delivery(body, headers);
        assertEquals(Verdict.UNSIGNED, scheme.verify(delivery));
        List<Event> events = scheme.events(delivery);
        assertFalse(events.isEmpty());
        events.forEach(event -> assertFalse(event.identity().isEmpty()));
        assertEvents(events, scheme.events(delivery)); // The same when it comes again.
    }

    private static Map<String, byte[]> junk() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("nothing", new byte[0]);
        for (String text : List.of(
                "null",
                "true",
                "7",
                "\"text\"",
                "[]",
                "[{}]",
                "{}",
                "{",
                "{\"id\":\"a\"} x",
                "a=b&c=%zz",
                "<a/>",
                "\u0000",
                "{\"id\":\"\ud800\"}",
                "{\"id\":\"\\ud800\"}",
                "{\"id\":\"\\u0000\"}",
                "{\"id\":1,\"id\":2}",
                "{\"id\":1e99999999999}",
                "{\"id\":NaN}",
                "{\"id\":" + "9".repeat(10_000) + "}")) {
            all.put(text.substring(0, Math.min(40, text.length())), bytes(text));
        }
        all.put("no UTF-8", new byte[] {'{', '"', 'i', 'd', '"', ':', '"', (byte) 0xff, '"', '}'});
        all.put("deep", bytes("{\"data\":".repeat(50_000) + "1" + "}".repeat(50_000)));
        all.put("wide", bytes("{\"events\":[" + "1,".repeat(2_000) + "1]}"));
        return all;
    }

    /** The sample with each of its values in turn replaced by values of other kinds. */
    private static List<String> mutants(String sample) {
        try {
            List<String> mutants = new ArrayList<>();
            for (String other : List.of(
                    "null",
                    "true",
                    "-0",
                    "1e999999999",
                    "-1e-999999999",
                    "12345678901234567890123",
                    "1.5",
                    "\"\"",
                    "\"a/b~2\"",
                    "\"\\u0000\"",
                    "\"\\ud800\"",
                    "{}",
                    "{\"id\":{}}",
                    "[]",
                    "[null,[],{}]",
                    "\"+999999999-12-31T23:59:59Z\"",
                    "\"" + "x".repeat(5_000) + "\"")) {
                JsonNode root = MAPPER.readTree(sample);
                replace(root, root, other, mutants);
            }
            return mutants;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void replace(JsonNode root, JsonNode node, String other, List<String> mutants) throws IOException {
        String hole = "\"a hole for another value\"";
        JsonNode mark = MAPPER.readTree(hole);
        if (node instanceof ObjectNode object) {
            for (String name : List.copyOf(
                    object.properties().stream().map(Map.Entry::getKey).toList())) {
                JsonNode kept = object.get(name);
                object.set(name, mark);
                mutants.add(MAPPER.writeValueAsString(root).replace(hole, other));
                object.set(name, kept);
                replace(root, kept, other, mutants);
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                JsonNode kept = array.get(i);
                array.set(i, mark);
                mutants.add(MAPPER.writeValueAsString(root).replace(hole, other));
                array.set(i, kept);
                replace(root, kept, other, mutants);
            }
        }
    }

    private static DynamicTest test(String name, Runnable what) {
        return DynamicTest.dynamicTest(printable(name), what::run);
    }

    private static String printable(@Nullable String name) {
        return String.valueOf(name).replaceAll("[^ -~]", "?");
    }
}
