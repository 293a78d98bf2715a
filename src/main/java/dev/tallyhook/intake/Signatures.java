package dev.tallyhook.intake;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.access.AccessConfig;
import dev.tallyhook.access.Credentials;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.vertx.core.MultiMap;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Tells webhooks of known senders from others, by Standard Webhooks: over the raw bytes, before anything of them is parsed.
 * Every refusal has the same answer and takes the same steps, whatever is wrong, so that neither tells a stranger how near he
 * is.
 */
@Singleton
class Signatures {

    /** Looked at where no signature came, for the time that it takes: it is as long as one, and none. */
    private static final List<byte[]> NONE = List.of(("B".repeat(86) + "==").getBytes(StandardCharsets.US_ASCII));

    /** Requests that wait for an asymmetric check, which takes 0.4 ms for each key and signature. */
    private static final int WAITING_MAX = 128;

    /** A check that waited longer is given up: its sender is to be answered within 500 ms, of which the commit may take 400. */
    private static final Duration WAIT_MAX = Duration.ofMillis(50);

    private static final Duration RELOAD_PERIOD = Duration.ofSeconds(1);
    private static final Duration TELL_PERIOD = Duration.ofSeconds(60);

    private static final String CHALLENGE = "StandardWebhooks";

    private final Credentials<WebhookKey> keys;
    private final Duration tolerance;
    private final Clock clock;
    private final ProblemException refusal;
    private final AtomicLong refused = new AtomicLong();
    private final ExecutorService asymmetricChecks = new ThreadPoolExecutor(
            1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_MAX), task -> new Thread(task, "signatures"));

    private final Tick reloading;
    private final Tick telling;

    @Inject
    Signatures(AccessConfig config, Ticks ticks) {
        this(config, ticks, Clock.systemUTC());
    }

    Signatures(AccessConfig config, Ticks ticks, Clock clock) {
        this.keys = new Credentials<>(
                "tallyhook.webhook.secrets",
                config.webhook().secrets(),
                config.webhook().secretsFile(),
                WebhookKey::parse);
        this.tolerance = config.webhook().tolerance();
        this.clock = clock;
        this.refusal = ProblemException.unauthorized(
                "The webhook must be signed by Standard Webhooks: webhook-id, webhook-timestamp within "
                        + tolerance.toSeconds() + " s of now, and webhook-signature over the raw body",
                CHALLENGE);
        reloading = ticks.every(RELOAD_PERIOD, "secrets", keys::reload);
        telling = ticks.every(TELL_PERIOD, "refusals", this::tellRefused);
    }

    void start(@Observes StartupEvent event) {
        // Reads the keys now, so that a wrong one stops the start and not the first webhook.
        Log.debugf("Webhooks are held against %s", keys);
    }

    /**
     * Lets the body through if it is signed by somebody known, or if nobody is.
     *
     * @return the body, or a {@link ProblemException} with 401; with 503 if more asymmetric signatures came than can be
     *     checked in time
     */
    CompletionStage<byte[]> requireSigned(MultiMap headers, byte[] body) {
        List<WebhookKey> current = keys.current();
        if (current.isEmpty()) {
            return CompletableFuture.completedFuture(body);
        }
        var content = new SignedContent(headers, body);
        boolean fresh = !content.malformed
                && Math.abs(clock.instant().getEpochSecond() - content.timestamp) <= tolerance.toSeconds();
        // A stale webhook whose signature fits goes on like one whose does not.
        boolean known = fits(content, current, WebhookKey.Shared.class, content.shared) && fresh;
        if (known || current.stream().noneMatch(WebhookKey.Public.class::isInstance)) {
            return verdict(known, body);
        }
        return later(() -> fits(content, current, WebhookKey.Public.class, content.asymmetric))
                .thenCompose(fits -> verdict(fits && fresh, body));
    }

    private static boolean fits(SignedContent content, List<WebhookKey> keys, Class<?> kind, List<byte[]> signatures) {
        boolean found = false;
        for (WebhookKey key : keys) {
            if (kind.isInstance(key)) {
                found |= key.fits(content, signatures.isEmpty() ? NONE : signatures);
            }
        }
        return found;
    }

    private CompletionStage<byte[]> verdict(boolean known, byte[] body) {
        if (known) {
            return CompletableFuture.completedFuture(body);
        }
        refused.incrementAndGet();
        return CompletableFuture.failedFuture(refusal);
    }

    /** On a thread of its own: strangers who make it work may delay each other, but not those who share a secret. */
    private CompletionStage<Boolean> later(BooleanSupplier check) {
        var answer = new CompletableFuture<Boolean>();
        long since = System.nanoTime();
        try {
            asymmetricChecks.execute(() -> {
                try {
                    if (System.nanoTime() - since > WAIT_MAX.toNanos()) {
                        throw crowded();
                    }
                    answer.complete(check.getAsBoolean());
                } catch (Throwable failure) {
                    answer.completeExceptionally(failure); // Whatever it is, its sender is answered.
                }
            });
        } catch (RejectedExecutionException full) {
            answer.completeExceptionally(crowded());
        }
        return answer;
    }

    private static ProblemException crowded() {
        return ProblemException.overloaded("More v1a signatures came than can be checked in time; try again");
    }

    /** One at a time: a file system that hangs must not take one thread after the other. */
    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void reload() {
        reloading.come();
    }

    /** Once a minute and not once a webhook: strangers must not be able to fill a log. */
    @Scheduled(every = "60s", delayed = "60s", skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tickRefused() {
        telling.come();
    }

    private void tellRefused() {
        long count = refused.getAndSet(0);
        if (count > 0) {
            Log.warnf(
                    "%d webhooks of the last minute were answered 401: their signatures fit none of the secrets,"
                            + " or their timestamps are not of now",
                    count);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        asymmetricChecks.shutdown();
    }
}
