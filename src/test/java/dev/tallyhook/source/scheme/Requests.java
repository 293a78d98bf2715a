package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Money;
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
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** What a test sends to a scheme, and the ways in which it can be wrong. */
final class Requests {

    static final Instant NOW = Instant.parse("2026-11-27T10:00:00Z");
    static final long SECONDS = NOW.getEpochSecond();

    /** What nobody has configured. */
    static final String OTHER = "a-secret-of-somebody-else";

    private final Map<String, List<String>> headers;
    private final @Nullable String query;
    private final byte[] body;

    private Requests(Map<String, List<String>> headers, @Nullable String query, byte[] body) {
        this.headers = headers;
        this.query = query;
        this.body = body;
    }

    /** A scheme with these settings besides its name. */
    static Scheme scheme(String name, Map<String, String> settings) {
        return scheme(name, settings, NOW);
    }

    static Scheme scheme(String name, Map<String, String> settings, Instant now) {
        Map<String, String> all = new TreeMap<>(Map.of("tallyhook.sources.test.scheme", name));
        settings.forEach((setting, value) -> all.put("tallyhook.sources.test." + setting, value));
        SourcesConfig config = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withMapping(SourcesConfig.class)
                .withSources(new PropertiesConfigSource(all, "test", 100))
                .build()
                .getConfigMapping(SourcesConfig.class);
        return Schemes.of(new SchemeContext(
                "test",
                Objects.requireNonNull(config.sources().get("test")),
                Clock.fixed(now, ZoneOffset.UTC),
                reloaded -> {}));
    }

    static Scheme scheme(String name, String secrets) {
        return scheme(name, Map.of("secrets", secrets));
    }

    static Requests of(String body) {
        return of(body.getBytes(StandardCharsets.UTF_8));
    }

    static Requests of(byte[] body) {
        return new Requests(Map.of(), null, body);
    }

    Requests with(String header, String... values) {
        Map<String, List<String>> changed = new LinkedHashMap<>(headers);
        changed.put(header, List.of(values));
        return new Requests(changed, query, body);
    }

    Requests without(String header) {
        Map<String, List<String>> changed = new LinkedHashMap<>(headers);
        changed.remove(header);
        return new Requests(changed, query, body);
    }

    Requests withQuery(@Nullable String other) {
        return new Requests(headers, other, body);
    }

    Requests withBody(byte[] other) {
        return new Requests(headers, query, other);
    }

    String header(String name) {
        return Objects.requireNonNull(headers.get(name)).get(0);
    }

    Delivery delivery() {
        MultiMap all = MultiMap.caseInsensitiveMultiMap();
        headers.forEach(all::add);
        return new Delivery(all, query, body);
    }

    Verdict heldAgainst(Scheme scheme) {
        return scheme.verify(delivery());
    }

    Event eventOf(Scheme scheme) {
        List<Event> events = scheme.events(delivery());
        assertEquals(1, events.size());
        return events.get(0);
    }

    /** With the lowest bit of each byte of the body turned, one after the other. */
    Stream<Requests> withEachByteOfTheBodyFlipped() {
        List<Requests> changed = new ArrayList<>();
        for (int i = 0; i < body.length; i++) {
            byte[] other = body.clone();
            other[i] ^= 1;
            changed.add(withBody(other));
        }
        changed.add(withBody(new byte[0]));
        return changed.stream();
    }

    /** The same of each character of a header; then without it, and with it twice. */
    Stream<Requests> withEachCharacterFlipped(String name) {
        String right = header(name);
        List<Requests> changed = new ArrayList<>();
        for (int i = 0; i < right.length(); i++) {
            changed.add(with(name, right.substring(0, i) + (char) (right.charAt(i) ^ 1) + right.substring(i + 1)));
        }
        changed.add(without(name));
        changed.add(with(name, right, right));
        return changed.stream();
    }

