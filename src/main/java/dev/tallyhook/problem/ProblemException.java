package dev.tallyhook.problem;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ends a request with a {@link Problem}. It carries no stack trace, because it tells of the request and not of the
 * code, and because a flood of bad requests must stay cheap.
 */
public final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** How long a refused sender should wait: long enough for a full queue to drain, short against its retries. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final transient Problem problem;
    private final transient @Nullable Duration retryAfter;
    private final transient @Nullable String challenge;
    private final transient boolean overload;

    private ProblemException(Problem problem, @Nullable Duration retryAfter) {
        this(problem, retryAfter, null, false);
    }

    private ProblemException(
            Problem problem, @Nullable Duration retryAfter, @Nullable String challenge, boolean overload) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
        this.retryAfter = retryAfter;
        this.challenge = challenge;
        this.overload = overload;
    }

    /** 400: the request cannot be read. */
    public static ProblemException badRequest(String detail) {
        return new ProblemException(Problem.of(400, detail), null);
    }

    /** 401 with {@code WWW-Authenticate}: nothing shows who sent the request. */
    public static ProblemException unauthorized(String detail, String challenge) {
        return new ProblemException(Problem.of(401, detail), null, challenge, false);
    }

    /** 404. */
    public static ProblemException notFound(String detail) {
        return new ProblemException(Problem.of(404, detail), null);
    }

    /** 408: the request came in too slowly. */
    public static ProblemException requestTimeout(String detail) {
        return new ProblemException(Problem.of(408, detail), null);
    }

    /** 409: what was sent contradicts what is stored. */
    public static ProblemException conflict(String detail) {
        return new ProblemException(Problem.of(409, detail), null);
    }

    /** 410: it was there, and is kept no more. */
    public static ProblemException gone(String detail) {
        return new ProblemException(Problem.of(410, detail), null);
    }

    /** 413: the body is over the limit. */
    public static ProblemException contentTooLarge(String detail) {
        return new ProblemException(Problem.of(413, detail), null);
    }

    /** 415: the body is of another media type. */
    public static ProblemException unsupportedMediaType(String detail) {
        return new ProblemException(Problem.of(415, detail), null);
    }

    /** 422: the request can be read, but fields break rules; all of them are named at once. */
    public static ProblemException unprocessable(List<Violation> violations) {
        String detail = violations.stream()
                .map(violation -> violation.field() + " " + violation.detail())
                .reduce((left, right) -> left + "; " + right)
                .orElse("A field breaks a rule");
        return new ProblemException(Problem.of(422, detail, violations), null);
    }

    /** 429 with {@code Retry-After}: the same is asked for too often. */
    public static ProblemException tooManyRequests(String detail) {
        return new ProblemException(Problem.of(429, detail), RETRY_AFTER);
    }

    /** 500: the service failed, and the log says why; to be thrown after it was logged. */
    public static ProblemException internal() {
        return new ProblemException(Problem.of(500, ProblemMappers.INTERNAL), null);
    }

    /** 503 with {@code Retry-After}: nothing is wrong with the request, and it may succeed soon. */
    public static ProblemException unavailable(String detail) {
        return new ProblemException(Problem.of(503, detail), RETRY_AFTER);
    }

    /** 503 with {@code Retry-After}: there is no database to ask. */
    public static ProblemException databaseAway() {
        return unavailable("The database cannot be reached right now; try again");
    }

    /** 503 with {@code Retry-After}: more came than can be served. */
    public static ProblemException overloaded(String detail) {
        return new ProblemException(Problem.of(503, detail), RETRY_AFTER, null, true);
    }

    /** 503 with {@code Retry-After}: this replica takes nothing more, and another one may. */
    public static ProblemException stopping() {
        return overloaded("The service is stopping; try again");
    }

    /** Whether it is refused because too much came, and not because anything failed. */
    public boolean isOverload() {
        return overload;
    }

    /** The HTTP status code that the request is answered with. */
    public int status() {
        return problem.status();
    }

    Problem problem() {
        return problem;
    }

    @Nullable
    Duration retryAfter() {
        return retryAfter;
    }

    /** How a client that is unknown can make itself known (RFC 9110 section 11.6.1). */
    @Nullable
    String challenge() {
        return challenge;
    }
}
