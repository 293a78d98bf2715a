package dev.tallyhook.access;

import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Tells each connection's deadline when a request has come and when it is answered. */
@ApplicationScoped
class Edge {

    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).handler(Edge::handle);
    }

    private static void handle(RoutingContext context) {
        RequestDeadline deadline = RequestDeadline.of(context.request());
        if (deadline != null) {
            deadline.requestCame();
            context.addEndHandler(end -> deadline.requestAnswered());
        }
        context.next();
    }
}
