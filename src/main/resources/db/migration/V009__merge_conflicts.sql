-- Conflicts of the same content become one: the first, with the first time, the last time and how many there were. Then the index
-- by which the intake finds it.
--
-- Merged beside replicas that take webhooks, a thousand ids at a time, each in a transaction of its own, which is why the whole
-- migration has none: rows that an earlier version adds meanwhile are not waited for, and those of an id that has been merged stay
-- beside the merged one. It may run again from its start: what is merged already is merged with what came since.
DROP INDEX CONCURRENTLY IF EXISTS conflicts_by_content;

DO $$
DECLARE
    merged_to text COLLATE "C" := '';
    next_to   text COLLATE "C";
BEGIN
    LOOP
        SELECT max(transaction_id) INTO next_to
        FROM (SELECT transaction_id FROM conflicts
              WHERE transaction_id > merged_to
              ORDER BY transaction_id LIMIT 1000) AS batch;
        EXIT WHEN next_to IS NULL;

        WITH content AS MATERIALIZED (
            SELECT conflict_id, transaction_id, received_at, coalesce(last_received_at, received_at) AS last_received_at, attempts,
                   sha256(convert_to(concat_ws(chr(31),
                       source_account, destination_account, trim_scale(amount)::text, currency), 'UTF8')) AS content
            FROM conflicts
            WHERE transaction_id > merged_to AND transaction_id <= next_to),
        merged AS MATERIALIZED (
            SELECT transaction_id, content, min(conflict_id) AS conflict_id, min(received_at) AS received_at,
                   max(last_received_at) AS last_received_at, sum(attempts) AS attempts
            FROM content
            GROUP BY transaction_id, content),
        repeated AS (
            DELETE FROM conflicts
            WHERE conflict_id = ANY (ARRAY (
                SELECT conflict_id FROM content EXCEPT SELECT conflict_id FROM merged)))
        UPDATE conflicts
        SET received_at = merged.received_at, last_received_at = merged.last_received_at, attempts = merged.attempts,
            content = merged.content
        FROM merged
        WHERE conflicts.conflict_id = merged.conflict_id
          -- Says the same again, so that the rows are found by their key whatever the planner knows of this table.
          AND conflicts.conflict_id = ANY (ARRAY (SELECT conflict_id FROM merged));

        COMMIT;
        merged_to := next_to;
    END LOOP;
END $$;

CREATE UNIQUE INDEX CONCURRENTLY conflicts_by_content ON conflicts (transaction_id, content);
