package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All transactions of one account, on one side of them, the newest first and page by page, found as lists find them. */
public final class OfAccount {

    private static final int PAGE = 500;

    private final TransactionFilter filter;
    private @Nullable Cursor after;
    private boolean ended;

    /**
     * Those with a status.
     *
     * @param isSender whether the account is the source, and not the destination
     */
    public OfAccount(String account, boolean isSender, TransactionStatus status) {
        filter = new TransactionFilter(
                Optional.empty(),
                Optional.of(status),
                isSender ? Optional.of(account) : Optional.empty(),
                isSender ? Optional.empty() : Optional.of(account),
                Optional.empty(),
                Optional.empty());
    }

    /** The ids of the next ones; none, if there are no more. */
    public List<String> next(Connection connection) throws SQLException {
        if (ended) {
            return List.of();
        }
        List<TransactionView> page = TransactionPages.select(filter, PAGE, Optional.ofNullable(after))
                .query(connection, row -> TransactionView.of(row, 1));
        ended = page.size() < PAGE;
        if (!ended) {
            TransactionView last = page.get(page.size() - 1);
            after = new Cursor(last.createdAt(), last.transactionId());
        }
        return page.stream().map(TransactionView::transactionId).toList();
    }
}
