package dev.tallyhook.delivery;

import dev.tallyhook.transaction.PageRequest;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import io.quarkus.security.identity.SecurityIdentity;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import java.sql.SQLException;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers what an endpoint was not told, although it was tried for days. */
@Reading
@Path("/v1/endpoints/{endpoint_id}/dead-letters")
class DeadLetterResource {

    private final DeadLetters deadLetters;
    private final ExistingEndpoints endpoints;
    private final SecurityIdentity identity;

    DeadLetterResource(DeadLetters deadLetters, ExistingEndpoints endpoints, SecurityIdentity identity) {
        this.deadLetters = deadLetters;
        this.endpoints = endpoints;
        this.identity = identity;
    }

    @GET
    public RestResponse<DeadLetters.Page> list(@PathParam("endpoint_id") String endpointId, HttpServerRequest request)
            throws SQLException {
        var parameters = new QueryParameters(request);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        endpoints.require(endpointId);
        return RestResponse.ResponseBuilder.ok(
                        deadLetters.read(endpointId, page, identity.hasRole(Rights.WRITE)), MediaType.APPLICATION_JSON)
                .build();
    }
}
