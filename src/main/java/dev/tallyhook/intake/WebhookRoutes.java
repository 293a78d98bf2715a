package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.RouterProblems;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.function.Consumer;

/**
 * Where senders post. These are routes of the HTTP server and no resources of the framework: a webhook needs nothing of what stands
 * before those, neither who asks, which its signature tells, nor what to negotiate, and that took more of the processor than all
 * that is done for it here.
 */
@ApplicationScoped
class WebhookRoutes {

    /** Of the built-in contract. */
    static final String TRANSACTIONS = "/v1/webhooks/transactions";

    private static final String WEBHOOKS = "/v1/webhooks/";

    /**
     * Behind what is for every request (its deadline, its headers, the way to HTTPS) and the framework's CORS, which is at -300; before
     * it is asked whose token a request shows, at -200.
     */
    private static final int ORDER = -250;

    /** Each path has a route of its own, because one with a parameter is matched by a pattern. */
    private static final int ORDER_OF_OTHERS = ORDER + 1;

    private static final String METHODS = "OPTIONS, POST";

    private final WebhookReceiver builtIn;
    private final SourceReceiver named;
    private final Sources sources;
    private final RouterProblems problems;

    WebhookRoutes(WebhookReceiver builtIn, SourceReceiver named, Sources sources, RouterProblems problems) {
        this.builtIn = builtIn;
        this.named = named;
        this.sources = sources;
        this.problems = problems;
    }

    void register(@Observes Router router) {
        post(router, TRANSACTIONS, builtIn::receive);
        for (Source source : sources.all()) {
            post(router, WEBHOOKS + source.name(), arrival -> named.receive(source, arrival));
        }
        router.route(WEBHOOKS + ":source").order(ORDER_OF_OTHERS).handler(this::refuse);
    }

    private void post(Router router, String path, Consumer<Arrival> receive) {
        router.post(path).order(ORDER).handler(context -> {
            var arrival = new Arrival(context, problems);
            arrival.execute(() -> receive.accept(arrival));
        });
    }

    /** Another method, or a name that no source has. */
    private void refuse(RoutingContext context) {
        HttpMethod method = context.request().method();
        context.request().resume(); // What there is of a body is let go, so that the connection can be used again.
        if (method.equals(HttpMethod.POST)) {
            problems.answer(context, ProblemException.notFound("There is no source of this name"));
            return;
        }
        context.response().putHeader("Allow", METHODS);
        if (method.equals(HttpMethod.OPTIONS)) {
            context.response().end();
        } else {
            problems.answer(context, 405);
        }
    }
}
