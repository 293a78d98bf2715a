package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.SQLException;
import java.util.List;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers what became of transactions. */
@Reading
@Path("/v1/transactions")
class TransactionResource {

    private final Transactions transactions;
    private final TransactionPages pages;
    private final EventDetails events;

    TransactionResource(Transactions transactions, TransactionPages pages, EventDetails events) {
        this.transactions = transactions;
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
        Transaction row = TransactionPath.id(request, "")
                // An id that breaks the rule was never stored, and some, such as one with NUL, PostgreSQL could not
                // even ask for.
                .filter(id -> Identifier.violationAsId(id) == null)
                .map(transactions::findById)
                .orElseThrow(TransactionResource::notFound);
        TransactionView found = events.of(List.of(TransactionView.of(row))).get(0);
        return RestResponse.ResponseBuilder.ok(found, MediaType.APPLICATION_JSON)
                .build();
    }

    private static ProblemException notFound() {
        return ProblemException.notFound("Transaction not found");
    }
}
