-- What lists are read by, newest first. The indexes are partial by status, because a row changes it once: so an account is
-- indexed once for each row, when the row is finished, and nothing of that delays an accepted webhook. Lists of both
-- statuses are merged from two. Those that share a created_at came in one commit, and are sorted when they are read.
CREATE INDEX transactions_waiting ON transactions (created_at) WHERE status = 'PROCESSING';
CREATE INDEX transactions_finished ON transactions (created_at) WHERE status = 'PROCESSED';
CREATE INDEX transactions_finished_by_source ON transactions (source_account, created_at) WHERE status = 'PROCESSED';
CREATE INDEX transactions_finished_by_destination ON transactions (destination_account, created_at)
    WHERE status = 'PROCESSED';

DROP INDEX conflicts_by_transaction;
CREATE INDEX conflicts_by_transaction ON conflicts (transaction_id, received_at, conflict_id);
CREATE INDEX conflicts_by_time ON conflicts (received_at, conflict_id);
