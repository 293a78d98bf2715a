package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Transactions of one account, on either side of them, however old they are, found as lists find them. */
public final class OfAccount {

    private OfAccount() {}

    /** The ids of some of those with a status; all, if they are fewer than {@code most}. */
    public static List<String> ids(Connection connection, String account, TransactionStatus status, int most)
            throws SQLException {
        List<String> from = ids(connection, Optional.of(account), Optional.empty(), status, most);
        List<String> to = ids(connection, Optional.empty(), Optional.of(account), status, most);
        return Stream.concat(from.stream(), to.stream()).distinct().limit(most).toList();
    }

    private static List<String> ids(
            Connection connection, Optional<String> from, Optional<String> to, TransactionStatus status, int most)
            throws SQLException {
        var filter = new TransactionFilter(
                Optional.empty(), Optional.of(status), from, to, Optional.empty(), Optional.empty());
        return TransactionPages.select(filter, most, Optional.empty()).query(connection, row -> row.getString(1));
    }
}
