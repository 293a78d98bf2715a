package dev.tallyhook.operations;

import dev.tallyhook.transaction.Reading;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.ext.Provider;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Times what readers ask, by path and status. */
@Provider
@Reading
class ReadTimer implements ContainerRequestFilter, ContainerResponseFilter {

    private static final String SINCE = ReadTimer.class.getName();
    private static final String TRANSACTIONS = "/v1/transactions";
    private static final String TRANSACTION = TRANSACTIONS + "/{transaction_id}";

    private static final Set<String> URIS = Set.of(TRANSACTIONS, TRANSACTION, "/v1/conflicts", "/v1/activity");
    private static final Set<String> STATUSES = Set.of("200", "400", "404", "422", "500", "503");

    private static final Duration[] BUCKETS = {
        Duration.ofMillis(10),
        Duration.ofMillis(50),
        Duration.ofMillis(200),
        Duration.ofSeconds(1),
        Duration.ofSeconds(4)
    };

    private final MeterRegistry registry;

    ReadTimer(MeterRegistry registry) {
        this.registry = registry;
        // There from the start, so that a rate begins at 0 and not at nothing.
        URIS.forEach(uri -> STATUSES.forEach(status -> timer(uri, status)));
    }

    @Override
    public void filter(ContainerRequestContext request) {
        request.setProperty(SINCE, System.nanoTime());
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        long now = System.nanoTime();
        // One that was refused before its turn took no time.
        long since = request.getProperty(SINCE) instanceof Long begun ? begun : now;
        timer(uri(request.getUriInfo().getPath()), Integer.toString(response.getStatus()))
                .record(now - since, TimeUnit.NANOSECONDS);
    }

    /** As the document of the API writes it, so that there are only as many as there are resources. */
    private static String uri(String path) {
        String plain = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        if (plain.startsWith(TRANSACTIONS + "/")) {
            return TRANSACTION;
        }
        return URIS.contains(plain) ? plain : "other";
    }

    private Timer timer(String uri, String status) {
        return Timer.builder("tallyhook.read.duration")
                .description("From a reader's request to its answer")
                .tag("uri", uri)
                .tag("status", status)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }
}
