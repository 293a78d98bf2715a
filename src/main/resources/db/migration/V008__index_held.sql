-- What lists of held transactions are read by, and what they are counted by. Built beside replicas that take webhooks, as the indexes of
-- version 003 are, and begun anew if it was broken off.
DROP INDEX CONCURRENTLY IF EXISTS transactions_held;
CREATE INDEX CONCURRENTLY transactions_held ON transactions (created_at) WHERE status = 'HELD';
