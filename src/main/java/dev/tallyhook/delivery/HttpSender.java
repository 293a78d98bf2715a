package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Sends messages over HTTP, each on one of a few event loops from its beginning to its end. */
@Singleton
class HttpSender implements Sender {

    private final Optional<String> tlsName;
    private final Loops loops;
    private final Guard guard;
    private final Addresses addresses;
    private final Names names;
    private final Clock clock;
    private final long timeoutMillis;
    private final long connectTimeoutMillis;

    /** Connections on which something was answered, and so may be closed by their server at any time, and when they were last heard of. */
    private final Map<HttpConnection, Long> used = new ConcurrentHashMap<>();

    /** @throws ConfigurationException if there is no such TLS configuration, or it trusts anybody */
    @Inject
    HttpSender(TellingConfig config, TlsConfigurationRegistry registry, Vertx vertx) {
        this(
                config,
                config.tlsConfigurationName().map(name -> configured(name, registry)),
                vertx,
                InetAddress::getAllByName,
                Clock.systemUTC());
    }

    HttpSender(TellingConfig config, Optional<TlsConfiguration> tls, Vertx vertx, Resolver resolver, Clock clock) {
        this.tlsName = config.tlsConfigurationName();
        this.loops = new Loops(vertx, () -> new Clients(vertx, config, tls));
        this.guard = new Guard(config);
        this.addresses = new Addresses(guard, System::nanoTime);
        this.names = new Names(resolver, addresses, config.connectTimeout(), System::nanoTime);
        this.clock = clock;
        this.timeoutMillis = config.timeout().toMillis();
        this.connectTimeoutMillis =
                Math.min(timeoutMillis, config.connectTimeout().toMillis());
    }

    private static TlsConfiguration configured(String name, TlsConfigurationRegistry registry) {
        TlsConfiguration tls = registry.get(name)
                .orElseThrow(() -> new ConfigurationException("tallyhook.telling.tls-configuration-name is " + name
                        + ", and there is nothing at quarkus.tls." + name));
        if (tls.isTrustAll()) {
            throw new ConfigurationException(
                    "quarkus.tls." + name + ".trust-all must not be set where endpoints are told by it");
        }
        return tls;
    }

    /** So that settings that are wrong end the start. */
    void start(@Observes StartupEvent event) {}

    /** Its files have changed: {@code quarkus.tls.<name>.reload-period} has somebody look. */
    void changed(@Observes CertificateUpdatedEvent event) {
        if (tlsName.filter(event.name()::equals).isPresent()) {
            loops.each().forEach(loop -> loop.clients().change(event.tlsConfiguration()));
            Log.info(
                    "The certificates by which endpoints are told have changed; new connections are made with the new ones");
        }
    }

    @Override
    public void send(OutgoingRequest request, Consumer<Attempt> then) {
        long began = System.nanoTime();
        Optional<String> refusal = guard.refusal(request.url());
        if (refusal.isPresent()) {
            then.accept(new Attempt(Outcome.FORBIDDEN, 0, since(began), null, refusal.get()));
            return;
        }
        String host = request.url().getHost();
        Loops.Loop loop = loops.take(host);
        Consumer<Attempt> over = attempt -> {
            loops.leave(host, loop);
            then.accept(attempt);
        };
        try {
            new Exchange(this, loop, request, began, over).begin();
        } catch (RejectedExecutionException stopped) {
            // The event loops are gone, because the service stops.
            over.accept(new Attempt(Outcome.UNSENDABLE, 0, since(began), null, "the service stops"));
        }
    }

    static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }

    Addresses addresses() {
        return addresses;
    }

    Names names() {
        return names;
    }

    Clock clock() {
        return clock;
    }

    long timeoutMillis() {
        return timeoutMillis;
    }

    long connectTimeoutMillis() {
        return connectTimeoutMillis;
    }

    /** It has answered; it is forgotten when it is closed. */
    void use(HttpConnection connection) {
        if (used.put(connection, System.nanoTime()) == null) {
            connection.closeHandler(closed -> used.remove(connection));
        }
    }

    boolean isUsed(HttpConnection connection) {
        return used.containsKey(connection);
    }

    /** Whether nothing was answered on it since then, to whatever was asked. */
    boolean isMute(HttpConnection connection, long sinceNanos) {
        Long heard = used.get(connection);
        return heard == null || heard - sinceNanos < 0;
    }
}
