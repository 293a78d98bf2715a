package dev.tallyhook.transaction;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/** Adds to transactions of named senders what their events tell. Those of the built-in source cost nothing. */
@ApplicationScoped
class EventDetails {

    private static final String SELECT = """
            SELECT transaction_id, source, type, subject, occurred_at, unmapped, amount_sent, amount_unit
            FROM events
            WHERE transaction_id = ANY (?)
            """;

    private final DataSource dataSource;

    EventDetails(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The same, in the same order. */
    List<TransactionView> of(List<TransactionView> transactions) throws SQLException {
        String[] ids = transactions.stream()
                .filter(transaction -> transaction.event() != null)
                .map(TransactionView::transactionId)
                .toArray(String[]::new);
        if (ids.length == 0) {
            return transactions;
        }
        Map<String, EventView> details = new HashMap<>();
        new Sql().add(SELECT, (Object) ids).query(dataSource, row -> details.put(row.getString(1), event(row)));
        return transactions.stream()
                .map(transaction -> {
                    EventView event = details.get(transaction.transactionId());
                    return event == null ? transaction : transaction.telling(event);
                })
                .toList();
    }

    private static EventView event(ResultSet row) throws SQLException {
        return new EventView(
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getObject(5) == null ? null : Timestamps.of(row, 5),
                row.getString(6),
                row.getString(7),
                row.getString(8));
    }
}
