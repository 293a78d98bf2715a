package dev.tallyhook.access;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.RouterProblems;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/**
 * Reads bodies that are sent to the API before a resource has a thread for them: one that comes in slowly would hold it, and the framework's
 * own timeout is for the pause between two pieces, so that a byte now and then keeps it from ever ending.
 */
@ApplicationScoped
class ApiBodies {

    /** Behind the framework's authorization, which is at -100, and before resources. */
    private static final int ORDER = -50;

    /** In bytes: no resource takes more; each says itself how much it takes. */
    private static final long SIZE_MAX = 256 * 1024;

    private final RouterProblems problems;

    ApiBodies(RouterProblems problems) {
        this.problems = problems;
    }

    void register(@Observes Router router) {
        router.route("/v1/*").order(ORDER).handler(this::handle);
    }

    private void handle(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (request.isEnded()) {
            context.next();
            return;
        }
        var body = new RequestBody(
                request, SIZE_MAX, () -> ProblemException.overloaded("Too much is being sent right now; try again"));
        var unused = body.read().whenComplete((bytes, failure) -> {
            if (failure == null) {
                context.addEndHandler(end -> body.forget());
                ((RoutingContextInternal) context).setBody(Buffer.buffer(bytes));
                context.next();
            } else {
                // A refusal puts an end handler of its own in the place of the router's.
                body.forget();
                problems.answer(context, failure);
            }
        });
    }
}
