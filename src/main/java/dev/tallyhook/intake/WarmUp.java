package dev.tallyhook.intake;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ImageMode;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerStart;
import io.quarkus.vertx.http.HttpsServerStart;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.tracing.TracingPolicy;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.MediaType;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Goes the way of a webhook many times before this replica says that it is ready: over the network up to the ledger, and with the
 * ledger's own statement. A JVM that has just started loads and interprets what it does first, and while it does so on busy
 * processors a sender waits for seconds. Nothing of it is kept, counted or told. A native binary needs none, and dev mode and the
 * tests do without.
 */
@Singleton
public class WarmUp {

    private static final String HEADER = "Tallyhook-Warm-Up";
    private static final int REQUESTS = 1_000;
    private static final int ACCEPTED = 202;
    /** Of a request that is not sampled, so that no trace tells of it (W3C Trace Context). */
    private static final String NOT_TRACED = "00-00000000000000000000000000000001-0000000000000001-00";

    private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]");
    private static final String BODY = """
            {"transaction_id": "warm-up", "source_account": "warm-up", "destination_account": "warm-up", "amount": 1500.50, "currency": "INR"}""";

    /** After five a statement is prepared by the server; the others are for the compiler. */
    private static final int GROUPS = 30;

    private static final int GROUP_SIZE = 8;

    private final Vertx vertx;
    private final Lanes lanes;
    private final Duration most;
    private final CompletableFuture<HttpServerOptions> plain = new CompletableFuture<>();
    private final CompletableFuture<HttpServerOptions> secure = new CompletableFuture<>();

    /** What tells its requests from others'. */
    private final String token = UUID.randomUUID().toString();

    /** Whether one of its requests may come. One that it no longer waits for may be read much later, and must not be taken for a webhook. */
    private volatile boolean mayCome;

    /** Its requests that were not answered, at whichever server. */
    private int unanswered;

    private volatile boolean over;

    WarmUp(Vertx vertx, Lanes lanes, IntakeConfig config) {
        this.vertx = vertx;
        this.lanes = lanes;
        this.most = config.warmUpMax();
    }

    /** Whether this replica is as quick as it gets in a few seconds, or has given that up. */
    public boolean isOver() {
        return over;
    }

    /** Whether it is one of its own: to be answered as if it had been stored. */
    boolean hasSent(HttpServerRequest request) {
        if (!mayCome) {
            return false;
        }
        String shown = request.getHeader(HEADER);
        return shown != null
                && MessageDigest.isEqual(
                        token.getBytes(StandardCharsets.US_ASCII), shown.getBytes(StandardCharsets.US_ASCII));
    }

    void start(@Observes StartupEvent event) {
        if (most.isZero() || ImageMode.current() != ImageMode.JVM || LaunchMode.current() != LaunchMode.NORMAL) {
            over = true;
            return;
        }
        var thread = new Thread(this::warmUp, "warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    void listens(@ObservesAsync HttpServerStart started) {
        plain.complete(started.options());
    }

    void listens(@ObservesAsync HttpsServerStart started) {
        secure.complete(started.options());
    }

    private void warmUp() {
        long begunNanos = System.nanoTime();
        long deadlineNanos = begunNanos + most.toNanos();
        try {
            int groups = writeToLedger(deadlineNanos);
            mayCome = true;
            int requests = sendToSelf(deadlineNanos);
            Log.infof(
                    "Warmed up by %d requests and %d groups for the ledger, none of which are kept, in %d ms",
                    requests,
                    groups,
                    Duration.ofNanos(System.nanoTime() - begunNanos).toMillis());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error unexpected) {
            Log.warn("The warm-up has ended early", unexpected);
        } finally {
            mayCome = unanswered > 0;
            over = true;
        }
    }

    /** Without a database there is nothing to get used to. */
    private int writeToLedger(long deadlineNanos) {
        int written = 0;
        try {
            while (written < GROUPS && isBefore(deadlineNanos)) {
                lanes.tryOut(GROUP_SIZE);
                written++;
            }
        } catch (SQLException failure) {
            Log.debugf("The warm-up of the ledger has ended early: %s", failure.getMessage());
        }
        return written;
    }

    /** Wherever senders may come: where they are sent on from there to TLS, there alone. */
    private int sendToSelf(long deadlineNanos) throws InterruptedException {
        try {
            CompletableFuture.anyOf(plain, secure).get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            int sent = plain.isDone() ? sendTo(plain.join(), deadlineNanos) : 0;
            if (sent == 0) {
                secure.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
            return sent + (secure.isDone() ? sendTo(secure.join(), deadlineNanos) : 0);
        } catch (ExecutionException | TimeoutException nothingListens) {
            return 0;
        }
    }

    private int sendTo(HttpServerOptions server, long deadlineNanos) throws InterruptedException {
        // It trusts itself, whoever its certificate is made out to.
        HttpClient client = vertx.createHttpClient(new HttpClientOptions()
                .setDefaultHost(EVERY_ADDRESS.contains(server.getHost()) ? "localhost" : server.getHost())
                .setDefaultPort(server.getPort())
                .setSsl(server.isSsl())
                .setTrustAll(true)
                .setVerifyHost(false)
                .setTracingPolicy(TracingPolicy.IGNORE));
        int sent = 0;
        try {
            while (sent < REQUESTS && isBefore(deadlineNanos)) {
                unanswered++;
                int status = post(client).get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
                unanswered--;
                if (status != ACCEPTED) {
                    Log.debugf("The warm-up over the network has ended early: it is answered %d", status);
                    break;
                }
                sent++;
            }
        } catch (ExecutionException | TimeoutException failure) {
            Log.debugf("The warm-up over the network has ended early: %s", failure);
        } finally {
            var unused = client.close();
        }
        return sent;
    }

    /** Gives the status of the answer. */
    private CompletableFuture<Integer> post(HttpClient client) {
        return client.request(HttpMethod.POST, WebhookRoutes.TRANSACTIONS)
                .compose(request -> request.putHeader(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON)
                        .putHeader(HEADER, token)
                        .putHeader("traceparent", NOT_TRACED)
                        .send(BODY))
                .compose(response -> response.body().map(body -> response.statusCode()))
                .toCompletionStage()
                .toCompletableFuture();
    }

    private static boolean isBefore(long deadlineNanos) {
        return deadlineNanos - System.nanoTime() > 0;
    }
}
