package dev.tallyhook.access;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.common.runtime.util.SchedulerUtils;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * The certificates of the TLS registry, those shown and those trusted, as their files are now. The server is given managers
 * that look each time, because the other way, to give it new ones ({@code quarkus.tls.reload-period}), leaves a moment in
 * which it has none, and who connects in it is dropped.
 */
@Startup
@ApplicationScoped
class Certificates implements HttpServerOptionsCustomizer {

    private final TlsConfig config;
    private final Optional<String> name;
    private final TlsConfigurationRegistry registry;
    private final Vertx vertx;
    private volatile @Nullable CurrentIdentity identity;
    private volatile @Nullable CurrentTrust trust;
    private @Nullable String complaint;

    /** None where the setting switches the schedule off. */
    private final @Nullable Tick reloading;

    Certificates(
            TlsConfig config,
            @ConfigProperty(name = "quarkus.http.tls-configuration-name") Optional<String> name,
            TlsConfigurationRegistry registry,
            Vertx vertx,
            Ticks ticks) {
        this.config = config;
        this.name = name;
        this.registry = registry;
        this.vertx = vertx;
        this.reloading = SchedulerUtils.isOff(config.reloadPeriod())
                ? null
                : ticks.every(period(config.reloadPeriod()), "certificates", this::reload);
    }

    private static Duration period(String setting) {
        try {
            return DurationConverter.parseDuration(setting);
        } catch (IllegalArgumentException wrong) {
            throw new ConfigurationException(
                    "tallyhook.tls.reload-period must be a duration such as 5s or PT5S, or off, and not " + setting);
        }
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        try {
            customize(options);
        } catch (ConfigurationException wrong) {
            throw wrong;
        } catch (Exception unusable) {
            throw new ConfigurationException("The TLS certificate cannot be used: " + unusable.getMessage());
        }
    }

    private void customize(HttpServerOptions options) throws Exception {
        boolean clientsAreAsked = config.clientAuth() != ClientAuth.NONE;
        // Without a trust store Java would trust whoever any public authority has certified.
        if (clientsAreAsked && (options.getKeyCertOptions() == null || options.getTrustOptions() == null)) {
            throw new ConfigurationException("tallyhook.tls.client-auth needs a certificate of the service"
                    + " (quarkus.tls.key-store.pem) and those that clients' must be signed with"
                    + " (quarkus.tls.trust-store.pem.certs)");
        }
        if (options.getKeyCertOptions() == null) {
            return;
        }
        identity = new CurrentIdentity(keyManager(options.getKeyCertOptions()));
        options.setKeyCertOptions(KeyCertOptions.wrap(identity));
        if (clientsAreAsked) {
            trust = new CurrentTrust(trustManager(current()));
            options.setTrustOptions(TrustOptions.wrap(trust));
            options.setClientAuth(config.clientAuth());
        }
    }

    @Scheduled(
            every = "${tallyhook.tls.reload-period}",
            concurrentExecution = Scheduled.ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        if (reloading != null) {
            reloading.come();
        }
    }

    private void reload() {
        CurrentIdentity shown = identity;
        if (shown == null) {
            return;
        }
        try {
            TlsConfiguration current = current();
            if (!current.reload()) {
                throw new GeneralSecurityException("a file is missing or not PEM");
            }
            // First: whom no longer to trust must not wait for a certificate that is wrong.
            CurrentTrust trusted = trust;
            if (trusted != null && trusted.change(trustManager(current))) {
                Log.info("The TLS trust store has changed; it holds for new requests");
            }
            if (shown.change(keyManager(current.getKeyStoreOptions()))) {
                Log.info("The TLS certificate has changed; new connections get the new one");
            }
            complaint = null;
        } catch (Exception unusable) {
            String why = String.valueOf(unusable.getMessage());
            if (!why.equals(complaint)) {
                complaint = why;
                Log.errorf("The TLS certificate as its files are now cannot be used, the one before stays: %s", why);
            }
        }
    }

    /**
     * A connection that was made, or a session that is resumed, has shown its certificate before; whether it is trusted is
     * asked again after a change.
     */
    void register(@Observes Router router) {
        if (config.clientAuth() != ClientAuth.NONE) {
            router.route().order(Integer.MIN_VALUE).handler(this::requireTrust);
        }
    }

    private void requireTrust(RoutingContext context) {
        CurrentTrust trusted = trust;
        if (trusted == null
                || !context.request().isSSL()
                || trusted.stillTrusts(context.request().sslSession())) {
            context.next();
        } else {
            context.request().connection().close();
        }
    }

    private X509ExtendedKeyManager keyManager(KeyCertOptions options) throws Exception {
        for (KeyManager manager : options.getKeyManagerFactory(vertx).getKeyManagers()) {
            if (manager instanceof X509ExtendedKeyManager usable) {
                return usable;
            }
        }
        throw new GeneralSecurityException("it is not an X.509 certificate");
    }

    private static X509ExtendedTrustManager trustManager(TlsConfiguration current) throws GeneralSecurityException {
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(current.getTrustStore());
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager usable) {
                return usable;
            }
        }
        throw new GeneralSecurityException("the trust store is not of X.509 certificates");
    }

    private TlsConfiguration current() throws GeneralSecurityException {
        return name.flatMap(registry::get)
                .or(registry::getDefault)
                .orElseThrow(() -> new GeneralSecurityException("none is configured"));
    }
}
