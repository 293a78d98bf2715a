-- What a stretch cannot have is not looked for in it: lists by a provider's own times, and of the built-in source, have no postings, and would
-- read the ledger by its own times until a page is full. A stretch that may have anything is looked into.
SELECT pg_temp.change_table('stretches', $change$
    ALTER TABLE stretches
        ADD COLUMN first_occurred timestamptz NOT NULL DEFAULT '-infinity', -- the least occurred_at, or infinity if it has none
        ADD COLUMN last_occurred  timestamptz NOT NULL DEFAULT 'infinity',  -- the greatest, or -infinity
        ADD COLUMN has_built_in   boolean     NOT NULL DEFAULT true         -- something without a source, or nothing at all
$change$);

-- What came late is in no postings but its own. It has those of two more keys, if the stretch of its time may be passed over: that of what occurred,
-- and that of what has no source. What a stretch is known to have stays so: a merged one has what each had, and so has the one behind one that goes.
CREATE FUNCTION late_keys(
    source_account text, destination_account text, source text, type text, subject text, created_at timestamptz, occurred_at timestamptz)
RETURNS integer[] LANGUAGE sql STABLE AS $function$
    SELECT posting_keys($1, $2, $3, $4, $5)
        || CASE WHEN $7 IS NOT NULL AND NOT coalesce(first_occurred > '-infinity' AND $7 BETWEEN first_occurred AND last_occurred, false)
            THEN ARRAY [posting_key(6, '')] END
        || CASE WHEN $3 IS NULL AND NOT coalesce(first_occurred > '-infinity' AND has_built_in, false)
            THEN ARRAY [posting_key(7, '')] END
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT first_occurred, last_occurred, has_built_in FROM stretches WHERE until > $6 ORDER BY until LIMIT 1) AS stretch ON true
$function$;

CREATE OR REPLACE FUNCTION post_stretch(begins timestamptz, ends timestamptz) RETURNS bigint LANGUAGE sql AS $function$
    WITH stored AS MATERIALIZED (
        SELECT transaction_id, created_at, due_at, status <> 'PROCESSED' AS waits,
               source_account, destination_account, source, type, subject, occurred_at
        FROM transactions
        WHERE created_at >= $1 AND created_at < $2),
    sorted AS (
        SELECT key, created_at, hashtext(transaction_id) AS hash, (rank() OVER (ORDER BY key, created_at) - 1) / 480 AS part
        FROM stored, unnest(posting_keys(source_account, destination_account, source, type, subject)) AS key),
    posted AS (
        INSERT INTO postings (until, first_key, part, first_at, keys, times, hashes)
        SELECT $2, min(key), part, (array_agg(created_at ORDER BY key, created_at)) [1], array_agg(key), array_agg(created_at),
               array_agg(hash)
        FROM sorted
        GROUP BY part)
    INSERT INTO stretches (
        since, until, transactions, due_from, open_since, open_due, look_at, first_occurred, last_occurred, has_built_in)
    SELECT $1, $2, count(*), coalesce(min(due_at), 'infinity'),
           min(created_at) FILTER (WHERE waits), min(due_at) FILTER (WHERE waits),
           coalesce(next_look(min(due_at) FILTER (WHERE waits), max(due_at) FILTER (WHERE waits)), '-infinity'),
           coalesce(min(occurred_at), 'infinity'), coalesce(max(occurred_at), '-infinity'), coalesce(bool_or(source IS NULL), true)
    FROM stored
    RETURNING transactions
$function$;

CREATE OR REPLACE FUNCTION merge_stretches(least_transactions bigint, is_whole boolean) RETURNS bigint LANGUAGE sql AS $function$
    WITH small AS MATERIALIZED (
        SELECT *
        FROM (
            SELECT *, sum(transactions) OVER (ORDER BY until) - transactions AS before
            FROM stretches
            WHERE NOT merged
              AND until >= (SELECT min(until) FROM stretches WHERE NOT merged AND (transactions < $1 OR $2))) AS waiting
        WHERE before < $1),
    whole AS MATERIALIZED (
        SELECT min(since) AS since, max(until) AS until, sum(transactions) AS transactions, count(*) AS number,
               min(due_from) AS due_from, min(open_since) AS open_since, min(open_due) AS open_due,
               max(look_at) FILTER (WHERE open_due IS NOT NULL) AS look_at,
               min(first_occurred) AS first_occurred, max(last_occurred) AS last_occurred, bool_or(has_built_in) AS has_built_in
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
            look_at = coalesce(whole.look_at, stretches.look_at),
            first_occurred = whole.first_occurred, last_occurred = whole.last_occurred, has_built_in = whole.has_built_in
        FROM whole
        WHERE stretches.until = whole.until
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stays)
$function$;

CREATE OR REPLACE FUNCTION post_late() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF NEW.status <> 'PROCESSED'
        OR NOT coalesce((SELECT is_due_in(open_due, due_from) FROM stretches WHERE until > NEW.created_at ORDER BY until LIMIT 1), false) THEN
        INSERT INTO strays (transaction_id, look_at) VALUES (NEW.transaction_id, NEW.due_at);
    END IF;
    INSERT INTO late_postings (key, at, hash)
    SELECT key, NEW.created_at, hashtext(NEW.transaction_id)
    FROM unnest(late_keys(
        NEW.source_account, NEW.destination_account, NEW.source, NEW.type, NEW.subject, NEW.created_at, NEW.occurred_at)) AS key
    WHERE NEW.created_at < clock_timestamp() - interval '10 seconds';
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION drop_emptied_stretch(before timestamptz) RETURNS bigint LANGUAGE sql AS $function$
    WITH emptied AS MATERIALIZED (
        SELECT since, until, left_over.transactions, first_occurred, last_occurred, has_built_in
        FROM (
            SELECT since, until, first_occurred, last_occurred, has_built_in
            FROM stretches
            WHERE until <= $1 AND open_due IS NULL AND until < (SELECT max(until) FROM stretches)
            ORDER BY until
            LIMIT 100) AS oldest
        CROSS JOIN LATERAL (
            SELECT count(*) AS transactions
            FROM (SELECT FROM transactions WHERE created_at >= since AND created_at < until LIMIT 1001) AS present) AS left_over
        WHERE left_over.transactions <= 1000
        LIMIT 1),
    late AS (
        INSERT INTO late_postings (key, at, hash)
        SELECT key, created_at, hashtext(transaction_id)
        FROM emptied
        JOIN transactions ON created_at >= emptied.since AND created_at < emptied.until,
            unnest(posting_keys(source_account, destination_account, source, type, subject)) AS key),
    taken AS (
        DELETE FROM postings
        WHERE until = (SELECT until FROM emptied)),
    dropped AS (
        DELETE FROM stretches
        WHERE until = (SELECT until FROM emptied)),
    extended AS (
        UPDATE stretches
        SET since = emptied.since,
            due_from = CASE WHEN emptied.transactions > 0 THEN '-infinity' ELSE due_from END,
            first_occurred = least(stretches.first_occurred, emptied.first_occurred),
            last_occurred = greatest(stretches.last_occurred, emptied.last_occurred),
            has_built_in = stretches.has_built_in OR emptied.has_built_in
        FROM emptied
        WHERE stretches.until = (SELECT min(until) FROM stretches WHERE until > emptied.until))
    SELECT count(*) FROM emptied
$function$;
