package dev.tallyhook.transaction;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.problem.ProblemException;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jboss.resteasy.reactive.RestResponse;

/** Where an event's request is read as it came, by who has the right to: it may hold personal data. */
@Reading
@Path("/v1/transactions")
class RawResource {

    /** Which a token has, and the tokens that only read have not. */
    private static final String RIGHT = "raw";

    private static final String NOT_FOUND = "No event of a named sender is stored with this id";

    private static final String SELECT =
            "SELECT " + RawRequests.COLUMNS + " FROM transactions " + RawRequests.JOINED + """
            WHERE transactions.transaction_id = ?
            """;

    private static final String CONTENT_TYPE = "content-type";

    /** Before the name of a header that came with the request. */
    private static final String RECEIVED = "Tallyhook-Received-";

    private final DataSource dataSource;
    private final Distribution distribution;

    RawResource(DataSource dataSource, Distribution distribution) {
        this.dataSource = dataSource;
        this.distribution = distribution;
    }

    @GET
    @Path("/{transaction_id}/raw")
    @RolesAllowed(RIGHT)
    public RestResponse<byte[]> get(HttpServerRequest request) throws SQLException {
        String id = TransactionPath.id(request, "/raw")
                .filter(of -> Identifier.violationAsId(of) == null)
                .orElseThrow(RawResource::notFound);
        try (Connection session = dataSource.getConnection()) {
            List<Optional<RawRequest>> found = distribution.map().isPresent()
                    ? RawRequests.find(session, id).stream().toList()
                    : new Sql().add(SELECT, id).query(session, row -> RawRequests.read(row, 1));
            if (found.isEmpty()) {
                Gone.refuse(session, id);
            }
            Optional<RawRequest> raw = found.stream().flatMap(Optional::stream).findFirst();
            if (raw.isEmpty()) {
                throw Absence.of(session, null, NOT_FOUND);
            }
            return answer(raw.get());
        }
    }

    private static RestResponse<byte[]> answer(RawRequest raw) {
        var answer = RestResponse.ResponseBuilder.ok(raw.body())
                .type(typeOf(raw))
                // Its sender chose the type: a browser that is led here must neither show it nor run it.
                .header("Content-Disposition", "attachment; filename=\"event\"")
                .header("Content-Security-Policy", "sandbox; default-src 'none'");
        // The query of the URL stands among them as a header that no request can have.
        raw.headers().forEach((name, value) -> answer.header(RECEIVED + name.replace(":", ""), value));
        return answer.build();
    }

    /** What its sender called it, if that is a media type at all. */
    private static MediaType typeOf(RawRequest raw) {
        try {
            return MediaType.valueOf(raw.headers().getOrDefault(CONTENT_TYPE, MediaType.APPLICATION_OCTET_STREAM));
        } catch (IllegalArgumentException none) {
            return MediaType.APPLICATION_OCTET_STREAM_TYPE;
        }
    }

    private static ProblemException notFound() {
        return ProblemException.notFound(NOT_FOUND);
    }
}
