package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.SourcesConfig;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One that sends webhooks to a scheme, as a provider or a stranger would.
 *
 * @param scheme as it is configured
 */
record Provider(Scheme scheme) {

    static final Instant NOW = Instant.parse("2026-11-27T10:00:05Z");

    /** Of these settings, without {@code tallyhook.sources.<name>.}; the clock stands still. */
    static Provider of(Function<SchemeContext, Scheme> scheme, Map<String, String> settings) {
        return new Provider(scheme.apply(context(settings, Clock.fixed(NOW, ZoneOffset.UTC))));
    }

    static SchemeContext context(Map<String, String> settings, Clock clock) {
        var all = new HashMap<String, String>();
        all.put("tallyhook.sources.test.scheme", "any");
        settings.forEach((name, value) -> all.put("tallyhook.sources.test." + name, value));
        SourcesConfig config = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withMapping(SourcesConfig.class)
                .withSources(new PropertiesConfigSource(all, "test", 100))
                .build()
                .getConfigMapping(SourcesConfig.class);
        return new SchemeContext("test", config.sources().get("test"), clock, credentials -> {});
    }

    static Delivery delivery(Map<String, String> headers, String query, byte[] body) {
        MultiMap map = MultiMap.caseInsensitiveMultiMap();
        headers.forEach(map::add);
        return new Delivery(map, query, body);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    Verdict verify(Map<String, String> headers, String body) {
        return scheme.verify(delivery(headers, null, bytes(body)));
    }

    List<Event> events(String body) {
        return scheme.events(delivery(Map.of(), null, bytes(body)));
    }

    /** The only event of it. */
    Event event(String body) {
        List<Event> events = events(body);
        if (events.size() != 1) {
            throw new AssertionError(events);
        }
        return events.get(0);
    }

    /** Each body with one bit of one of its bytes turned over. */
    static Stream<byte[]> flips(String body) {
        byte[] original = bytes(body);
        return IntStream.range(0, original.length * 8).mapToObj(bit -> {
            byte[] flipped = original.clone();
            flipped[bit / 8] ^= (byte) (1 << (bit % 8));
            return flipped;
        });
    }

    /** Each text with one character replaced by each of some others, doubled, or left out. */
    static Stream<String> changes(String header) {
        return IntStream.range(0, header.length()).boxed().flatMap(at -> {
            String before = header.substring(0, at);
            String after = header.substring(at + 1);
            char original = header.charAt(at);
            return Stream.of(
                            before + after,
                            before + original + original + after,
                            before + " " + original + after,
                            before + (char) (original ^ 1) + after,
                            before + Character.toUpperCase(original) + after,
                            before + Character.toLowerCase(original) + after,
                            before + '\u00e9' + after)
                    .filter(changed -> !changed.equals(header));
        });
    }

    /** The header is missing, and comes twice. */
    Stream<Delivery> without(Map<String, String> headers, String name, String body) {
        var rest = new LinkedHashMap<>(headers);
        String value = rest.remove(name);
        MultiMap twice = MultiMap.caseInsensitiveMultiMap();
        headers.forEach(twice::add);
        twice.add(name, value);
        var empty = new LinkedHashMap<>(headers);
        empty.put(name, "");
        return Stream.of(
                delivery(rest, null, bytes(body)),
                delivery(empty, null, bytes(body)),
                new Delivery(twice, null, bytes(body)));
    }

    /** Nothing that a stranger sends gets anything but a refusal out of it, and what it would tell can be told. */
    void survives(Map<String, String> headers) {
        for (byte[] body : hostile()) {
            for (String query :
                    new String[] {null, "", "bodySHA256=", "bodySHA256=0&bodySHA256=0", "%", "&&&=\u0000"}) {
                Delivery delivery = delivery(headers, query, body);
                assertFalse(assertDoesNotThrow(() -> scheme.verify(delivery)) == Verdict.SIGNED);
                assertFalse(assertDoesNotThrow(() -> scheme.events(delivery)).isEmpty());
            }
        }
    }

    private static List<byte[]> hostile() {
        return Stream.concat(
                        Stream.of(
                                new byte[] {0, 0, 0, '{', -1, -1, -1, -1},
                                new byte[] {-1, -2, '{', 0, 0, -40},
                                new byte[] {-17, -69, -65, '{', '}'},
                                new byte[] {'{', '"', -64, -128, '"', ':', '1', '}'},
                                new byte[] {'a', '=', '%', 'f', 'f'}),
                        Stream.of(
                                        "",
                                        "\u0000",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"id\":1e999999999,\"type\":-1E-999999999}",
                                        "{\"notificationItems\":[{\"NotificationRequestItem\":{\"amount\":{\"value\":9e2147483647}}}]}",
                                        "{\"id\":1e99999999999}",
                                        "{\"notificationItems\":[null,1,[],{\"NotificationRequestItem\":[]}]}",
                                        "{\"notificationItems\":" + "[".repeat(5000),
                                        "{\"data\":" + "{\"data\":".repeat(5000),
                                        "{\"resource\":{\"amount\":{\"value\":" + "9".repeat(5000) + "}}}",
                                        "{\"resource_type\":\"capture\",\"resource\":{\"id\":\"\\ud800\",\"amount\":\"\\u0000\"}}",
                                        "{\"timestamp\":\"+999999999-12-31T23:59:59Z\",\"createdAt\":999999999999999}",
                                        "%",
                                        "%zz=1",
                                        "a=%",
                                        "a=%4",
                                        "bt_payload=&bt_signature=",
                                        "bt_payload=%00&bt_signature=%7C",
                                        "bt_payload=PGE%2B&bt_signature=" + "a%7Cb%26".repeat(1000),
                                        "a=b&".repeat(5000) + "a=b",
                                        "&",
                                        "=")
                                .map(Provider::bytes))
                .toList();
    }
}
