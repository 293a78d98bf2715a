-- What lists are read by, newest first. The indexes are partial by status, because a row changes it once: so an account is
-- indexed once for each row, when the row is finished, and nothing of that delays an accepted webhook. Lists of both
-- statuses are merged from two. Those that share a created_at came in one commit, and are sorted when they are read.
--
-- Built beside replicas that take webhooks, however large the ledger is: concurrently, and so not in a transaction. A build that
-- was broken off leaves an index that is invalid, which is why each is dropped first: the migration may run again from its start.
DROP INDEX CONCURRENTLY IF EXISTS transactions_waiting;
CREATE INDEX CONCURRENTLY transactions_waiting ON transactions (created_at) WHERE status = 'PROCESSING';
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished;
CREATE INDEX CONCURRENTLY transactions_finished ON transactions (created_at) WHERE status = 'PROCESSED';
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_by_source;
CREATE INDEX CONCURRENTLY transactions_finished_by_source ON transactions (source_account, created_at)
    WHERE status = 'PROCESSED';
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_by_destination;
CREATE INDEX CONCURRENTLY transactions_finished_by_destination ON transactions (destination_account, created_at)
    WHERE status = 'PROCESSED';

DROP INDEX CONCURRENTLY IF EXISTS conflicts_by_transaction;
CREATE INDEX CONCURRENTLY conflicts_by_transaction ON conflicts (transaction_id, received_at, conflict_id);
DROP INDEX CONCURRENTLY IF EXISTS conflicts_by_time;
CREATE INDEX CONCURRENTLY conflicts_by_time ON conflicts (received_at, conflict_id);
