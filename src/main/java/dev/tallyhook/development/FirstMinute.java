package dev.tallyhook.development;

import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.logging.Log;
import io.quarkus.vertx.http.HttpServerStart;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * What dev mode does for who tries the service for the first time: says where to look and what to paste, and has the dashboard offer to post
 * a webhook as long as there is none.
 */
@IfBuildProfile("dev")
@ApplicationScoped
class FirstMinute {

    private static final String DASHBOARD = "/dashboard/index.html";

    private static final String ROOT = "<html lang=\"en\"";

    /** What the page looks for. */
    private static final String MODE = " data-mode=\"development\"";

    /** Only where the embedded PostgreSQL was started; its class, which has that name too, is not to be loaded for it. */
    private static final String EMBEDDED = "embedded-postgres.running-port";

    private static final int BEFORE_STATIC_FILES = -1;

    void tell(@ObservesAsync HttpServerStart started) {
        Log.info(greeting("http://localhost:" + started.options().getPort(), isOpenToTry()));
    }

    static String greeting(String root, boolean isOpenToTry) {
        return """
                Tallyhook is up%s.

                  its dashboard     %s/dashboard
                  its contract      %s/docs
                  a first webhook   %s
                """.formatted(
                        isOpenToTry ? ", with a PostgreSQL of its own, and open to whoever sends" : "",
                        root,
                        root,
                        isOpenToTry
                                ? firstWebhook(root)
                                : "as docs/security.md signs it: senders are known, or the database is another's");
    }

    static String firstWebhook(String root) {
        return "curl -i " + root + "/v1/webhooks/transactions -H 'Content-Type: application/json' -d "
                + "'{\"transaction_id\":\"txn_first\",\"source_account\":\"acc_user_789\",\"destination_account\":\"acc_merchant_456\","
                + "\"amount\":1500.50,\"currency\":\"INR\"}'";
    }

    void mark(@Observes Router router) {
        if (isOpenToTry()) {
            router.get(DASHBOARD).order(BEFORE_STATIC_FILES).blockingHandler(FirstMinute::serve);
        }
    }

    /** Not if webhooks must be signed, and not where what is tried would stand in somebody's ledger. */
    private static boolean isOpenToTry() {
        return !isSet("tallyhook.webhook.secrets")
                && !isSet("tallyhook.webhook.secrets-file")
                && System.getProperty(EMBEDDED) != null;
    }

    /** By anybody; what is secret cannot be asked for in the usual way. */
    private static boolean isSet(String property) {
        for (ConfigSource source : ConfigProvider.getConfig().getConfigSources()) {
            String value = source.getValue(property);
            if (value != null && !value.isBlank()) {
                return true;
            }
        }
        return false;
    }

    private static void serve(RoutingContext context) {
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/html;charset=UTF-8")
                .end(page().replace(ROOT, ROOT + MODE));
    }

    /** Read anew each time, because in dev mode it may have changed. */
    private static String page() {
        try (InputStream page = Objects.requireNonNull(
                Thread.currentThread().getContextClassLoader().getResourceAsStream("META-INF/resources" + DASHBOARD))) {
            return new String(page.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
