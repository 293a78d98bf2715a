package dev.tallyhook.problem;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.quarkus.logging.Log;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers with a {@link Problem} what is refused before a resource sees it, such as a path that is not one, or by a route that is none. */
@ApplicationScoped
public class RouterProblems {

    private static final int[] STATUSES = {400, 401, 403, 404, 405, 406, 413, 414, 415, 431, 500};

    private static final JsonMapper JSON = new JsonMapper();

    private final Shutdown shutdown;
    private final ProblemMappers mappers;

    RouterProblems(Shutdown shutdown, ProblemMappers mappers) {
        this.shutdown = shutdown;
        this.mappers = mappers;
    }

    void register(@Observes Router router) {
        for (int status : STATUSES) {
            router.errorHandler(status, this::answerFailure);
        }
        router.route().order(Integer.MIN_VALUE).failureHandler(this::answerBeforeItIsLogged);
    }

    /** What clients do wrong is theirs: the framework would log a stack trace for some of it, such as a missing Host. */
    private void answerBeforeItIsLogged(RoutingContext context) {
        if (context.statusCode() >= 400 && context.statusCode() < 500) {
            answer(context, context.statusCode());
        } else if (shutdown.hasBegun()) {
            // Its sender finds another replica, and nothing is wrong here.
            context.request().connection().close();
        } else {
            context.next();
        }
    }

    private void answerFailure(RoutingContext context) {
        if (context.statusCode() >= 500) {
            Log.error("Request failed", context.failure());
        }
        answer(context, context.statusCode());
    }

    /** Ends the request with what this status says by itself; headers that are set already stay. */
    public void answer(RoutingContext context, int status) {
        end(context, status, body(status));
    }

    /** Ends the request as a resource's is that fails so. */
    public void answer(RoutingContext context, Throwable failure) {
        RestResponse<Problem> answer = mappers.map(failure);
        HttpServerResponse response = context.response();
        answer.getStringHeaders().forEach((name, values) -> response.putHeader(name, values));
        end(context, answer.getStatus(), bytes(answer.getEntity()));
    }

    private static void end(RoutingContext context, int status, byte[] body) {
        HttpServerResponse response = context.response();
        if (response.ended() || response.closed()) {
            return; // Who asked is answered, or has gone away.
        }
        if (response.headWritten()) {
            context.request().connection().close();
            return;
        }
        response.setStatusCode(status).putHeader("Content-Type", Problem.MEDIA_TYPE);
        if (context.request().method().equals(HttpMethod.HEAD)) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length))
                    .end();
        } else {
            response.end(Buffer.buffer(body));
        }
    }

    /** What this status says by itself, as {@link Problem#MEDIA_TYPE}. */
    public static byte[] body(int status) {
        return bytes(Problem.of(status, ProblemMappers.detail(status)));
    }

    private static byte[] bytes(Problem problem) {
        try {
            return JSON.writeValueAsBytes(problem);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
