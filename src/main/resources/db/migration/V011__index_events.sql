-- What lists of events are read by, newest first, and those of one subject in the order of the provider's own times. Partial by status, as
-- the other indexes of lists are: nothing of them delays an accepted event. Built beside replicas that take webhooks, and begun anew if
-- it was broken off.
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_source;
CREATE INDEX CONCURRENTLY transactions_finished_of_source ON transactions (source, created_at)
    WHERE status = 'PROCESSED' AND source IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_type;
CREATE INDEX CONCURRENTLY transactions_finished_of_type ON transactions (type, created_at)
    WHERE status = 'PROCESSED' AND type IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_subject;
CREATE INDEX CONCURRENTLY transactions_finished_of_subject ON transactions (subject, (coalesce(occurred_at, created_at)))
    WHERE status = 'PROCESSED' AND subject IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS transactions_unmapped;
CREATE INDEX CONCURRENTLY transactions_unmapped ON transactions (created_at) WHERE unmapped IS NOT NULL;
