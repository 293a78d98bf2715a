package dev.tallyhook.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The body of a signed webhook, read leniently where a provider may be sloppy and never where a value could be lost: numbers keep
 * every digit, and whatever is missing or of another kind is absent.
 */
public final class Json {

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(100)
                            .maxNumberLength(128)
                            .build())
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /** From so many digits on, a time counts milliseconds and not seconds: it would be after the year 5000. */
    private static final long MILLIS_FROM = 100_000_000_000L;

    /** A few bytes can write a number of a thousand million digits, which are not to be written out. */
    private static final int PLAIN_SCALE_MAX = 128;

    private final JsonNode node;

    private Json(JsonNode node) {
        this.node = node;
    }

    /** The body, if it is a JSON object (RFC 8259). */
    public static Optional<Json> object(byte[] body) {
        try {
            JsonNode node = MAPPER.readTree(body);
            return node != null && node.isObject() ? Optional.of(new Json(node)) : Optional.empty();
        } catch (IOException | NumberFormatException notJson) {
            // Besides wrong JSON: bytes that only look like UTF-32, and an exponent beyond all that can be read.
            return Optional.empty();
        }
    }

    /** What stands there, itself to be read; absent inside if nothing does. */
    public Json at(String pointer) {
        return new Json(node.at(pointer));
    }

    /** Whether something stands there, null aside. */
    public boolean has(String pointer) {
        JsonNode found = node.at(pointer);
        return !found.isMissingNode() && !found.isNull();
    }

    /** The elements of an array, or nothing. */
    public List<Json> elements() {
        List<Json> elements = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(element -> elements.add(new Json(element)));
        }
        return elements;
    }

    /** A string, or a number as it is written. Null for everything else, and for an empty string. */
    public @Nullable String text(String pointer) {
        return text(node.at(pointer));
    }

    private static @Nullable String text(JsonNode found) {
        if (found.isNumber()) {
            return number(found.decimalValue());
        }
        return found.isTextual() && !found.textValue().isEmpty() ? found.textValue() : null;
    }

    /** The first of these that is there. */
    public @Nullable String first(String... pointers) {
        for (String pointer : pointers) {
            String found = text(pointer);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** A string, or the id of the object that some providers put in its place. */
    public @Nullable String reference(String pointer) {
        JsonNode found = node.at(pointer);
        return text(found.isObject() ? found.path("id") : found);
    }

    private static String number(BigDecimal value) {
        return Math.abs((long) value.scale()) > PLAIN_SCALE_MAX ? value.toString() : value.toPlainString();
    }

    /** A time in RFC 3339, or as seconds or milliseconds since 1970. Null if it is none. */
    public @Nullable Instant time(String... pointers) {
        return parseTime(first(pointers));
    }

    /** The same of a text. */
    public static @Nullable Instant parseTime(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            if (text.length() <= 15 && Characters.all(text, Characters::isDigit)) {
                long number = Long.parseLong(text);
                return number < MILLIS_FROM ? Instant.ofEpochSecond(number) : Instant.ofEpochMilli(number);
            }
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException none) {
            return null;
        }
    }

    /** Of a number that counts seconds or milliseconds since 1970, the seconds. */
    public static long epochSecond(long number) {
        return number < MILLIS_FROM ? number : number / 1000;
    }

    /** Says nothing of what it holds. */
    @Override
    public String toString() {
        return "Json[" + node.getNodeType() + "]";
    }
}
