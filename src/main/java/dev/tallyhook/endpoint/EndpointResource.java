package dev.tallyhook.endpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.tallyhook.problem.JsonBody;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.Cursor;
import dev.tallyhook.transaction.PageRequest;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.inject.Instance;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Where it is seen who is told, and where that is changed by who has the right to. */
@Reading
@Path(EndpointResource.PATH)
class EndpointResource {

    static final String PATH = "/v1/endpoints";

    /** The right to change endpoints, which a token has, and the tokens that only read have not. */
    static final String RIGHT = "write";

    private static final String LIST = "endpoints";

    private static final Pattern ID = Pattern.compile("[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?");

    private final Endpoints endpoints;
    private final EndpointChanges changes;
    private final ConfiguredEndpoints configured;
    private final Secrets secrets;
    private final Instance<EndpointCounts> counts;
    private final SecurityIdentity identity;

    EndpointResource(
            Endpoints endpoints,
            EndpointChanges changes,
            ConfiguredEndpoints configured,
            Secrets secrets,
            Instance<EndpointCounts> counts,
            SecurityIdentity identity) {
        this.endpoints = endpoints;
        this.changes = changes;
        this.configured = configured;
        this.secrets = secrets;
        this.counts = counts;
        this.identity = identity;
    }

    /** A page of endpoints, oldest first. */
    record Page(List<EndpointView> endpoints, @Nullable String nextCursor) {}

    /** What messages are signed with from now on: a secret that is shown this once, or a public key to check them with. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record NewSecret(@Nullable String secret, @Nullable String publicKey) {}

    @POST
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<EndpointView> make(
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type, InputStream body)
            throws SQLException, IOException {
        JsonBody.require(type);
        EndpointChanges.Made made = changes.make(body, by());
        EndpointView view = EndpointView.of(
                made.row(),
                Optional.of(KeyRing.of(made.key())),
                countsOf(List.of(made.row())).get(made.row().id()),
                true,
                secret(made));
        return RestResponse.ResponseBuilder.<EndpointView>create(RestResponse.Status.CREATED)
                .entity(view)
                .type(MediaType.APPLICATION_JSON)
                .location(URI.create(PATH + "/" + made.row().id()))
                .build();
    }

    private static @Nullable String secret(EndpointChanges.Made made) {
        return made.row().version() == SignatureVersion.V1 ? made.key().secret() : null;
    }

    @GET
    public RestResponse<Page> list(HttpServerRequest request) throws SQLException {
        var parameters = new QueryParameters(request);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        List<EndpointRow> found = endpoints.list(page.rowsToLookFor(), page.after(LIST));
        String next = page.nextCursor(found, LIST, last -> new Cursor(last.createdAt(), last.id()));
        return ok(new Page(views(page.rows(found)), next));
    }

    @GET
    @Path("/{endpoint_id}")
    public RestResponse<EndpointView> get(@PathParam("endpoint_id") String id) throws SQLException {
        return ok(view(endpoints.get(known(id))));
    }

    @PATCH
    @Path("/{endpoint_id}")
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<EndpointView> change(
            @PathParam("endpoint_id") String id,
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type,
            InputStream body)
            throws SQLException, IOException {
        JsonBody.requireMergePatch(type);
        return ok(view(changes.change(known(id), body, by())));
    }

    @DELETE
    @Path("/{endpoint_id}")
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<Void> remove(@PathParam("endpoint_id") String id) throws SQLException {
        changes.remove(known(id), by());
        return RestResponse.noContent();
    }

    @POST
    @Path("/{endpoint_id}/secret/rotate")
    @RolesAllowed(RIGHT)
    @Blocking
    public RestResponse<NewSecret> rotate(
            @PathParam("endpoint_id") String id,
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String type,
            InputStream body)
            throws SQLException, IOException {
        EndpointChanges.Made made = changes.rotate(known(id), type, body, by());
        return ok(new NewSecret(secret(made), made.key().publicKey().orElse(null)));
    }

    /** One that breaks the rule of the table is none. */
    private static String known(String id) {
        if (!ID.matcher(id).matches()) {
            throw ProblemException.notFound("Endpoint not found");
        }
        return id;
    }

    private String by() {
        return identity.getPrincipal().getName();
    }

    private EndpointView view(EndpointRow row) throws SQLException {
        return views(List.of(row)).get(0);
    }

    private List<EndpointView> views(List<EndpointRow> rows) throws SQLException {
        Map<String, EndpointCounts.Counts> counted = countsOf(rows);
        boolean whole = identity.hasRole(RIGHT);
        return rows.stream()
                .map(row -> EndpointView.of(row, keys(row), counted.get(row.id()), whole, null))
                .toList();
    }

    private Map<String, EndpointCounts.Counts> countsOf(List<EndpointRow> rows) throws SQLException {
        return counts.isResolvable()
                ? counts.get().of(rows.stream().map(EndpointRow::id).toList())
                : Map.of();
    }

    private Optional<KeyRing> keys(EndpointRow row) {
        byte[] sealed = row.sealedSecrets();
        return sealed == null ? configured.keys(row.id()) : secrets.open(row.id(), row.version(), sealed);
    }

    private static <T> RestResponse<T> ok(T entity) {
        return RestResponse.ResponseBuilder.ok(entity, MediaType.APPLICATION_JSON)
                .build();
    }
}
