package dev.tallyhook.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of every error: a problem detail, RFC 9457 section 3.1.
 *
 * @param type always {@code about:blank}: the status code says what kind of problem it is (section 4.2.1)
 * @param title the status code's own phrase
 * @param status the HTTP status code
 * @param detail what is wrong here and what would be right; never an account, an amount, SQL or a class name
 * @param errors every field that breaks a rule, for 422 only
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@RegisterForReflection // No resource returns it, so a native build would not know that it is written as JSON.
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        @Nullable List<Violation> errors) {

    /** RFC 9457 section 3. */
    public static final String MEDIA_TYPE = "application/problem+json";

    static Problem of(int status, String detail) {
        return new Problem("about:blank", title(status), status, detail, null);
    }

    static Problem of(int status, String detail, List<Violation> errors) {
        return new Problem("about:blank", title(status), status, detail, List.copyOf(errors));
    }

    /** The phrases of RFC 9110 section 15, for the statuses that this service answers with. */
    private static String title(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 406 -> "Not Acceptable";
            case 408 -> "Request Timeout";
            case 409 -> "Conflict";
            case 410 -> "Gone";
            case 413 -> "Content Too Large";
            case 414 -> "URI Too Long";
            case 415 -> "Unsupported Media Type";
            case 422 -> "Unprocessable Content";
            case 429 -> "Too Many Requests";
            case 431 -> "Request Header Fields Too Large";
            case 503 -> "Service Unavailable";
            default -> status < 500 ? "Client Error" : "Internal Server Error";
        };
    }
}
