package dev.tallyhook.transaction;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;

/** Adds to transactions of named senders what their amounts were written as. Those of the built-in source cost nothing. */
@ApplicationScoped
class EventDetails {

    /** Of those of before V012 it stands in another table. */
    private static final String SELECT = """
            SELECT transaction_id, coalesce(transactions.amount_sent, events.amount_sent),
                   CASE coalesce(transactions.amount_unit, events.amount_unit) WHEN 'i' THEN 'MINOR' WHEN 'a' THEN 'MAJOR' END
            FROM transactions
            LEFT JOIN events USING (transaction_id)
            WHERE transaction_id = ANY (?)
              AND coalesce(transactions.amount_sent, events.amount_sent) IS NOT NULL
            """;

    private final DataSource dataSource;

    EventDetails(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The same, in the same order. */
    List<TransactionView> of(List<TransactionView> transactions) throws SQLException {
        if (transactions.stream().allMatch(transaction -> transaction.event() == null)) {
            return transactions;
        }
        try (Connection connection = dataSource.getConnection()) {
            return of(connection, transactions);
        }
    }

    /** As {@link #of(List)}. */
    static List<TransactionView> of(Connection connection, List<TransactionView> transactions) throws SQLException {
        String[] ids = transactions.stream()
                .filter(transaction -> transaction.event() != null)
                .map(TransactionView::transactionId)
                .toArray(String[]::new);
        if (ids.length == 0) {
            return transactions;
        }
        Map<String, UnaryOperator<EventView>> details = new HashMap<>();
        new Sql().add(SELECT, (Object) ids).query(connection, row -> {
            String amount = row.getString(2);
            String unit = row.getString(3);
            return details.put(row.getString(1), event -> event.sent(amount, unit));
        });
        return transactions.stream()
                .map(transaction -> {
                    var detail = details.get(transaction.transactionId());
                    EventView event = transaction.event();
                    return detail == null || event == null ? transaction : transaction.telling(detail.apply(event));
                })
                .toList();
    }
}
