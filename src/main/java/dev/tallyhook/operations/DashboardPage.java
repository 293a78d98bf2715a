package dev.tallyhook.operations;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Gives the dashboard its address: {@code /dashboard}, from which the page names its parts. */
@ApplicationScoped
class DashboardPage {

    private static final String PAGE = "/dashboard";
    private static final int PERMANENT_REDIRECT = 308;

    /** Before the handler of static files, and of the fallback that answers 404. */
    private static final int FIRST = 0;

    void register(@Observes Router router) {
        router.route(PAGE)
                .order(FIRST)
                .method(HttpMethod.GET)
                .method(HttpMethod.HEAD)
                .handler(DashboardPage::serve);
    }

    private static void serve(RoutingContext context) {
        if (context.request().path().equals(PAGE)) {
            context.reroute(PAGE + "/index.html");
        } else {
            // Relative, so that it is right behind a proxy that adds to the path.
            context.response()
                    .setStatusCode(PERMANENT_REDIRECT)
                    .putHeader(HttpHeaders.LOCATION, "../dashboard")
                    .end();
        }
    }
}
