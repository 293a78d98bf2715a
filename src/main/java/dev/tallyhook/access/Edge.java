package dev.tallyhook.access;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.quarkus.vertx.http.HttpServerStart;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;

/** Where connections and requests meet: tells each connection's deadline when a request has come and when it is answered. */
@Singleton
class Edge implements HttpServerOptionsCustomizer {

    /** RFC 9113 section 7: the client makes too much of a load. */
    private static final long ENHANCE_YOUR_CALM = 0xb;

    private final RequestMemory memory = RequestMemory.shared();
    private final Farewells farewells;

    Edge(Farewells farewells) {
        this.farewells = farewells;
    }

    /** HTTP/2 is spoken over TLS; on the plain port a connection is watched as HTTP/1.1 from its first byte on. */
    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false);
    }

    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).handler(this::handle);
    }

    /** The operators' port has connections too, and what scrapes it keeps them. */
    void register(@Observes ManagementInterface management) {
        register(management.router());
    }

    void show(@Observes StartupEvent event, MeterRegistry registry) {
        Gauge.builder("tallyhook.connections", ConnectionLimits::open)
                .description("Connections open, those of the operators' port aside")
                .register(registry);
    }

    /** Missing limits are to be seen, not felt: their registration is by name, which a build could lose. */
    void requireLimits(@ObservesAsync HttpServerStart started) {
        if (LaunchMode.current() == LaunchMode.NORMAL && !ConnectionLimits.areInForce()) {
            Log.error("Connections are NOT limited: this build has lost META-INF/services of "
                    + ConnectionLimits.class.getName());
        }
    }

    private void handle(RoutingContext context) {
        boolean multiplexed = context.request().version() == HttpVersion.HTTP_2;
        if (multiplexed) {
            farewells.requestCame(context);
        }
        RequestDeadline deadline = RequestDeadline.of(context.request());
        if (deadline != null) {
            deadline.requestCame(multiplexed);
            context.addEndHandler(end -> deadline.requestAnswered());
            if (multiplexed && !takeRoom(context)) {
                context.response().reset(ENHANCE_YOUR_CALM);
                return;
            }
        }
        context.next();
    }

    /** Bytes of HTTP/2 tell nothing of the size of the head that they bring, which is compressed. */
    private boolean takeRoom(RoutingContext context) {
        int size = headSize(context.request());
        if (!memory.take(size, size)) {
            return false;
        }
        context.addEndHandler(end -> memory.giveBack(size));
        return true;
    }

    private static int headSize(HttpServerRequest request) {
        int size = request.uri().length();
        for (var header : request.headers()) {
            size += header.getKey().length() + header.getValue().length();
        }
        return size;
    }
}
