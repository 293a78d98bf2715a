package dev.tallyhook.problem;

import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;

/** What a request with a body says of it. */
public final class JsonBody {

    private JsonBody() {}

    /**
     * Passes if that is JSON, with whatever parameters.
     *
     * @param contentType as it came, or null if none did
     * @throws ProblemException 415 if not
     */
    public static void require(@Nullable String contentType) {
        if (contentType == null || !contentType.split(";", 2)[0].trim().equalsIgnoreCase(MediaType.APPLICATION_JSON)) {
            throw ProblemException.unsupportedMediaType("The body must be application/json");
        }
    }
}
