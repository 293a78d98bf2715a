-- What waits is found without an index that is partial by status: a stretch of which all is finished is settled, and neither the sweep nor a
-- list of what waits looks into it again. What may wait there all the same is a stray, and is known by its id: what is held or was released,
-- what somebody brought in with times of its own, and the few that are left when all the others are finished.
--
-- Each statement is a transaction of its own, so that nobody waits for more than one table at a time; all of it may run again.
SELECT pg_temp.change_table('stretches', $change$
    ALTER TABLE stretches
        ADD COLUMN IF NOT EXISTS due_from   timestamptz NOT NULL DEFAULT '-infinity', -- the least due_at: before, nothing of it is finished
        ADD COLUMN IF NOT EXISTS open_since timestamptz          DEFAULT '-infinity', -- the least created_at of what waits and is no stray
        ADD COLUMN IF NOT EXISTS open_due   timestamptz          DEFAULT '-infinity', -- the least due_at of it; both null: it is settled
        ADD COLUMN IF NOT EXISTS look_at    timestamptz NOT NULL DEFAULT '-infinity'  -- when it may be settled
$change$);
CREATE INDEX IF NOT EXISTS stretches_open ON stretches (open_since, open_due) WHERE open_due IS NOT NULL;

-- More than one of a transaction does no harm.
CREATE TABLE IF NOT EXISTS strays (
    transaction_id text COLLATE "C" NOT NULL,
    look_at        timestamptz      NOT NULL -- when it may be due, or finished; infinity of what is held
);
CREATE INDEX IF NOT EXISTS strays_by_transaction ON strays (transaction_id);
CREATE INDEX IF NOT EXISTS strays_by_time ON strays (look_at);

-- Since when what waits is due, strays apart. Nothing but a stray is due before it was created.
CREATE OR REPLACE FUNCTION open_due() RETURNS timestamptz LANGUAGE sql STABLE AS $function$
    SELECT coalesce(
        least((SELECT min(open_due) FROM stretches WHERE open_due IS NOT NULL), (SELECT max(until) FROM stretches)), '-infinity')
$function$;

