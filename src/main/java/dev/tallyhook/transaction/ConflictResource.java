package dev.tallyhook.transaction;

import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.SQLException;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers which webhooks contradicted what was stored. */
@Reading
@Path("/v1/conflicts")
class ConflictResource {

    private final ConflictPages pages;

    ConflictResource(ConflictPages pages) {
        this.pages = pages;
    }

    @GET
    public RestResponse<ConflictPages.Page> list(HttpServerRequest request) throws SQLException {
        var parameters = new QueryParameters(request);
        var filter = ConflictPages.Filter.read(parameters);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        return RestResponse.ResponseBuilder.ok(pages.read(filter, page), MediaType.APPLICATION_JSON)
                .build();
    }
}
