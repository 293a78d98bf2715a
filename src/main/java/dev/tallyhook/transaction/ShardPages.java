package dev.tallyhook.transaction;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Pages of a distributed ledger. Each shard has its own indexes, partial by status, and gives as many rows as a page has, of which Citus
 * takes the first; so a list of all statuses is put together of one for each. Nothing is posted.
 */
final class ShardPages {

    /** What is finished meanwhile is found twice, and what is finished last is what it has become. */
    private static final List<TransactionStatus> STATUSES =
            List.of(TransactionStatus.HELD, TransactionStatus.PROCESSING, TransactionStatus.PROCESSED);

    private ShardPages() {}

    /** As many rows at most, newest first. */
    static List<TransactionView> read(
            DataSource dataSource, TransactionFilter filter, int limit, Optional<Cursor> after) throws SQLException {
        Map<String, TransactionView> found = new LinkedHashMap<>();
        try (Connection connection = dataSource.getConnection()) {
            for (TransactionStatus status : filter.status().map(List::of).orElse(STATUSES)) {
                select(filter, status, limit, after).query(connection, row -> TransactionView.of(row, 1)).stream()
                        .forEach(row -> found.put(row.transactionId(), row));
            }
        }
        return found.values().stream()
                .sorted(newestFirst(filter.events()))
                .limit(limit)
                .toList();
    }

    static Sql select(TransactionFilter filter, TransactionStatus status, int limit, Optional<Cursor> after) {
        return new Sql()
                .add("SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE status = '" + status + "'")
                .add(filter.conditions(after))
                .add(" ORDER BY " + filter.events().time() + " DESC, transaction_id DESC LIMIT ?", limit);
    }

    /** Ids as the ledger compares them, byte by byte. */
    private static Comparator<TransactionView> newestFirst(EventFilter events) {
        return Comparator.comparing((TransactionView row) -> events.time(row))
                .thenComparing(row -> row.transactionId().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned)
                .reversed();
    }
}
