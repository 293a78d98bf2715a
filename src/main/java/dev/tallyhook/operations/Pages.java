package dev.tallyhook.operations;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Gives the pages their addresses, {@code /dashboard} and {@code /docs}, from which they name their parts. */
@ApplicationScoped
class Pages {

    private static final int PERMANENT_REDIRECT = 308;

    /** Before the handler of static files, and of the fallback that answers 404. */
    private static final int FIRST = 0;

    private final DocsConfig docs;

    Pages(DocsConfig docs) {
        this.docs = docs;
    }

    void register(@Observes Router router) {
        if (!docs.enabled()) {
            router.route("/docs*").order(FIRST - 1).handler(context -> context.fail(404));
        }
        for (String page : new String[] {"/dashboard", "/docs"}) {
            router.route(page)
                    .order(FIRST)
                    .method(HttpMethod.GET)
                    .method(HttpMethod.HEAD)
                    .handler(context -> serve(context, page));
        }
    }

    private static void serve(RoutingContext context, String page) {
        if (context.request().path().equals(page)) {
            context.reroute(page + "/index.html");
        } else {
            // Relative, so that it is right behind a proxy that adds to the path.
            context.response()
                    .setStatusCode(PERMANENT_REDIRECT)
                    .putHeader(HttpHeaders.LOCATION, ".." + page)
                    .end();
        }
    }
}
