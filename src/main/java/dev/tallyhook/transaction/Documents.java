package dev.tallyhook.transaction;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What messages say of the ledger, in the contract's own form. It is the same whenever it is read. */
public final class Documents {

    private static final String TRANSACTIONS =
            "SELECT " + TransactionView.COLUMNS + ", traceparent" + " FROM transactions WHERE transaction_id = ANY (?)";

    private static final int TRACEPARENT = 14;

    private static final String CONFLICTS = """
            SELECT conflict_id, transaction_id, source_account, destination_account, amount, currency, received_at
            FROM conflicts
            WHERE conflict_id = ANY (?)
            """;

    private Documents() {}

    /**
     * What a message is about.
     *
     * @param data for a JSON mapper
     * @param timestamp when it came to be so, by the database's clock
     * @param traceparent of the request that brought it, if that was traced
     */
    public record Document(
            Object data, Instant timestamp, @Nullable String traceparent) {}

    /**
     * A webhook that contradicts what is stored, when it came first.
     *
     * @param stored what does not change of what is stored with that id; null if it is not there any more
     */
    @RegisterForReflection
    record Contradiction(
            long conflictId,
            String transactionId,
            @Nullable String sourceAccount,
            @Nullable String destinationAccount,
            @Nullable BigDecimal amount,
            @Nullable String currency,
            Instant receivedAt,
            @Nullable Stored stored) {}

    /** A transaction without what changes when it is finished. */
    @RegisterForReflection
    record Stored(
            String transactionId,
            @Nullable String sourceAccount,
            @Nullable String destinationAccount,
            @Nullable BigDecimal amount,
            @Nullable String currency,
            Instant createdAt,

            @JsonUnwrapped @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            EventView event) {

        static Stored of(TransactionView view) {
            return new Stored(
                    view.transactionId(),
                    view.sourceAccount(),
                    view.destinationAccount(),
                    view.amount(),
                    view.currency(),
                    view.createdAt(),
                    view.event());
        }
    }

    /** Transactions that are finished, by their ids; one that is not there, or not finished, is left out. */
    public static Map<String, Document> processed(Connection connection, List<String> ids) throws SQLException {
        Map<String, Document> found = new HashMap<>();
        for (Traced traced : read(connection, ids)) {
            Instant processedAt = traced.view().processedAt();
            if (processedAt != null) {
                found.put(
                        traced.view().transactionId(), new Document(traced.view(), processedAt, traced.traceparent()));
            }
        }
        return found;
    }

    /** Transactions as they were when they were accepted, by their ids; one that is not there is left out. */
    public static Map<String, Document> accepted(Connection connection, List<String> ids) throws SQLException {
        Map<String, Document> found = new HashMap<>();
        for (Traced traced : read(connection, ids)) {
            TransactionView view = traced.view().asAccepted();
            found.put(view.transactionId(), new Document(view, view.createdAt(), traced.traceparent()));
        }
        return found;
    }

    /** Recorded conflicts, by their numbers in decimal digits; one that is not there is left out. */
    public static Map<String, Document> conflicting(Connection connection, List<String> ids) throws SQLException {
        Long[] numbers = ids.stream().map(Long::valueOf).toArray(Long[]::new);
        List<Contradiction> contradictions =
                new Sql().add(CONFLICTS, (Object) numbers).query(connection, Documents::contradiction);
        List<String> contradicted = contradictions.stream()
                .map(Contradiction::transactionId)
                .distinct()
                .toList();
        Map<String, Stored> stored = new HashMap<>();
        read(connection, contradicted)
                .forEach(traced -> stored.put(traced.view().transactionId(), Stored.of(traced.view())));
        Map<String, Document> found = new HashMap<>();
        for (Contradiction alone : contradictions) {
            var whole = new Contradiction(
                    alone.conflictId(),
                    alone.transactionId(),
                    alone.sourceAccount(),
                    alone.destinationAccount(),
                    alone.amount(),
                    alone.currency(),
                    alone.receivedAt(),
                    stored.get(alone.transactionId()));
            found.put(Long.toString(alone.conflictId()), new Document(whole, alone.receivedAt(), null));
        }
        return found;
    }

    private static Contradiction contradiction(ResultSet row) throws SQLException {
        return new Contradiction(
                row.getLong(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getBigDecimal(5),
                row.getString(6),
                Timestamps.of(row, 7),
                null);
    }

    private record Traced(TransactionView view, @Nullable String traceparent) {}

    private static List<Traced> read(Connection connection, List<String> ids) throws SQLException {
        if (ids.isEmpty()) {
            return List.of();
        }
        List<Traced> rows = new Sql()
                .add(TRANSACTIONS, (Object) ids.toArray(String[]::new))
                .query(connection, row -> new Traced(TransactionView.of(row, 1), row.getString(TRACEPARENT)));
        List<TransactionView> views =
                EventDetails.of(connection, rows.stream().map(Traced::view).toList());
        List<Traced> detailed = new ArrayList<>(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            detailed.add(new Traced(views.get(i), rows.get(i).traceparent()));
        }
        return detailed;
    }
}
