package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers what became of transactions. */
@Reading
@Path("/v1/transactions")
class TransactionResource {

    private static final String NOT_FOUND = "Transaction not found";

    private final Transactions transactions;
    private final TransactionPages pages;
    private final EventDetails events;
    private final DataSource dataSource;

    TransactionResource(Transactions transactions, TransactionPages pages, EventDetails events, DataSource dataSource) {
        this.transactions = transactions;
        this.dataSource = dataSource;
        this.events = events;
        this.pages = pages;
    }

    @GET
    public RestResponse<TransactionPages.Page> list(HttpServerRequest request) throws SQLException {
        if (!request.path().endsWith(TransactionPath.LIST)) {
            throw notTheList(request);
        }
        var parameters = new QueryParameters(request);
        var filter = TransactionFilter.read(parameters);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        if (filter.transactionId().isPresent()) {
            TransactionPath.answersFor(request, TransactionPath.LIST + "?" + parameters.canonical());
        }
        return RestResponse.ResponseBuilder.ok(pages.read(filter, page), MediaType.APPLICATION_JSON)
                .build();
    }

    /** The framework brings here what has nothing but dot segments, slashes or a text after a semicolon behind the list's path. */
    private static ProblemException notTheList(HttpServerRequest request) {
        return TransactionPath.id(request, "").filter(id -> id.startsWith(";")).isEmpty()
                ? notFound()
                : ProblemException.badRequest("A semicolon at the beginning of an id must be percent-encoded: %3B");
    }

    @GET
    @Path("/{transaction_id}")
    public RestResponse<TransactionView> get(HttpServerRequest request) throws SQLException {
        String id = TransactionPath.id(request, "")
                // An id that breaks the rule was never stored, and some, such as one with NUL, PostgreSQL could not
                // even ask for.
                .filter(of -> Identifier.violationAsId(of) == null)
                .orElseThrow(TransactionResource::notFound);
        Transaction row = transactions.findById(id);
        if (row == null) {
            throw notFound(id);
        }
        TransactionView found = events.of(List.of(TransactionView.of(row))).get(0);
        return RestResponse.ResponseBuilder.ok(found, MediaType.APPLICATION_JSON)
                .build();
    }

    private static ProblemException notFound() {
        return ProblemException.notFound(NOT_FOUND);
    }

    private ProblemException notFound(String id) throws SQLException {
        try (Connection session = dataSource.getConnection()) {
            Gone.refuse(session, id);
            return Absence.of(session, id, NOT_FOUND);
        }
    }
}
