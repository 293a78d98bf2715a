package dev.tallyhook.delivery;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.transaction.PageRequest;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import dev.tallyhook.transaction.TransactionLine;
import io.quarkus.logging.Log;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Where it is asked that an endpoint is told again, and seen how far that is. */
@Reading
@Path("/v1/endpoints/{endpoint_id}/replays")
class ReplayResource {

    /** In bytes: a transaction id of 255 characters of 4 bytes each, escaped. */
    private static final int BODY_MAX = 4096;

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    private final Replays replays;
    private final ReplayCount count;
    private final DeadLetters deadLetters;
    private final ExistingEndpoints endpoints;
    private final SecurityIdentity identity;
    private final JsonBody json;

    ReplayResource(
            Replays replays,
            ReplayCount count,
            DeadLetters deadLetters,
            ExistingEndpoints endpoints,
            SecurityIdentity identity,
            ObjectMapper json) {
        this.replays = replays;
        this.count = count;
        this.deadLetters = deadLetters;
        this.endpoints = endpoints;
        this.identity = identity;
        this.json = new JsonBody(json, BODY_MAX, ReplayRequest.EXAMPLE);
    }

    @POST
    @RolesAllowed(Rights.WRITE)
    @Blocking
    public RestResponse<ReplayAnswer> begin(
            @PathParam("endpoint_id") String endpointId,
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type,
            InputStream body)
            throws SQLException, IOException {
        Instant now = endpoints.require(endpointId);
        var request = ReplayRequest.read(json.read(type, body).orElseGet(JsonNodeFactory.instance::objectNode), now);
        if (request.dryRun()) {
            return RestResponse.ResponseBuilder.<ReplayAnswer>ok(count(endpointId, request), MediaType.APPLICATION_JSON)
                    .build();
        }
        ReplayView begun = begin(endpointId, request);
        return RestResponse.ResponseBuilder.<ReplayAnswer>create(RestResponse.Status.ACCEPTED)
                .entity(begun)
                .type(MediaType.APPLICATION_JSON_TYPE)
                .location(URI.create("/v1/endpoints/" + endpointId + "/replays/" + begun.replayId()))
                .build();
    }

    private ReplayCount.Count count(String endpointId, ReplayRequest request) throws SQLException, IOException {
        String transactionId = request.transactionId();
        if (transactionId != null) {
            replays.requireFinished(transactionId);
            return ReplayCount.Count.ONE;
        }
        Long deadLetterId = request.deadLetterId();
        if (deadLetterId != null) {
            deadLetters.require(endpointId, deadLetterId);
            return ReplayCount.Count.ONE;
        }
        Instant since = request.since();
        return since == null ? count.failed(endpointId) : count.since(endpointId, since, request.until());
    }

    private ReplayView begin(String endpointId, ReplayRequest request) throws SQLException {
        String by = identity.getPrincipal().getName();
        String transactionId = request.transactionId();
        if (transactionId != null) {
            ReplayView done = replays.one(endpointId, transactionId, by);
            TransactionLine.tell(
                    transactionId,
                    id -> Log.infof(
                            "Transaction %s is told to endpoint %s again, asked for by %s", id, endpointId, by));
            return done;
        }
        Long deadLetterId = request.deadLetterId();
        if (deadLetterId != null) {
            ReplayView done = replays.letter(endpointId, deadLetterId, by);
            Log.infof("Dead letter %d of endpoint %s is told again, asked for by %s", deadLetterId, endpointId, by);
            return done;
        }
        ReplayView begun = replays.begin(endpointId, request.since(), request.until(), by);
        Log.infof(
                "Replay %d of endpoint %s begins, asked for by %s: %s",
                begun.replayId(),
                endpointId,
                by,
                request.since() == null
                        ? "what was given up"
                        : "since " + request.since() + " until " + request.until());
        return begun;
    }

    @GET
    public RestResponse<Replays.Page> list(@PathParam("endpoint_id") String endpointId, HttpServerRequest request)
            throws SQLException {
        var parameters = new QueryParameters(request);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        endpoints.require(endpointId);
        return RestResponse.ResponseBuilder.ok(replays.read(endpointId, page), MediaType.APPLICATION_JSON)
                .build();
    }

    @GET
    @Path("/{replay_id}")
    public RestResponse<ReplayView> read(
            @PathParam("endpoint_id") String endpointId, @PathParam("replay_id") String replayId) throws SQLException {
        endpoints.require(endpointId);
        return RestResponse.ResponseBuilder.ok(replays.one(endpointId, number(replayId)), MediaType.APPLICATION_JSON)
                .build();
    }

    /** Ends it; what it has queued already is told all the same. One that has ended is answered as it is. */
    @DELETE
    @Path("/{replay_id}")
    @RolesAllowed(Rights.WRITE)
    @Blocking
    public RestResponse<ReplayView> cancel(
            @PathParam("endpoint_id") String endpointId, @PathParam("replay_id") String replayId) throws SQLException {
        endpoints.require(endpointId);
        Optional<ReplayView> cancelled = replays.cancel(endpointId, number(replayId));
        cancelled.ifPresent(replay -> Log.infof(
                "Replay %d of endpoint %s is cancelled by %s; %d messages that it has queued stay queued",
                replay.replayId(), endpointId, identity.getPrincipal().getName(), replay.queued()));
        ReplayView now = cancelled.isPresent() ? cancelled.get() : replays.one(endpointId, number(replayId));
        return RestResponse.ResponseBuilder.ok(now, MediaType.APPLICATION_JSON).build();
    }

    private static long number(String replayId) {
        if (!NUMBER.matcher(replayId).matches()) {
            throw Replays.notFound();
        }
        return Long.parseLong(replayId);
    }
}
