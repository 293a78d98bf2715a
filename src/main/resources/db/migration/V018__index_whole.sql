-- Indexes that do not know the status, so that a finish changes none of them: from PostgreSQL 16 on, where an index of ranges does not stand
-- in its way either, it changes the row in place. Built beside replicas that take webhooks, and begun anew if it was broken off.
-- https://www.postgresql.org/docs/current/storage-hot.html
DROP INDEX CONCURRENTLY IF EXISTS transactions_by_due;
CREATE INDEX CONCURRENTLY transactions_by_due ON transactions (due_at);
DROP INDEX CONCURRENTLY IF EXISTS transactions_by_time;
CREATE INDEX CONCURRENTLY transactions_by_time ON transactions (created_at, (hashtext(transaction_id)));
