-- A list of what is rare looks into every stretch, so there should be few: small ones are made middling ones, and those whole ones, each
-- with several times as many transactions.
--
-- Makes one of the first stretches, from the first that is too small on, if together they have as many transactions; the number that was
-- merged, or none. A whole one stays as it is from then on, and is made of the oldest that are not whole, so these are always the latest.
CREATE OR REPLACE FUNCTION merge_stretches(least_transactions bigint, is_whole boolean) RETURNS bigint LANGUAGE sql AS $function$
    WITH small AS MATERIALIZED (
        SELECT since, until, transactions, due_from, open_since, open_due, look_at
        FROM (
            SELECT *, sum(transactions) OVER (ORDER BY until) - transactions AS before
            FROM stretches
            WHERE NOT merged
              AND until >= (SELECT min(until) FROM stretches WHERE NOT merged AND (transactions < $1 OR $2))) AS waiting
        WHERE before < $1),
    whole AS MATERIALIZED (
        SELECT min(since) AS since, max(until) AS until, sum(transactions) AS transactions, count(*) AS number,
               min(due_from) AS due_from, min(open_since) AS open_since, min(open_due) AS open_due,
               max(look_at) FILTER (WHERE open_due IS NOT NULL) AS look_at
        FROM small
        HAVING sum(transactions) >= $1),
    taken AS (
        DELETE FROM postings
        WHERE until = ANY (ARRAY (SELECT small.until FROM small, whole WHERE number > 1))
        RETURNING keys, times, hashes),
    sorted AS (
        SELECT key, at, hash, (rank() OVER (ORDER BY key, at) - 1) / 480 AS part
        FROM taken, unnest(keys, times, hashes) AS posting (key, at, hash)),
    posted AS (
        INSERT INTO postings (until, first_key, part, first_at, keys, times, hashes)
        SELECT (SELECT until FROM whole), min(key), part, (array_agg(at ORDER BY key, at)) [1], array_agg(key), array_agg(at),
               array_agg(hash)
        FROM sorted
        GROUP BY part),
    gone AS (
        DELETE FROM stretches
        WHERE until = ANY (ARRAY (SELECT small.until FROM small, whole WHERE small.until < whole.until))
        RETURNING 1),
    stays AS (
        UPDATE stretches
        SET since = whole.since, transactions = whole.transactions, merged = $2,
            due_from = whole.due_from, open_since = whole.open_since, open_due = whole.open_due,
            look_at = coalesce(whole.look_at, stretches.look_at)
        FROM whole
        WHERE stretches.until = whole.until
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stays)
$function$;

-- As replicas of the version before call it.
CREATE OR REPLACE FUNCTION merge_stretches(least_transactions bigint) RETURNS bigint LANGUAGE sql AS
    'SELECT merge_stretches($1, true)';