-- Whether a list of what is finished looks into the stretch of that time. Strays apart, nothing of one that is not due is finished.
CREATE OR REPLACE FUNCTION is_due_in(open_due timestamptz, due_from timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $function$
    SELECT $1 IS NULL OR $2 <= now()
$function$;

CREATE OR REPLACE FUNCTION next_stretch(
    begins timestamptz, before timestamptz, most bigint, OUT transactions bigint, OUT until timestamptz)
LANGUAGE sql STABLE AS $function$
    SELECT count(*), max(created_at) + interval '1 microsecond'
    FROM (
        SELECT created_at
        FROM transactions
        WHERE created_at >= $1 AND created_at < $2
        ORDER BY created_at
        LIMIT $3) AS next
$function$;

-- When to look whether all is finished: once all is due, if that is soon.
CREATE OR REPLACE FUNCTION next_look(first_due timestamptz, last_due timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $function$
    SELECT least($2 + interval '5 seconds', $1 + interval '10 minutes')
$function$;

CREATE OR REPLACE FUNCTION post_stretch(begins timestamptz, ends timestamptz) RETURNS bigint LANGUAGE sql AS $function$
    WITH stored AS MATERIALIZED (
        SELECT transaction_id, created_at, due_at, status <> 'PROCESSED' AS waits,
               source_account, destination_account, source, type, subject
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
    INSERT INTO stretches (since, until, transactions, due_from, open_since, open_due, look_at)
    SELECT $1, $2, count(*), coalesce(min(due_at), 'infinity'),
           min(created_at) FILTER (WHERE waits), min(due_at) FILTER (WHERE waits),
           coalesce(next_look(min(due_at) FILTER (WHERE waits), max(due_at) FILTER (WHERE waits)), '-infinity')
    FROM stored
    RETURNING transactions
$function$;

-- What waits in a stretch and is no stray.
CREATE OR REPLACE FUNCTION open_in(begins timestamptz, ends timestamptz) RETURNS TABLE (transaction_id text, created_at timestamptz, due_at timestamptz)
LANGUAGE sql STABLE AS $function$
    SELECT transaction_id, created_at, due_at
    FROM transactions
    WHERE created_at >= $1 AND created_at < $2
      AND status <> 'PROCESSED'
      AND NOT EXISTS (SELECT FROM strays WHERE strays.transaction_id = transactions.transaction_id)
$function$;

-- Looks into the stretch whose time has come first, and settles it if all is finished but for a few, which are strays then. Otherwise it says
-- from when on the others are due. The number of stretches that it looked into.
CREATE OR REPLACE FUNCTION settle_stretch() RETURNS bigint LANGUAGE sql AS $function$
    WITH chosen AS MATERIALIZED (
        SELECT since, until
        FROM stretches
        WHERE open_due IS NOT NULL AND look_at <= now()
        ORDER BY look_at
        LIMIT 1),
    waiting AS MATERIALIZED (
        SELECT transaction_id, created_at, due_at
        FROM chosen, open_in(chosen.since, chosen.until)),
    all_of_it AS MATERIALIZED (
        SELECT count(*) AS number, count(*) <= 1000 AS is_few, min(created_at) AS first, min(due_at) AS first_due, max(due_at) AS last_due
        FROM waiting),
    strayed AS (
        INSERT INTO strays (transaction_id, look_at)
        SELECT transaction_id, due_at
        FROM waiting, all_of_it
        WHERE is_few),
    looked AS (
        UPDATE stretches
        SET due_from = CASE WHEN number < transactions THEN '-infinity' ELSE due_from END, -- some of it is finished
            open_since = CASE WHEN NOT is_few THEN first END,
            open_due = CASE WHEN NOT is_few THEN first_due END,
            look_at = CASE WHEN is_few THEN look_at
                ELSE greatest(next_look(first_due, last_due), now() + interval '10 seconds') END
        FROM chosen, all_of_it
        WHERE stretches.until = chosen.until
        RETURNING 1)
    SELECT count(*) FROM looked
$function$;

CREATE OR REPLACE FUNCTION merge_stretches(least_transactions bigint) RETURNS bigint LANGUAGE sql AS $function$
    WITH small AS MATERIALIZED (
        SELECT since, until, transactions, due_from, open_since, open_due, look_at
        FROM (
            SELECT *, sum(transactions) OVER (ORDER BY until) - transactions AS before
            FROM stretches
            WHERE NOT merged) AS waiting
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
        SET since = whole.since, transactions = whole.transactions, merged = true,
            due_from = whole.due_from, open_since = whole.open_since, open_due = whole.open_due,
            look_at = coalesce(whole.look_at, stretches.look_at)
        FROM whole
        WHERE stretches.until = whole.until
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stays)
$function$;

-- Strays that are finished, or gone, are strays no more; those that are held are not looked at until they are released. The number of those
-- that were looked at.
CREATE OR REPLACE FUNCTION forget_strays(most bigint) RETURNS bigint LANGUAGE sql AS $function$
    WITH looked_at AS MATERIALIZED (
        SELECT strays.ctid AS place, strays.transaction_id, status, created_at, due_at
        FROM (SELECT ctid, transaction_id FROM strays WHERE look_at <= now() ORDER BY look_at LIMIT $1) AS strays
        LEFT JOIN transactions ON transactions.transaction_id = strays.transaction_id),
    forgotten AS (
        DELETE FROM strays
        WHERE transaction_id = ANY (
            ARRAY (SELECT transaction_id FROM looked_at WHERE coalesce(status, 'PROCESSED') = 'PROCESSED'))),
    held AS (
        UPDATE strays
        SET look_at = 'infinity'
        WHERE ctid = ANY (ARRAY (SELECT place FROM looked_at WHERE status = 'HELD'))),
    earlier AS MATERIALIZED (
        SELECT stretch.until, min(looked_at.due_at) AS first_due
        FROM looked_at
        CROSS JOIN LATERAL (
            SELECT since, until FROM stretches WHERE until > created_at ORDER BY until LIMIT 1) AS stretch
        WHERE status = 'PROCESSED' AND stretch.since <= created_at
        GROUP BY stretch.until),
    finished AS (
        UPDATE stretches
        SET due_from = first_due
        FROM earlier
        WHERE stretches.until = earlier.until AND first_due < due_from)
    SELECT count(*) FROM looked_at
$function$;

-- Of what the service stores nothing comes here, because it is stored now, and due later than that. What is finished already is a stray only
-- if its stretch would be passed over.
CREATE OR REPLACE FUNCTION post_late() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF NEW.status <> 'PROCESSED'
        OR NOT coalesce((SELECT is_due_in(open_due, due_from) FROM stretches WHERE until > NEW.created_at ORDER BY until LIMIT 1), false) THEN
        INSERT INTO strays (transaction_id, look_at) VALUES (NEW.transaction_id, NEW.due_at);
    END IF;
    INSERT INTO late_postings (key, at, hash)
    SELECT key, NEW.created_at, hashtext(NEW.transaction_id)
    FROM unnest(posting_keys(NEW.source_account, NEW.destination_account, NEW.source, NEW.type, NEW.subject)) AS key
    WHERE NEW.created_at < clock_timestamp() - interval '10 seconds';
    RETURN NULL;
END $function$;

SELECT pg_temp.change_table('transactions', $change$
    CREATE OR REPLACE TRIGGER post_late AFTER INSERT ON transactions
        FOR EACH ROW WHEN (NEW.created_at < clock_timestamp() - interval '10 seconds' OR NEW.due_at < NEW.created_at)
        EXECUTE FUNCTION post_late();
    ALTER TABLE transactions ENABLE ALWAYS TRIGGER post_late;
    ALTER TABLE transactions SET (fillfactor = 50) -- the second version of a row has room beside the first
$change$);

-- Whatever holds and releases, earlier versions too, puts it on record.
CREATE OR REPLACE FUNCTION hold_strays() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    INSERT INTO strays (transaction_id, look_at)
    SELECT transaction_id, CASE WHEN NEW.action = 'HOLD' THEN 'infinity' ELSE due_at END
    FROM transactions
    WHERE transaction_id = NEW.transaction_id;
    RETURN NULL;
END $function$;

SELECT pg_temp.change_table('holds', $change$
    CREATE OR REPLACE TRIGGER hold_strays AFTER INSERT ON holds FOR EACH ROW EXECUTE FUNCTION hold_strays();
    ALTER TABLE holds ENABLE ALWAYS TRIGGER hold_strays
$change$);

INSERT INTO strays (transaction_id, look_at) SELECT transaction_id, 'infinity' FROM transactions WHERE status = 'HELD';

-- Which replicas know this: an earlier version leaves it empty, and needs the indexes that are partial by status.
SELECT pg_temp.change_table('activity', 'ALTER TABLE activity ADD COLUMN IF NOT EXISTS settles boolean');
