package dev.tallyhook.intake;

import dev.tallyhook.access.RequestMemory;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.source.Sources;
import dev.tallyhook.transaction.TransactionPath;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.common.annotation.NonBlocking;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestResponse;

/** Where senders post. Start reading here: what a webhook goes through stands in {@link #receive}, in its order. */
@Path(WebhookResource.PATH)
class WebhookResource {

    static final String PATH = "/v1/webhooks/transactions";

    private static final String REPLAYED = "Idempotent-Replayed";

    private final Signatures signatures;
    private final WebhookParser parser;
    private final Sources sources;
    private final Intake intake;
    private final IntakeMetrics metrics;
    private final WarmUp warmUp;
    private final RequestMemory memory = RequestMemory.shared();
    private final long bodySizeMax;

    WebhookResource(
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
        if (bodySizeMax < 1 || bodySizeMax > memory.largest()) {
            throw new ConfigurationException("tallyhook.intake.body-size-max must be from 1 to " + memory.largest()
                    + " bytes, an eighth of the heap");
        }
    }

    @POST
    @NonBlocking
    public CompletionStage<RestResponse<Accepted>> receive(HttpServerRequest request) {
        if (warmUp.hasSent(request)) {
            return pretend(request);
        }
        long since = System.nanoTime();
        String traceparent = TraceParent.ofCurrentRequest();
        var incoming = new RequestBody(request, bodySizeMax, memory);
        CompletionStage<RestResponse<Accepted>> answered = incoming.read()
                .thenCompose(body -> authenticate(request, body))
                .thenApply(body -> parse(request, body).broughtBy(traceparent))
                .thenCompose(webhook ->
                        intake.record(List.of(webhook)).thenApply(receipts -> answer(webhook, receipts.get(0), since)));
        // Not on what is returned, which the framework cancels when the sender goes away.
        var unused = answered.whenComplete((answer, failure) -> incoming.forget());
        return answered.whenComplete((answer, failure) -> {
            if (failure != null) {
                metrics.refused(failure);
            }
        });
    }

    /** As if it were stored. */
    private CompletionStage<RestResponse<Accepted>> pretend(HttpServerRequest request) {
        var incoming = new RequestBody(request, bodySizeMax, memory);
        return incoming.read()
                .thenApply(body -> accepted(parse(request, body)).build())
                .whenComplete((answer, failure) -> incoming.forget());
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

    private RestResponse<Accepted> answer(Webhook webhook, Receipt receipt, long since) {
        var answer =
                switch (receipt) {
                    case ACCEPTED -> accepted(webhook);
                    case REPLAYED -> accepted(webhook).header(REPLAYED, "true");
                    case CONFLICTING, CONFLICTING_AGAIN ->
                        throw ProblemException.conflict(
                                "A transaction with this id is stored with other content; it stays, and this attempt is on record");
                };
        metrics.accepted(receipt == Receipt.ACCEPTED ? Outcome.ACCEPTED : Outcome.REPLAYED, since);
        return answer.build();
    }

    private static RestResponse.ResponseBuilder<Accepted> accepted(Webhook webhook) {
        return RestResponse.ResponseBuilder.<Accepted>create(RestResponse.Status.ACCEPTED)
                .entity(Accepted.INSTANCE)
                // Said here and not by @Produces, which would answer 406 to senders that accept something else.
                .type(MediaType.APPLICATION_JSON)
                .header("Location", TransactionPath.of(webhook.transactionId()));
    }
}
