package dev.tallyhook.access;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Sends clients of HTTP/2 to other replicas while this one stops, as {@code Connection: close} does those of HTTP/1.1: all that
 * are connected when the delay begins, and who connects later after a fifth of it: whoever is sent away comes back here as long as
 * balancers have not heard of it, and each time costs a handshake. What comes during the delay is taken all the same.
 */
@ApplicationScoped
class Farewells {

    /** Before the delay is over, so that nothing is begun that the end of the process could cut off. */
    private static final Duration LAST_STREAM_BEFORE_END = Duration.ofMillis(100);

    /** A short delay is rather for announcing than for what comes after the last stream; and so often at most a client comes back. */
    private static final int SHARES = 5;

    /** Java's own clients fail whatever is under way when a GOAWAY comes (JDK-8335181), unless they are one of these. */
    private static final Pattern REPAIRED =
            Pattern.compile("(17\\.0\\.(1[7-9]|[2-9]\\d)|21\\.0\\.([89]|[1-9]\\d)|(2[4-9]|[3-9]\\d))(\\D.*)?");

    private static final String JAVA = "Java-http-client/";

    private final Duration share;
    private final Duration lastStreamAfter;
    private final Set<Farewell> connected = ConcurrentHashMap.newKeySet();

    /** By the monotonic clock; null until the service stops. */
    private volatile @Nullable Long lastStreamNanos;

    Farewells(@ConfigProperty(name = "quarkus.shutdown.delay") Duration delay) {
        this.share = delay.dividedBy(SHARES);
        this.lastStreamAfter =
                delay.minus(share.compareTo(LAST_STREAM_BEFORE_END) < 0 ? share : LAST_STREAM_BEFORE_END);
    }

    void begin(@Observes ShutdownDelayInitiatedEvent event) {
        lastStreamNanos = System.nanoTime() + lastStreamAfter.toNanos();
        connected.forEach(farewell -> {
            farewell.announce();
            farewell.sayAfter(lastStreamAfter.toNanos());
        });
    }

    /** A request of HTTP/2 is here. To be called on its connection's event loop. */
    void requestCame(RoutingContext context) {
        if (!(context.request().connection() instanceof ConnectionBase connection)
                || Farewell.of(connection.channel()) != null) {
            return;
        }
        Farewell farewell = Farewell.prepare(connection.channel());
        if (!understandsGoAway(context.request().getHeader(HttpHeaders.USER_AGENT))) {
            return;
        }
        connected.add(farewell);
        connection.channel().closeFuture().addListener(closed -> connected.remove(farewell));
        Long stopping = lastStreamNanos;
        if (stopping != null) {
            long left = Math.max(stopping - System.nanoTime(), 0);
            farewell.announceAfter(Math.min(share.toNanos(), left / 2));
            farewell.sayAfter(left);
        }
    }

    static boolean understandsGoAway(@Nullable String userAgent) {
        return userAgent == null
                || !userAgent.startsWith(JAVA)
                || REPAIRED.matcher(userAgent.substring(JAVA.length())).matches();
    }
}
