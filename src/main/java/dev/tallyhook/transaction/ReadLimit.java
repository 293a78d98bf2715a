package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.Priorities;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** How many may read at once. Each of them has a thread while it waits for the database, and what the schedule does needs threads too. */
@ApplicationScoped
class ReadLimit {

    /** Many more than there are connections to read with, and fewer than Quarkus has threads, of which there are 200 or more. */
    private static final int READS_MAX = 128;

    private final AtomicInteger underWay = new AtomicInteger();

    /** On the event loop, before a thread is taken, and so before every other filter. */
    @Reading
    @ServerRequestFilter(nonBlocking = true, priority = Priorities.AUTHENTICATION)
    void enter(RoutingContext context) {
        if (underWay.incrementAndGet() > READS_MAX) {
            underWay.decrementAndGet();
            throw ProblemException.overloaded("Too many reads at once; try again");
        }
        context.addEndHandler(end -> underWay.decrementAndGet());
    }
}
