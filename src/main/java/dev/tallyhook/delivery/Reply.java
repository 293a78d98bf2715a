package dev.tallyhook.delivery;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import java.time.Clock;
import java.time.Duration;

/** What an endpoint answers, as far as it is read. */
final class Reply {

    /** Whoever answers more is not read to the end. */
    private static final int BYTES_MAX = 16 * 1024;

    private final HttpClientResponse response;
    private final Buffer beginning = Buffer.buffer();
    private int bytes;

    Reply(HttpClientResponse response) {
        this.response = response;
    }

    /** Takes the next part of it, and says whether that is enough. */
    boolean read(Buffer part) {
        bytes += part.length();
        if (beginning.length() < AnswerText.BYTES_MAX) {
            beginning.appendBuffer(part, 0, Math.min(part.length(), AnswerText.BYTES_MAX - beginning.length()));
        }
        return bytes > BYTES_MAX;
    }

    int status() {
        return response.statusCode();
    }

    /** What it comes to, now that it is over. */
    Attempt attempt(Duration took, Clock clock) {
        Outcome outcome = outcome(status());
        if (outcome == Outcome.DELIVERED) {
            return new Attempt(outcome, status(), took, null, null);
        }
        Duration retryAfter = RetryAfter.of(
                        response.getHeader(HttpHeaders.RETRY_AFTER), response.getHeader(HttpHeaders.DATE), clock)
                .orElse(null);
        String text = text(outcome);
        return new Attempt(outcome, status(), took, retryAfter, text.isEmpty() ? null : text);
    }

    private static Outcome outcome(int status) {
        return switch (status) {
            case 410 -> Outcome.GONE;
            case 429, 502, 503, 504 -> Outcome.THROTTLED;
            default ->
                switch (status / 100) {
                    case 2 -> Outcome.DELIVERED;
                    case 3 -> Outcome.REDIRECTED;
                    default -> Outcome.REFUSED;
                };
        };
    }

    private String text(Outcome outcome) {
        String text = AnswerText.of(beginning.getBytes(), beginning.length());
        String location = response.getHeader(HttpHeaders.LOCATION);
        return text.isEmpty() && outcome == Outcome.REDIRECTED && location != null
                ? AnswerText.of("to " + location)
                : text;
    }
}
