package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.EventKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What a message tells, or told, of.
 *
 * @param event the message's type
 * @param transactionId null for a test, and for a conflict that is not on record any more
 */
record Subject(String webhookId, String event, @Nullable String transactionId) {

    /** How a test is written where events are. */
    static final String TEST_CODE = "t";

    private static final String OF_CONFLICT = """
            (
                    SELECT transaction_id
                    FROM conflicts
                    WHERE conflict_id = CASE WHEN told.event = 'c' THEN told.id::bigint END)""";

    /** In the order in which {@link #of} reads them, of a table with {@code event} and {@code id} that is called {@code told}. */
    static final String COLUMNS = """
            told.event,
            told.id,
            CASE told.event
                WHEN 't' THEN NULL
                WHEN 'c' THEN (
                    SELECT transaction_id
                    FROM conflicts
                    WHERE conflict_id = CASE WHEN told.event = 'c' THEN told.id::bigint END)
                ELSE told.id
            END
            """;

    /**
     * A statement with these columns, for a distributed ledger: what is told is on the coordinator and conflicts are in shards, and they
     * cannot be joined, so of a conflict the transaction is not told.
     */
    static String onShards(String statement) {
        return statement.replace(OF_CONFLICT, "NULL");
    }

    /** Reads the {@link #COLUMNS}, which begin at this one. */
    static Subject of(ResultSet row, int first) throws SQLException {
        String code = row.getString(first);
        String type = code.equals(TEST_CODE)
                ? TestMessage.TYPE
                : EventKind.ofCode(code).type();
        return new Subject(MessageId.of(type, row.getString(first + 1)), type, row.getString(first + 2));
    }
}
