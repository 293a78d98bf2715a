package dev.tallyhook.intake;

import dev.tallyhook.access.RequestMemory;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import io.smallrye.common.annotation.NonBlocking;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * Where named senders post, as they are. What is signed is taken, whatever it says: a provider that is refused sends the same for
 * days, and then switches the endpoint off. So conflicts are answered as success, too, and are on record.
 */
@Path("/v1/webhooks/{source}")
class SourceResource {

    /** One for every scheme and whatever is wrong. */
    private static final String CHALLENGE = "Webhook";

    private static final String REPLAYED = "Idempotent-Replayed";

    private final Sources sources;
    private final Intake intake;
    private final SourceMetrics metrics;
    private final RequestMemory memory = RequestMemory.shared();

    SourceResource(Sources sources, Intake intake, SourceMetrics metrics) {
        this.sources = sources;
        this.intake = intake;
        this.metrics = metrics;
    }

    @POST
    @NonBlocking
    public CompletionStage<RestResponse<String>> receive(@PathParam("source") String name, HttpServerRequest request) {
        Source source =
                sources.find(name).orElseThrow(() -> ProblemException.notFound("There is no source of this name"));
        long since = System.nanoTime();
        String traceparent = TraceParent.ofCurrentRequest();
        var incoming = new RequestBody(request, source.bodySizeMax(), memory);
        CompletionStage<RestResponse<String>> answered = incoming.read().thenCompose(body -> {
            List<Webhook> webhooks =
                    verified(source, new Delivery(request.headers(), request.query(), body), traceparent);
            return intake.record(webhooks).thenApply(receipts -> answer(source, webhooks, receipts, since));
        });
        // Not on what is returned, which the framework cancels when the sender goes away.
        var unused = answered.whenComplete((answer, failure) -> incoming.forget());
        return answered.whenComplete((answer, failure) -> {
            if (failure != null) {
                metrics.refused(source, failure);
            }
        });
    }

    private List<Webhook> verified(Source source, Delivery delivery, @Nullable String traceparent) {
        intake.requireRoom(); // Under overload a refusal must cost less than what it refuses.
        return switch (source.scheme().verify(delivery)) {
            case SIGNED -> SourceWebhooks.of(source, delivery, traceparent);
            case UNSIGNED ->
                throw ProblemException.unauthorized(
                        "The webhook must be signed as its source is configured, and be of now", CHALLENGE);
            case UNDECIDED ->
                throw ProblemException.unavailable("What the signature is held against is being fetched; try again");
        };
    }

    private RestResponse<String> answer(Source source, List<Webhook> webhooks, List<Receipt> receipts, long since) {
        metrics.answered(source, webhooks, receipts, since);
        Answer success = source.scheme().success();
        var answer = RestResponse.ResponseBuilder.<String>create(success.status(), null)
                .entity(success.body())
                .type(success.contentType());
        boolean replayed = receipts.stream().allMatch(Receipt.REPLAYED::equals);
        return (replayed ? answer.header(REPLAYED, "true") : answer).build();
    }
}