    /** The same, and what else is wrong with a header that has one signature, and exactly that. */
    Stream<Requests> withTheHeaderSpoiled(String name) {
        String right = header(name);
        List<Requests> spoiled = new ArrayList<>(withEachCharacterFlipped(name).toList());
        for (String wrong : List.of(
                "",
                " ",
                ",",
                "=",
                "\u0000",
                "\uD800",
                right + " ",
                " " + right,
                right + ",",
                "," + right + "0",
                right.substring(0, right.length() - 1),
                right + right,
                right + "0",
                "x".repeat(100_000),
                ",".repeat(100_000),
                "v1=,".repeat(20_000))) {
            spoiled.add(with(name, wrong));
        }
        return spoiled.stream();
    }

    static void assertSigned(Scheme scheme, Requests request) {
        assertEquals(Verdict.SIGNED, request.heldAgainst(scheme), () -> String.valueOf(request.headers));
    }

    static void assertUnsigned(Scheme scheme, Requests request) {
        assertEquals(Verdict.UNSIGNED, request.heldAgainst(scheme), () -> String.valueOf(request.headers));
        // Whatever comes, it may be looked at without harm.
        scheme.events(request.delivery());
    }

    static void assertUnsigned(Scheme scheme, Stream<Requests> requests) {
        requests.forEach(request -> assertUnsigned(scheme, request));
    }

    /** Bodies that no provider sends; nothing that is signed may be refused for them, and no exception may come of them. */
    static Stream<byte[]> strangeBodies() {
        return Stream.concat(
                Stream.of(
                                "",
                                "null",
                                "[]",
                                "{",
                                "{}",
                                "true",
                                "\"text\"",
                                "{} {}",
                                "{\"id\":1,\"id\":2}",
                                "[".repeat(100_000),
                                "{\"data\":".repeat(10_000),
                                "{\"event\":[],\"data\":[],\"id\":{},\"type\":[],\"legs\":{}}",
                                "{\"event\":{\"data\":7},\"data\":\"x\",\"id\":[],\"_embedded\":[]}",
                                "{\"event\":\"charge.success\",\"type\":\"payment.paid\",\"data\":null,\"webhook_id\":null}",
                                "{\"id\":\"\\u0000\\ud800\",\"type\":\"\\udfff\",\"event\":\"\\u0000\"}",
                                "{\"event\":\"charge.success\",\"data\":{\"id\":1e999999999,\"amount\":1e999999999}}",
                                "{\"event\":\"charge.success\",\"data\":{\"id\":1e99999999999,\"amount\":1}}",
                                "{\"event\":\"TransactionCreated\",\"data\":{\"legs\":[1,null,{\"amount\":{}}]}}",
                                "{\"created\":99999999999999999999999,\"createdAt\":\"yesterday\",\"timestamp\":-1}")
                        .map(text -> text.getBytes(StandardCharsets.UTF_8)),
                Stream.of(
                        new byte[] {'{', '"', (byte) 0xC3, '"', '}'},
                        new byte[] {0, 0, 0, '{', 1, 2, 3, 4},
                        new byte[] {0, 0, (byte) 0xFF, (byte) 0xFE, 0, '{'},
                        new byte[] {(byte) 0xFF, (byte) 0xFE, '{'},
                        new byte[1000]));
    }

    static String hex(String algorithm, String key, byte[]... parts) {
        return HexFormat.of().formatHex(sign(algorithm, key, parts));
    }

    static String base64(String algorithm, String key, byte[]... parts) {
        return Base64.getEncoder().encodeToString(sign(algorithm, key, parts));
    }

    /** Not by the code under test. */
    private static byte[] sign(String algorithm, String key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), algorithm));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static Money major(String amount, String currency) {
        return new Money(new BigDecimal(amount), currency, amount, Money.Unit.MAJOR);
    }

    static Money minor(String amount, String currency, String sent) {
        return new Money(new BigDecimal(amount), currency, sent, Money.Unit.MINOR);
    }
}
