package dev.tallyhook.transaction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Where an operator holds a transaction back, releases it, and sees who did so. */
@Reading
@Path("/v1/transactions")
class HoldResource {

    /** The right to hold, which a token has, and the tokens that only read have not. */
    private static final String RIGHT = "hold";

    /** Said if nothing was changed, because it was so before. */
    private static final String UNCHANGED = "Idempotent-Replayed";

    /** In bytes: a reason of 255 characters of 4 bytes each, escaped. */
    private static final int BODY_MAX = 4096;

    private final Holds holds;
    private final SecurityIdentity identity;
    private final Map<Holds.Action, Counter> counters = new EnumMap<>(Holds.Action.class);
    private final JsonBody json;

    HoldResource(Holds holds, SecurityIdentity identity, MeterRegistry registry, ObjectMapper json) {
        this.holds = holds;
        this.identity = identity;
        for (Holds.Action action : Holds.Action.values()) {
            counters.put(
                    action,
                    Counter.builder("tallyhook.transactions.holds")
                            .description("Transactions held and released by this replica")
                            .tag("action", action.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        this.json = new JsonBody(json, BODY_MAX, "{\"reason\":\"…\"}");
    }

    /** The record of one transaction, latest first. */
    record History(List<Holds.Entry> holds) {}

    @POST
    @Path("/{transaction_id}/hold")
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<TransactionView> hold(
            HttpServerRequest request, @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type, InputStream body)
            throws SQLException, IOException {
        return apply(Holds.Action.HOLD, id(request, "/hold"), type, body);
    }

    @POST
    @Path("/{transaction_id}/release")
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<TransactionView> release(
            HttpServerRequest request, @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type, InputStream body)
            throws SQLException, IOException {
        return apply(Holds.Action.RELEASE, id(request, "/release"), type, body);
    }

    private RestResponse<TransactionView> apply(
            Holds.Action action, String transactionId, @Nullable String type, InputStream body)
            throws SQLException, IOException {
        String reason = reason(type, body);
        String by = identity.getPrincipal().getName();
        Holds.Result result = holds.apply(action, transactionId, by, reason);
        var answer = RestResponse.ResponseBuilder.ok(result.transaction(), MediaType.APPLICATION_JSON);
        if (!result.changed()) {
            return answer.header(UNCHANGED, "true").build();
        }
        Objects.requireNonNull(counters.get(action)).increment();
        String done = action == Holds.Action.HOLD ? "held" : "released";
        TransactionLine.tell(transactionId, id -> Log.infof("Transaction %s is %s by %s", id, done, by));
        return answer.build();
    }

    @GET
    @Path("/{transaction_id}/holds")
    public RestResponse<History> list(HttpServerRequest request) throws SQLException {
        return RestResponse.ResponseBuilder.ok(
                        new History(holds.list(id(request, "/holds"))), MediaType.APPLICATION_JSON)
                .build();
    }

    /** One that breaks the rule was never stored. */
    private static String id(HttpServerRequest request, String behind) {
        return TransactionPath.id(request, behind)
                .filter(id -> Identifier.violationAsId(id) == null)
                .orElseThrow(() -> ProblemException.notFound("Transaction not found"));
    }

    /** Of {@code {"reason":"…"}}; a body need not be there. */
    private @Nullable String reason(@Nullable String type, InputStream body) throws IOException {
        JsonNode reason = json.read(type, body).map(read -> read.path("reason")).orElseGet(MissingNode::getInstance);
        if (reason.isMissingNode() || reason.isNull()) {
            return null;
        }
        String violation = reason.isTextual() ? Identifier.violation(reason.asText()) : "must be a string";
        if (violation != null) {
            throw ProblemException.unprocessable(List.of(new Violation("reason", violation)));
        }
        return reason.asText();
    }
}
