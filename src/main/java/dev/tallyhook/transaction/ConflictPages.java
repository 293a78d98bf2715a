package dev.tallyhook.transaction;

import dev.tallyhook.citus.Distribution;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the recorded conflicts page by page, newest first. */
@ApplicationScoped
class ConflictPages {

    private static final String COLUMNS =
            "conflict_id, transaction_id, source_account, destination_account, amount, currency, received_at,"
                    // An earlier version beside this one, which writes a row each time, does not tell it.
                    + " coalesce(last_received_at, received_at) AS last_received_at, attempts";

    private static final String NEWEST_FIRST = " ORDER BY received_at DESC, conflict_id DESC";

    private static final String STORED =
            "SELECT " + TransactionView.COLUMNS + " FROM transactions WHERE transaction_id = ANY (?)";

    private final DataSource dataSource;
    private final Distribution distribution;

    ConflictPages(DataSource dataSource, Distribution distribution) {
        this.dataSource = dataSource;
        this.distribution = distribution;
    }

    /**
     * Webhooks of one content, which contradicts what is stored.
     *
     * @param receivedAt when the first of them came, by which lists are ordered: it stays as it is
     * @param lastReceivedAt when the last of them came
     * @param attempts how many there were
     * @param stored what is stored with that id, or null if it is not there any more
     */
    record Conflict(
            long conflictId,
            String transactionId,
            @Nullable String sourceAccount,
            @Nullable String destinationAccount,
            @Nullable BigDecimal amount,
            @Nullable String currency,
            Instant receivedAt,
            Instant lastReceivedAt,
            long attempts,
            @Nullable TransactionView stored) {

        private Conflict beside(@Nullable TransactionView present) {
            return new Conflict(
                    conflictId,
                    transactionId,
                    sourceAccount,
                    destinationAccount,
                    amount,
                    currency,
                    receivedAt,
                    lastReceivedAt,
                    attempts,
                    present);
        }
    }

    /**
     * A page of the list.
     *
     * @param conflicts newest first
     * @param nextCursor where the next page begins, or null if this is the last one
     */
    record Page(List<Conflict> conflicts, @Nullable String nextCursor) {}

    /**
     * Which conflicts a list has.
     *
     * @param receivedFrom inclusive
     * @param receivedTo exclusive
     */
    record Filter(Optional<String> transactionId, Optional<Instant> receivedFrom, Optional<Instant> receivedTo) {

        static Filter read(QueryParameters parameters) {
            return new Filter(
                    parameters.identifier("transaction_id"),
                    parameters.time("received_from"),
                    parameters.time("received_to"));
        }
    }

    /**
     * Reads a page.
     *
     * @throws dev.tallyhook.problem.ProblemException 400 if the cursor does not belong to this filter
     */
    Page read(Filter filter, PageRequest page) throws SQLException {
        String list = "conflicts " + filter;
        List<Conflict> found = distribution.map().isPresent()
                ? readFromShards(filter, page.rowsToLookFor(), page.after(list))
                : select(filter, page.rowsToLookFor(), page.after(list)).query(dataSource, ConflictPages::conflict);
        return new Page(
                page.rows(found),
                page.nextCursor(found, list, last -> new Cursor(last.receivedAt(), Long.toString(last.conflictId()))));
    }

    /** One after the other: joined, a page would be one server's, and all that is stored would be brought to it. */
    private List<Conflict> readFromShards(Filter filter, int limit, Optional<Cursor> after) throws SQLException {
        List<Conflict> page = page(filter, limit, after).query(dataSource, row -> conflict(row, null));
        String[] ids = page.stream().map(Conflict::transactionId).distinct().toArray(String[]::new);
        Map<String, TransactionView> stored = new HashMap<>();
        new Sql()
                .add(STORED, (Object) ids).query(dataSource, row -> TransactionView.of(row, 1)).stream()
                        .forEach(transaction -> stored.put(transaction.transactionId(), transaction));
        return page.stream()
                .map(conflict -> conflict.beside(stored.get(conflict.transactionId())))
                .toList();
    }

    private static Sql page(Filter filter, int limit, Optional<Cursor> after) {
        var page = new Sql().add("SELECT " + COLUMNS + " FROM conflicts WHERE true");
        filter.transactionId().ifPresent(id -> page.add(" AND transaction_id = ?", id));
        filter.receivedFrom().ifPresent(time -> page.add(" AND received_at >= ?", time));
        filter.receivedTo().ifPresent(time -> page.add(" AND received_at < ?", time));
        after.ifPresent(cursor -> page.add(" AND (received_at, conflict_id) < (?, ?)", cursor.at(), cursor.number()));
        return page.add(NEWEST_FIRST + " LIMIT ?", limit);
    }

    private static Sql select(Filter filter, int limit, Optional<Cursor> after) {
        Sql page = page(filter, limit, after);
        return new Sql()
                .add("SELECT page.*, " + TransactionView.COLUMNS.replaceAll("(\\w+)", "stored.$1") + " FROM (")
                .add(page)
                .add(") AS page LEFT JOIN transactions AS stored ON stored.transaction_id = page.transaction_id")
                .add(NEWEST_FIRST);
    }

    private static Conflict conflict(ResultSet row) throws SQLException {
        return conflict(row, row.getString(10) == null ? null : TransactionView.of(row, 10));
    }

    private static Conflict conflict(ResultSet row, @Nullable TransactionView stored) throws SQLException {
        return new Conflict(
                row.getLong(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getBigDecimal(5),
                row.getString(6),
                Timestamps.of(row, 7),
                Timestamps.of(row, 8),
                row.getLong(9),
                stored);
    }
}
