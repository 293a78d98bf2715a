package dev.tallyhook.problem;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The body of a request that is a JSON object, read strictly: no member twice, nothing behind it. */
public final class JsonBody {

    private static final String MERGE_PATCH = "application/merge-patch+json";

    private final ObjectReader reader;
    private final int lengthMax;
    private final String example;

    /**
     * How the bodies of a resource are read.
     *
     * @param lengthMax in bytes
     * @param example of a right one, for whoever sent another
     */
    public JsonBody(ObjectMapper json, int lengthMax, String example) {
        this.reader = json.reader()
                .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        this.lengthMax = lengthMax;
        this.example = example;
    }

    /**
     * Passes if that is JSON, with whatever parameters.
     *
     * @param contentType as it came, or null if none did
     * @throws ProblemException 415 if not
     */
    public static void require(@Nullable String contentType) {
        if (!is(MediaType.APPLICATION_JSON, contentType)) {
            throw ProblemException.unsupportedMediaType("The body must be application/json");
        }
    }

    /**
     * Passes if that is a merge patch (RFC 7396), or JSON, which many clients call one.
     *
     * @param contentType as it came, or null if none did
     * @throws ProblemException 415 if not
     */
    public static void requireMergePatch(@Nullable String contentType) {
        if (!is(MERGE_PATCH, contentType) && !is(MediaType.APPLICATION_JSON, contentType)) {
            throw ProblemException.unsupportedMediaType("The body must be " + MERGE_PATCH + " or application/json");
        }
    }

    private static boolean is(String type, @Nullable String contentType) {
        return contentType != null && contentType.split(";", 2)[0].trim().equalsIgnoreCase(type);
    }

    /**
     * Reads one.
     *
     * @param contentType as it came, or null if none did; an empty body needs none
     * @return nothing if it is empty
     * @throws ProblemException 413 if it is too long, 415 if it is said to be something else, 400 if it is no JSON object
     */
    public Optional<JsonNode> read(@Nullable String contentType, InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(lengthMax + 1);
        if (bytes.length == 0) {
            return Optional.empty();
        }
        if (bytes.length > lengthMax) {
            throw ProblemException.contentTooLarge("The body must have at most " + lengthMax + " bytes");
        }
        require(contentType);
        JsonNode read = parsed(bytes);
        if (!read.isObject()) {
            throw ProblemException.badRequest("The body must be a JSON object, such as " + example);
        }
        return Optional.of(read);
    }

    private JsonNode parsed(byte[] bytes) throws IOException {
        try {
            return reader.readTree(bytes);
        } catch (JsonProcessingException broken) {
            throw ProblemException.badRequest("The body is not JSON");
        }
    }
}
