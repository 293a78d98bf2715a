package dev.tallyhook.endpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the bodies of requests that make an endpoint or change it. */
@Singleton
class EndpointBodies {

    /** In bytes: more than the lists take with 100 entries each, unless every character is escaped. */
    static final int SIZE_MAX = 256 * 1024;

    private static final List<String> SETTINGS =
            List.of("url", "description", "events", "sources", "types", "currencies", "accounts", "amount_min");

    private static final List<String> OF_NEW = with("signature", "secret");
    private static final List<String> OF_CHANGE = with("state");

    private static final Duration OVERLAP_DEFAULT = Duration.ofDays(1);
    private static final Duration OVERLAP_MAX = Duration.ofDays(7);

    private final ObjectReader reader;
    private final EndpointRules rules;

    EndpointBodies(ObjectMapper json, TellingConfig config) {
        reader = json.reader()
                .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        rules = new EndpointRules(config);
    }

    private static List<String> with(String... more) {
        List<String> all = new ArrayList<>(SETTINGS);
        all.addAll(List.of(more));
        return List.copyOf(all);
    }

    /**
     * An endpoint that is to be made.
     *
     * @param key the one that was sent, or a new one
     */
    record New(EndpointSettings settings, SignatureVersion version, SigningKey key) {}

    /**
     * What is to become of one.
     *
     * @param state null if it stays as it is
     */
    record Change(EndpointSettings settings, @Nullable EndpointState state) {}

    /** Reads one that is to be made. */
    New readNew(InputStream body) throws IOException {
        var members = new Members(object(bytes(body)));
        members.allow(OF_NEW);
        EndpointSettings settings = settings(members);
        SignatureVersion version = version(members);
        SigningKey key = key(members, version);
        requireNone(members.violations(rules.violations(settings)));
        return new New(settings, version, key);
    }

    /** Reads a merge patch (RFC 7396). */
    JsonNode readPatch(InputStream body) throws IOException {
        return object(bytes(body));
    }

    /** What a patch makes of one that is so. */
    Change change(JsonNode patch, EndpointSettings before) {
        var patched = new Members(patch);
        patched.allow(OF_CHANGE);
        EndpointState state = state(patched);
        ObjectNode merged = node(before);
        for (var member : patch.properties()) {
            merged.set(member.getKey(), member.getValue());
        }
        var members = new Members(merged);
        EndpointSettings settings = settings(members);
        // Rules of the configuration may have changed since, and what is not touched is not in the way of the rest.
        requireNone(patched.violations(members.violations(rules.violations(settings).stream()
                .filter(violation -> patched.has(violation.field()))
                .toList())));
        return new Change(settings, state);
    }

    /** Reads {@code {"overlap":"PT24H"}}, where neither the member nor the body needs to be there. */
    Duration readOverlap(@Nullable String type, InputStream body) throws IOException {
        byte[] bytes = bytes(body);
        if (bytes.length > 0) {
            JsonBody.require(type);
        }
        var members = new Members(bytes.length == 0 ? JsonNodeFactory.instance.objectNode() : object(bytes));
        members.allow(List.of("overlap"));
        Duration overlap = overlap(members.text("overlap"));
        if (overlap.isNegative() || overlap.compareTo(OVERLAP_MAX) > 0) {
            members.violate("overlap", "must be a duration of ISO 8601 from PT0S to P7D, such as PT24H");
        }
        requireNone(members.violations(List.of()));
        return overlap;
    }

    private static Duration overlap(@Nullable String written) {
        try {
            return written == null ? OVERLAP_DEFAULT : Duration.parse(written);
        } catch (DateTimeParseException none) {
            return Duration.ofNanos(-1);
        }
    }

    private static void requireNone(List<Violation> violations) {
        if (!violations.isEmpty()) {
            throw ProblemException.unprocessable(violations);
        }
    }

    private static EndpointSettings settings(Members members) {
        String url = members.text("url");
        if (url == null) {
            members.violateOnce("url", "is required");
        }
        List<String> events = members.texts("events");
        return new EndpointSettings(
                url == null ? "" : url,
                members.text("description"),
                events == null ? EndpointSettings.EVENTS_DEFAULT : events,
                members.texts("sources"),
                members.texts("types"),
                members.texts("currencies"),
                members.texts("accounts"),
                members.number("amount_min"));
    }

    private static SignatureVersion version(Members members) {
        String label = members.text("signature");
        return SignatureVersion.of(label == null ? SignatureVersion.V1.label() : label)
                .orElseGet(() -> {
                    members.violate("signature", "must be v1 or v1a");
                    return SignatureVersion.V1;
                });
    }

    private static SigningKey key(Members members, SignatureVersion version) {
        String secret = members.text("secret");
        if (secret == null) {
            return version.newKey();
        }
        try {
            if (version == SignatureVersion.V1) {
                return version.parse(secret);
            }
            members.violate("secret", "must not be given with v1a, whose key is made here");
        } catch (IllegalArgumentException wrong) {
            members.violate("secret", String.valueOf(wrong.getMessage()));
        }
        return version.newKey();
    }

    private static @Nullable EndpointState state(Members members) {
        String state = members.text("state");
        if ("ENABLED".equals(state)) {
            return EndpointState.ENABLED;
        }
        if ("PAUSED".equals(state)) {
            return EndpointState.PAUSED;
        }
        if (members.has("state")) {
            members.violateOnce("state", "must be ENABLED or PAUSED");
        }
        return null;
    }

    private static ObjectNode node(EndpointSettings settings) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("url", settings.url());
        node.put("description", settings.description());
        node.put("amount_min", settings.amountMin());
        list(node, "events", settings.events());
        list(node, "sources", settings.sources());
        list(node, "types", settings.types());
        list(node, "currencies", settings.currencies());
        list(node, "accounts", settings.accounts());
        return node;
    }

    private static void list(ObjectNode node, String name, @Nullable List<String> entries) {
        if (entries != null) {
            entries.forEach(node.putArray(name)::add);
        }
    }

    private static byte[] bytes(InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(SIZE_MAX + 1);
        if (bytes.length > SIZE_MAX) {
            throw ProblemException.contentTooLarge("The body must have at most " + SIZE_MAX + " bytes");
        }
        return bytes;
    }

    private JsonNode object(byte[] bytes) throws IOException {
        try {
            JsonNode read = reader.readTree(bytes);
            if (read.isObject()) {
                return read;
            }
        } catch (JsonProcessingException broken) {
            throw ProblemException.badRequest("The body is not JSON");
        }
        throw ProblemException.badRequest("The body must be a JSON object");
    }
}
