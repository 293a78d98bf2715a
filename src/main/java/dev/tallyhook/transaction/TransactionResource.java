package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers what became of transactions. */
@Reading
@Path("/v1/transactions")
class TransactionResource {

    private final Transactions transactions;
    private final TransactionPages pages;

    TransactionResource(Transactions transactions, TransactionPages pages) {
        this.transactions = transactions;
        this.pages = pages;
    }

    @GET
    public RestResponse<TransactionPages.Page> list(UriInfo uri) throws SQLException {
        var parameters = new QueryParameters(uri.getQueryParameters());
        var filter = TransactionFilter.read(parameters);
        var page = PageRequest.read(parameters);
        parameters.requireValid();
        return RestResponse.ResponseBuilder.ok(pages.read(filter, page), MediaType.APPLICATION_JSON)
                .build();
    }

    @GET
    @Path("/{transaction_id}")
    public RestResponse<TransactionView> get(@RestPath("transaction_id") String transactionId) {
        // An id that breaks the rule was never stored, and some, such as one with NUL, PostgreSQL could not even ask
        // for.
        Transaction row = Identifier.violationAsId(transactionId) == null ? transactions.findById(transactionId) : null;
        if (row == null) {
            throw ProblemException.notFound("Transaction not found");
        }
        return RestResponse.ResponseBuilder.ok(TransactionView.of(row), MediaType.APPLICATION_JSON)
                .build();
    }
}
