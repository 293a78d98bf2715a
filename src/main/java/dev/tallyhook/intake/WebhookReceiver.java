package dev.tallyhook.intake;

import dev.tallyhook.access.RequestMemory;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Sources;
import dev.tallyhook.transaction.TransactionPath;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Takes webhooks of the built-in contract. Start reading here: what one goes through stands in {@link #receive}, in its order. */
@Singleton
class WebhookReceiver {

    /** Field by field what senders know. */
    private static final Answer ACCEPTED = new Answer(202, MediaType.APPLICATION_JSON, """
            {"status":"ACCEPTED","message":"Transaction queued for processing"}""");

    private final Signatures signatures;
    private final WebhookParser parser;
    private final Sources sources;
    private final Intake intake;
    private final IntakeMetrics metrics;
    private final WarmUp warmUp;
    private final long bodySizeMax;

    WebhookReceiver(
            Signatures signatures,
            WebhookParser parser,
            Sources sources,
            Intake intake,
            IntakeMetrics metrics,
            WarmUp warmUp,
            IntakeConfig config) {
        this.signatures = signatures;
        this.parser = parser;
        this.sources = sources;
        this.intake = intake;
        this.metrics = metrics;
        this.warmUp = warmUp;
        this.bodySizeMax = config.bodySizeMax().asLongValue();
    }

    void start(@Observes StartupEvent event) {
        long largest = RequestMemory.shared().largest();
        if (bodySizeMax < 1 || bodySizeMax > largest) {
            throw new ConfigurationException(
                    "tallyhook.intake.body-size-max must be from 1 to " + largest + " bytes, an eighth of the heap");
        }
    }

    void receive(Arrival arrival) {
        HttpServerRequest request = arrival.request;
        if (warmUp.hasSent(request)) {
            arrival.serve(bodySizeMax, body -> pretend(request, body), failure -> {});
            return;
        }
        arrival.serve(
                bodySizeMax,
                body -> authenticate(request, body)
                        .thenApply(known -> parse(request, known).broughtBy(arrival.traceparent))
                        .thenCompose(webhook -> intake.record(List.of(webhook))
                                .thenApplyAsync(receipts -> reply(webhook, receipts.get(0), arrival.since), arrival)),
                metrics::refused);
    }

    /** As if it were stored. */
    private CompletionStage<Arrival.Reply> pretend(HttpServerRequest request, byte[] body) {
        return CompletableFuture.completedFuture(accepted(parse(request, body), false));
    }

    private CompletionStage<byte[]> authenticate(HttpServerRequest request, byte[] body) {
        intake.requireRoom(); // Under overload a refusal must cost less than what it refuses.
        return signatures.requireSigned(request.headers(), body);
    }

    private Webhook parse(HttpServerRequest request, byte[] body) {
        JsonBody.require(request.getHeader(HttpHeaders.CONTENT_TYPE));
        Webhook webhook = parser.parse(body);
        if (sources.owns(webhook.transactionId())) {
            throw ProblemException.unprocessable(List.of(new Violation(
                    "transaction_id", "must not begin with the name of a configured source and a colon")));
        }
        return webhook;
    }

    private Arrival.Reply reply(Webhook webhook, Receipt receipt, long since) {
        if (receipt == Receipt.CONFLICTING || receipt == Receipt.CONFLICTING_AGAIN) {
            throw ProblemException.conflict(
                    "A transaction with this id is stored with other content; it stays, and this attempt is on record");
        }
        boolean replayed = receipt == Receipt.REPLAYED;
        metrics.accepted(replayed ? Outcome.REPLAYED : Outcome.ACCEPTED, since);
        return accepted(webhook, replayed);
    }

    private static Arrival.Reply accepted(Webhook webhook, boolean replayed) {
        return new Arrival.Reply(ACCEPTED, TransactionPath.of(webhook.transactionId()), replayed);
    }
}
