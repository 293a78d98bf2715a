package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.Programs;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds the schemes against what the providers' own libraries sign and verify. Needs Node.js, and
 * {@code npm ci --prefix src/test/javascript}.
 */
class OfficialLibrariesTest {

    private static final Path FOLDER = Path.of("src/test/javascript");

    /** Those that have a library; each must have a scheme. */
    private static final Set<String> PROVIDERS = Set.of(
            "adyen",
            "adyen-platform",
            "braintree",
            "coinbase",
            "github",
            "gocardless",
            "mercadopago",
            "mollie",
            "paddle",
            "razorpay",
            "shopify",
            "square",
            "standard-webhooks",
            "stripe",
            "twilio");

    private static List<Sent> all = List.of();

    /** What a library has made. */
    private record Sent(JsonNode told) {

        String name() {
            return told.path("provider").asText() + " by "
                    + told.path("library").asText() + " " + told.path("version").asText();
        }

        Requests request() {
            var request = Requests.of(
                            Base64.getDecoder().decode(told.path("bodyBase64").asText()))
                    .withQuery(query());
            for (var header : told.path("headers").properties()) {
                request = request.with(header.getKey(), header.getValue().asText());
            }
            return request;
        }

        @Nullable
        String query() {
            return told.path("query").isNull() ? null : told.path("query").asText();
        }

        List<String> signedHeaders() {
            return texts(told.path("signed"));
        }

        Map<String, String> settings() {
            Map<String, String> settings = new HashMap<>();
            told.path("config")
                    .properties()
                    .forEach(setting ->
                            settings.put(setting.getKey(), setting.getValue().asText()));
            return settings;
        }

        Scheme scheme(Map<String, String> settings) {
            return Requests.scheme(
                    told.path("provider").asText(),
                    settings,
                    Instant.ofEpochSecond(told.path("signedAt").asLong()));
        }

        /** The bytes of the body that cannot be changed without notice: all of them, or those of some parts. */
        int[] covered() {
            String body = new String(request().delivery().body(), StandardCharsets.ISO_8859_1);
            if (told.path("covered").isNull()) {
                return IntStream.range(0, body.length()).toArray();
            }
            return texts(told.path("covered")).stream()
                    .flatMapToInt(part -> {
                        int from = body.indexOf(part);
                        assertTrue(from >= 0, () -> part + " is not in the body");
                        return IntStream.range(from, from + part.length());
                    })
                    .toArray();
        }
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    @BeforeAll
    static void let_the_libraries_sign() throws Exception {
        Assumptions.assumeTrue(Programs.find("node").isPresent(), "no Node.js");
        Assumptions.assumeTrue(
                Files.exists(FOLDER.resolve("node_modules/stripe")),
                "no libraries of providers: npm ci --prefix src/test/javascript");
        Path said = Path.of("target/providers.log");
        Process node = new ProcessBuilder(
                        "node", FOLDER.resolve("providers.mjs").toString())
                .redirectError(said.toFile())
                .start();
        byte[] signed = node.getInputStream().readAllBytes();
        assertEquals(0, node.waitFor(), () -> "providers.mjs has failed; why is in " + said);
        List<Sent> sent = new ArrayList<>();
        new ObjectMapper().readTree(signed).forEach(one -> sent.add(new Sent(one)));
        all = sent;
    }

    @Test
    void each_provider_that_has_a_library_is_held_against_it() {
        Set<String> held = new TreeSet<>();
        all.forEach(sent -> held.add(sent.told().path("provider").asText()));
        assertEquals(new TreeSet<>(PROVIDERS), held);
    }

    @TestFactory
    Stream<DynamicTest> what_a_library_takes_for_signed_is_signed_and_anything_else_is_not() {
        return all.stream().map(sent -> DynamicTest.dynamicTest(sent.name(), () -> holds(sent)));
    }

    private static void holds(Sent sent) {
        Scheme scheme = sent.scheme(sent.settings());
        Requests request = sent.request();
        Requests.assertSigned(scheme, request);
        Requests.assertUnsigned(sent.scheme(withAnotherSecret(sent.settings())), request);
        Requests.assertUnsigned(scheme, changed(sent, request));
        for (String header : sent.signedHeaders()) {
            Requests.assertUnsigned(scheme, request.withEachCharacterFlipped(header));
        }
        List<Event> events = scheme.events(request.delivery());
        assertEquals(sent.told().path("expect").size(), events.size());
        for (int i = 0; i < events.size(); i++) {
            assertExpected(sent.told().path("expect").path(i), events.get(i));
        }
    }

    /** One digit is another one: it stays hexadecimal, Base64 or text, whatever it was. */
    private static Map<String, String> withAnotherSecret(Map<String, String> settings) {
        Map<String, String> other = new HashMap<>(settings);
        other.computeIfPresent("secrets", (name, secret) -> {
            int at = secret.length() - 5;
            return secret.substring(0, at) + (secret.charAt(at) == '0' ? '1' : '0') + secret.substring(at + 1);
        });
        assertNotEquals(settings, other);
        return other;
    }

    private static Stream<Requests> changed(Sent sent, Requests request) {
        byte[] body = request.delivery().body();
        Stream<Requests> bodies = IntStream.of(sent.covered()).mapToObj(at -> {
            byte[] other = body.clone();
            other[at] ^= 1;
            return request.withBody(other);
        });
        String query = sent.query();
        if (query == null || !sent.told().path("coversQuery").asBoolean()) {
            return bodies;
        }
        return Stream.concat(
                bodies,
                IntStream.range(0, query.length())
                        .mapToObj(at -> request.withQuery(
                                query.substring(0, at) + (char) (query.charAt(at) ^ 1) + query.substring(at + 1))));
    }

    private static void assertExpected(JsonNode expected, Event event) {
        assertFalse(event.identity().isEmpty());
        Map<String, @Nullable String> told = new HashMap<>();
        told.put("identity", event.identity());
        told.put("type", event.type());
        told.put("subject", event.subject());
        told.put("currency", event.money() == null ? null : event.money().currency());
        assertAll(expected.properties().stream()
                .filter(field -> !field.getKey().equals("amount"))
                .map(field -> () -> assertEquals(
                        field.getValue().isNull() ? null : field.getValue().asText(),
                        told.get(field.getKey()),
                        field.getKey())));
        BigDecimal amount = event.money() == null ? null : event.money().amount();
        JsonNode right = expected.path("amount");
        assertTrue(
                amount == null
                        ? right.isNull()
                        : right.isTextual() && new BigDecimal(right.asText()).compareTo(amount) == 0,
                () -> "amount " + amount + " and not " + right);
    }
}
