package dev.tallyhook.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.endpoint.Directory;
import dev.tallyhook.endpoint.Endpoint;
import dev.tallyhook.endpoint.SigningKeys;
import dev.tallyhook.problem.ProblemException;
import io.smallrye.common.annotation.Blocking;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import java.sql.SQLException;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * Where somebody tries whether an endpoint can be told: one attempt, now, whatever its state. No thread waits for what comes of it,
 * so it is none of the reads, each of which has one.
 */
@Path("/v1/endpoints/{endpoint_id}/test")
class TestMessageResource {

    private final ExistingEndpoints endpoints;
    private final Directory directory;
    private final Sender sender;
    private final AttemptLog attempts;
    private final ObjectMapper json;
    private final TestTurns turns = new TestTurns(System::nanoTime);

    TestMessageResource(
            ExistingEndpoints endpoints, Directory directory, Sender sender, AttemptLog attempts, ObjectMapper json) {
        this.endpoints = endpoints;
        this.directory = directory;
        this.sender = sender;
        this.attempts = attempts;
        this.json = json;
    }

    /**
     * What came of it.
     *
     * @param status of HTTP; null if there was no answer
     * @param answer the beginning of it, or why there was none; null if there is nothing to say
     */
    record Tested(
            String webhookId,
            boolean delivered,
            Outcome outcome,
            @Nullable Integer status,
            long tookMs,
            @Nullable String answer) {

        static Tested of(String webhookId, Attempt attempt) {
            return new Tested(
                    webhookId,
                    attempt.isDelivered(),
                    attempt.outcome(),
                    attempt.status() == 0 ? null : attempt.status(),
                    attempt.took().toMillis(),
                    attempt.answer());
        }
    }

    /** Looks first, because another replica may just have changed its URL or its secret; that is why it begins on a thread that may wait. */
    @POST
    @RolesAllowed(Rights.WRITE)
    @Blocking
    public CompletionStage<RestResponse<Tested>> test(@PathParam("endpoint_id") String endpointId)
            throws SQLException, JsonProcessingException {
        Instant now = endpoints.require(endpointId);
        Endpoint endpoint = directory.findNow(endpointId).orElseThrow(ExistingEndpoints::notFound);
        SigningKeys keys = endpoint.keys();
        if (keys == null) {
            throw ProblemException.conflict("This replica has not got what opens the secret of this endpoint: its"
                    + " configuration, or the key of tallyhook.telling.keys that it was sealed with");
        }
        String id = TestMessage.newId();
        OutgoingRequest request = TestMessage.request(json, endpointId, endpoint.url(), keys, id, now);
        return send(endpointId, id, request).thenApply(attempt -> RestResponse.ResponseBuilder.ok(
                        Tested.of(request.webhookId(), attempt), MediaType.APPLICATION_JSON)
                .build());
    }

    private CompletionStage<Attempt> send(String endpointId, String id, OutgoingRequest request) {
        Runnable end = turns.begin(endpointId);
        var made = new CompletableFuture<Attempt>();
        try {
            sender.send(request, attempt -> {
                end.run();
                attempts.record(endpointId, null, id, attempt);
                made.complete(attempt);
            });
        } catch (RuntimeException unexpected) {
            end.run();
            throw unexpected;
        }
        return made;
    }
}
