package dev.tallyhook.problem;

import io.quarkus.logging.Log;
import io.quarkus.security.ForbiddenException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Set;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns whatever ends a request into a {@link Problem}, for every resource and for webhooks. */
public class ProblemMappers {

    static final String INTERNAL = "The service failed; the log says why";

    private final Outage outage = new Outage();
    private final Shutdown shutdown;

    ProblemMappers(Shutdown shutdown) {
        this.shutdown = shutdown;
    }

    @ServerExceptionMapper
    public RestResponse<Problem> problem(ProblemException failure) {
        var answer = answer(failure.problem());
        var retryAfter = failure.retryAfter();
        if (retryAfter != null) {
            answer.header(HttpHeaders.RETRY_AFTER, retryAfter.toSeconds());
        }
        var challenge = failure.challenge();
        if (challenge != null) {
            answer.header(HttpHeaders.WWW_AUTHENTICATE, challenge);
        }
        return answer.build();
    }

    @ServerExceptionMapper
    public RestResponse<Problem> notFound(NotFoundException failure, ContainerRequestContext request) {
        // Named here too, because the framework brings a mapper for exactly this one.
        return refusedByTheFramework(failure, request);
    }

    @ServerExceptionMapper
    public RestResponse<Problem> refusedByTheFramework(
            WebApplicationException failure, ContainerRequestContext request) {
        int status = failure.getResponse().getStatus();
        Set<String> allowed =
                AllowedMethods.of(request.getUriInfo().getRequestUri().getRawPath());
        // Where several resources share the beginning of a path, the framework says 404 of a method that none of them
        // has.
        if (status == 404 && !allowed.isEmpty() && !allowed.contains(request.getMethod())) {
            status = 405;
        }
        if (status >= 500) {
            Log.error("Request failed", failure);
        }
        var answer = answer(Problem.of(status, detail(status)));
        if (status == 405) {
            answer.header(HttpHeaders.ALLOW, String.join(", ", allowed));
        }
        return answer.build();
    }

    /** There are rights beyond reading. */
    @ServerExceptionMapper
    public RestResponse<Problem> forbidden(ForbiddenException failure) {
        return answer(Problem.of(403, detail(403))).build();
    }

    @ServerExceptionMapper
    public RestResponse<Problem> unexpected(Throwable failure) {
        if (DatabaseFailure.isTransient(failure)) {
            outage.tell(failure);
            return problem(ProblemException.databaseAway());
        }
        if (shutdown.hasBegun()) {
            return problem(ProblemException.stopping());
        }
        Log.error("Request failed", failure);
        return answer(Problem.of(500, INTERNAL)).build();
    }

    /** What a resource's request is answered with that fails so; for what is no resource. */
    RestResponse<Problem> map(Throwable failure) {
        return failure instanceof ProblemException known ? problem(known) : unexpected(failure);
    }

    /** What the framework's own message would say, without its class names and paths. */
    static String detail(int status) {
        return switch (status) {
            case 400 -> "The request cannot be read";
            case 401 -> "A bearer token is needed: Authorization: Bearer, and one of those that are configured";
            case 403 ->
                "The token may read; holding and releasing need one of tallyhook.api.hold-tokens, raw requests one of"
                        + " tallyhook.api.raw-tokens, and changing endpoints one of tallyhook.api.write-tokens";
            case 404 -> "There is nothing at this path";
            case 405 -> "This path does not take this method";
            case 406 -> "Answers are application/json";
            case 413 -> "The body is too large";
            case 414 -> "The URL is too long: 8 KiB is the most";
            case 415 -> "The body must be application/json";
            case 431 -> "The header fields are too large: 16 KiB in all is the most";
            default -> status < 500 ? "The request is refused" : INTERNAL;
        };
    }

    private static RestResponse.ResponseBuilder<Problem> answer(Problem problem) {
        return RestResponse.ResponseBuilder.<Problem>create(problem.status())
                .entity(problem)
                .type(Problem.MEDIA_TYPE);
    }
}
