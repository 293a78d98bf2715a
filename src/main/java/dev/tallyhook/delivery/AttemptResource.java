package dev.tallyhook.delivery;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.security.identity.SecurityIdentity;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Answers which attempts were made last to tell an endpoint, newest first. */
@Reading
@Path("/v1/endpoints/{endpoint_id}/attempts")
class AttemptResource {

    /** Of one endpoint. More are not kept. */
    static final int KEPT_MAX = 100;

    private static final String LAST = "SELECT " + Subject.COLUMNS + """
            , at, outcome, status, took_millis, answer
            FROM attempts AS told
            WHERE endpoint_id = ?
            ORDER BY attempt_id DESC
            LIMIT ?
            """;

    private static final String LAST_ON_SHARDS = Subject.onShards(LAST);

    private final DataSource dataSource;
    private final Distribution distribution;
    private final ExistingEndpoints endpoints;
    private final SecurityIdentity identity;

    AttemptResource(
            DataSource dataSource, Distribution distribution, ExistingEndpoints endpoints, SecurityIdentity identity) {
        this.dataSource = dataSource;
        this.distribution = distribution;
        this.endpoints = endpoints;
        this.identity = identity;
    }

    /**
     * One of them.
     *
     * @param status of HTTP; null if there was no answer
     * @param answer what an endpoint says may be nobody's business, so only who may change endpoints sees it; others null
     */
    record View(
            Instant at,
            String webhookId,
            String event,
            @Nullable String transactionId,
            String outcome,
            @Nullable Integer status,
            int tookMs,
            @Nullable String answer) {}

    /** Newest first. */
    record Attempts(List<View> attempts) {}

    @GET
    public RestResponse<Attempts> list(@PathParam("endpoint_id") String endpointId, HttpServerRequest request)
            throws SQLException {
        var parameters = new QueryParameters(request);
        int limit = Math.min(parameters.limit(), KEPT_MAX);
        parameters.requireValid();
        endpoints.require(endpointId);
        boolean showsAnswers = identity.hasRole(Rights.WRITE);
        String sql = distribution.map().isPresent() ? LAST_ON_SHARDS : LAST;
        List<View> last = new Sql().add(sql, endpointId, limit).query(dataSource, row -> view(row, showsAnswers));
        return RestResponse.ResponseBuilder.ok(new Attempts(last), MediaType.APPLICATION_JSON)
                .build();
    }

    private static View view(ResultSet row, boolean showsAnswer) throws SQLException {
        Subject subject = Subject.of(row, 1);
        return new View(
                Timestamps.of(row, 4),
                subject.webhookId(),
                subject.event(),
                subject.transactionId(),
                row.getString(5),
                row.getObject(6, Integer.class),
                row.getInt(7),
                showsAnswer ? row.getString(8) : null);
    }
}
