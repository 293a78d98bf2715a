package dev.tallyhook.delivery;

import io.netty.handler.codec.DateFormatter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long an answer asks to be left alone.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3">RFC 9110, section 10.2.3</a>
 */
final class RetryAfter {

    private static final Duration MAX = Duration.ofHours(24);

    /** More would be 300 years, which nobody means. */
    private static final Pattern SECONDS = Pattern.compile("\\d{1,10}");

    private RetryAfter() {}

    /**
     * Reads it in either form.
     *
     * @param date the answer's {@code Date}, by whose clock a point in time is meant; without it, ours has to do
     * @return at most 24 hours; nothing if it asks for nothing, in the past, or in a way that cannot be read
     */
    static Optional<Duration> of(@Nullable String retryAfter, @Nullable String date, Clock clock) {
        if (retryAfter == null) {
            return Optional.empty();
        }
        String asked = retryAfter.strip();
        Optional<Duration> wait = SECONDS.matcher(asked).matches()
                ? Optional.of(Duration.ofSeconds(Long.parseLong(asked)))
                : at(asked).map(until -> Duration.between(at(date).orElseGet(clock::instant), until));
        return wait.filter(duration -> !duration.isNegative() && !duration.isZero())
                .map(duration -> duration.compareTo(MAX) > 0 ? MAX : duration);
    }

    private static Optional<Instant> at(@Nullable String httpDate) {
        return Optional.ofNullable(httpDate)
                .filter(text -> !text.isEmpty())
                .map(DateFormatter::parseHttpDate)
                .map(Date::toInstant);
    }
}
