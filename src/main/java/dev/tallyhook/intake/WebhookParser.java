package dev.tallyhook.intake;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.tallyhook.problem.ProblemException;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads a webhook's body and holds every rule against it, once, at the edge. What cannot be read as a JSON object
 * (RFC 8259) is a 400; an object whose members break rules is a 422 that names them all. Members that it does not know
 * are ignored, because senders add some. No message repeats a value.
 */
@Singleton
final class WebhookParser {

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** What a lenient decoder puts in the place of bytes that are not UTF-8. */
    private static final char REPLACEMENT = '\uFFFD';

    private final JsonFactory json;
    private final String limits;

    @Inject
    WebhookParser(IntakeConfig config) {
        this(config.jsonDepthMax(), config.jsonNumberLengthMax());
    }

    /**
     * Keeps to these limits, for ignored members too.
     *
     * @param depthMax levels of arrays and objects
     * @param numberLengthMax characters of a number
     */
    WebhookParser(int depthMax, int numberLengthMax) {
        limits = "The body must nest at most " + depthMax + " levels and have no number longer than " + numberLengthMax
                + " characters and no name longer than " + StreamReadConstraints.DEFAULT_MAX_NAME_LEN;
        json = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(depthMax)
                        .maxNumberLength(numberLengthMax)
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }

    /**
     * Reads one body.
     *
     * @throws ProblemException 400 if it is not a JSON object, 422 if members break rules
     */
    Webhook parse(byte[] body) {
        String text = decode(body);
        try (JsonParser tokens = json.createParser(text)) {
            try {
                return new WebhookReading(tokens).readObject();
            } catch (JsonProcessingException malformed) {
                throw ProblemException.badRequest(explain(malformed, tokens));
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException("A string cannot fail to be read", impossible);
        }
    }

    /** Decodes strictly: JSON is UTF-8 and nothing else (RFC 8259 section 8.1), but a byte order mark is forgiven. */
    private static String decode(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        // Only a text with a replacement character can have been malformed, and only then is the strict decoder's price
        // paid.
        if (text.indexOf(REPLACEMENT) >= 0) {
            requireUtf8(body);
        }
        return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
    }

    private static void requireUtf8(byte[] body) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
        } catch (CharacterCodingException notUtf8) {
            throw ProblemException.badRequest("The body is not valid UTF-8");
        }
    }

    /** Says where the body stops being JSON, in words of our own: the parser's would quote it. */
    private String explain(JsonProcessingException malformed, JsonParser tokens) {
        String member = tokens.getParsingContext().getCurrentName();
        // The only names that an answer may repeat: another one could hold anything.
        String where = member != null
                        && tokens.getParsingContext().getParent() != null
                        && WebhookReading.MEMBERS.contains(member)
                ? " in member " + member
                : "";
        var location = malformed.getLocation();
        String position =
                location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
        if (malformed instanceof StreamConstraintsException) {
            return limits + where;
        }
        if (String.valueOf(malformed.getOriginalMessage()).startsWith("Duplicate")) {
            return "The body must have no member twice" + where + position;
        }
        return "The body is not valid JSON" + where + position;
    }
}
