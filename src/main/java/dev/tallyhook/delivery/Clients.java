package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.runtime.config.TlsConfigUtils;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.tracing.TracingPolicy;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The HTTP clients of an event loop, each made when it is first needed. They keep connections by address and name, so endpoints do not share any by chance. */
final class Clients {

    private static final int KEEP_ALIVE_SECONDS = 60;

    /** How many attempts there are at a time is the matter of who makes them; a pool that is full would let them wait for others'. */
    private static final int CONNECTIONS_MAX = 4096;

    /** On each event loop. A connection has many streams; but a server may allow few. */
    private static final int HTTP2_CONNECTIONS_MAX = 4;

    private static final int HEAD_BYTES_MAX = 16 * 1024;

    /** Which of them. */
    enum Kind {
        /** HTTP/1.1 without TLS. */
        PLAIN,
        /** With TLS, HTTP/2 where the server speaks it. */
        SECURE,
        /** Like the first, but its connection is new, and serves no other request. */
        PLAIN_ONCE,
        /** HTTP/1.1 with TLS, on a connection that is new and serves no other request. */
        SECURE_ONCE;

        static Kind of(boolean secure, boolean once) {
            return secure ? (once ? SECURE_ONCE : SECURE) : once ? PLAIN_ONCE : PLAIN;
        }

        private boolean isSecure() {
            return this == SECURE || this == SECURE_ONCE;
        }

        private boolean isOnce() {
            return this == PLAIN_ONCE || this == SECURE_ONCE;
        }
    }

    private final Vertx vertx;
    private final Duration timeout;
    private final Duration connectTimeout;
    private volatile Optional<TlsConfiguration> tls;
    private volatile @Nullable HttpClient plain;
    private volatile @Nullable HttpClient secure;

    /** All that are there; guarded by this. */
    private final Map<Kind, HttpClient> made = new EnumMap<>(Kind.class);

    Clients(Vertx vertx, TellingConfig config, Optional<TlsConfiguration> tls) {
        this.vertx = vertx;
        this.timeout = config.timeout();
        this.connectTimeout = config.connectTimeout();
        this.tls = tls;
    }

    HttpClient get(Kind kind) {
        HttpClient ready = kind == Kind.SECURE ? secure : kind == Kind.PLAIN ? plain : null;
        return ready != null ? ready : make(kind);
    }

    private synchronized HttpClient make(Kind kind) {
        HttpClient client = made.computeIfAbsent(kind, this::client);
        if (kind == Kind.SECURE) {
            secure = client;
        } else if (kind == Kind.PLAIN) {
            plain = client;
        }
        return client;
    }

    /** From here on new connections are made with these certificates; what is under way on others may end. */
    synchronized void change(TlsConfiguration changed) {
        tls = Optional.of(changed);
        secure = null;
        for (Kind kind : Kind.values()) {
            HttpClient old = kind.isSecure() ? made.remove(kind) : null;
            if (old != null) {
                vertx.setTimer(timeout.plusSeconds(1).toMillis(), over -> old.close());
            }
        }
    }

    private HttpClient client(Kind kind) {
        HttpClientOptions options = kind.isSecure() ? secureOptions(kind) : new HttpClientOptions();
        options.setKeepAlive(!kind.isOnce())
                .setPipelining(false)
                .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
                .setHttp2KeepAliveTimeout(KEEP_ALIVE_SECONDS)
                .setConnectTimeout((int) connectTimeout.toMillis())
                .setDecompressionSupported(false)
                .setMaxHeaderSize(HEAD_BYTES_MAX)
                .setMaxRedirects(0)
                // What is traced is the transaction; the URL is the endpoint's secret.
                .setTracingPolicy(TracingPolicy.IGNORE);
        return vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions()
                        .setHttp1MaxSize(CONNECTIONS_MAX)
                        .setHttp2MaxSize(HTTP2_CONNECTIONS_MAX)
                        .setMaxWaitQueueSize(CONNECTIONS_MAX))
                // What breaks a connection is told by the attempts on it; it would log itself as well.
                .withConnectHandler(connection -> connection.exceptionHandler(broken -> {}))
                .build();
    }

    private HttpClientOptions secureOptions(Kind kind) {
        var options = new HttpClientOptions();
        tls.ifPresent(configured -> TlsConfigUtils.configure(options, configured));
        return options.setSsl(true)
                .setVerifyHost(true)
                .setUseAlpn(!kind.isOnce())
                .setProtocolVersion(kind.isOnce() ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_2)
                .setSslHandshakeTimeout(connectTimeout.toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    }
}
