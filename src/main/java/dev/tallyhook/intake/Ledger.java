package dev.tallyhook.intake;

import java.sql.SQLException;
import java.util.List;

/** Where webhooks are written: a ledger, or that part of it that one server has. */
interface Ledger {

    /**
     * Stores what is new, and compares what is not with what is stored.
     *
     * @return a receipt for each webhook, in the order given
     * @throws BusyException if some of them cannot be stored for now, and others can; nothing was stored
     * @throws SQLException if a statement failed; some of the webhooks may be stored all the same, and a retry tells
     */
    List<Receipt> write(List<Webhook> webhooks) throws SQLException;

    /**
     * Asks, with the statement that stores webhooks and no webhook in it, whether they could be stored: whether the server takes
     * writes, and table, columns and privileges are there. It takes no transaction id and writes nothing.
     */
    void ask() throws SQLException;

    /**
     * Goes the whole way of a webhook with rows that are not kept: what {@link #ask} does, and a transaction id, a page and entries in
     * indexes for the row, constraints, triggers, and a commit that waits for the disk. The rows are undone before that commit.
     */
    void tryOut(int rows) throws SQLException;
}
