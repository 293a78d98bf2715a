-- What a replay of all since a time finds the transactions by that were finished in a stretch of time. They stand in the table nearly in
-- the order in which they were finished, so an index of ranges is enough, and costs a finish next to nothing. Built beside replicas that
-- take webhooks, and begun anew if it was broken off.
-- https://www.postgresql.org/docs/current/brin.html
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_when;
CREATE INDEX CONCURRENTLY transactions_finished_when ON transactions USING brin (processed_at) WITH (pages_per_range = 64, autosummarize = on);
