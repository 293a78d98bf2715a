package dev.tallyhook.processing;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import javax.sql.DataSource;

/** What is due in the ledger, and the one statement that claims and finishes it. */
@ApplicationScoped
class DueTransactions {

    /**
     * Claim and finish are one statement in one transaction: a crash releases the row locks, and the next poll takes the
     * rows. The status is a literal, because with a bind parameter a generic plan could not use the partial index. The
     * CTE is MATERIALIZED, because a LIMIT in a subquery may be evaluated more than once. {@code greatest} holds the rule
     * that nothing is finished early even if the server's clock is set back between the two readings.
     *
     * @see <a href="https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE">SKIP LOCKED</a>
     */
    private static final String FINISH_DUE = """
            WITH due AS MATERIALIZED (
                SELECT transaction_id
                FROM transactions
                WHERE status = 'PROCESSING'
                  AND due_at <= now()
                ORDER BY due_at
                LIMIT ?
                FOR UPDATE SKIP LOCKED)
            UPDATE transactions
            SET status = 'PROCESSED',
                processed_at = greatest(clock_timestamp(), due_at)
            FROM due
            WHERE transactions.transaction_id = due.transaction_id
            """;

    private final DataSource dataSource;

    DueTransactions(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Finishes the longest overdue, skipping what another replica is finishing right now.
     *
     * @return how many were finished, at most {@code batchSize}
     */
    int finish(int batchSize) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement finish = connection.prepareStatement(FINISH_DUE)) {
            finish.setInt(1, batchSize);
            return finish.executeUpdate();
        }
    }
}
