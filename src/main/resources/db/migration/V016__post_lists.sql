-- What lists by account, sender, type and subject are read by, in place of an index for each. An index of accounts is written to at a place
-- of its own for each row, and on a large ledger each of those is a page that is read, and written whole after each checkpoint. So instead
-- it is written in bulk: all that came in a stretch of time is sorted once by what it can be found by, and kept in rows of a page each.
--
-- A stretch is whole: every transaction of its time is in it, whatever its status. What came since the last one is found by its time.
CREATE TABLE stretches (
    since        timestamptz NOT NULL, -- inclusive; the until of the one before, so that they leave no gap
    until        timestamptz NOT NULL, -- exclusive
    transactions bigint      NOT NULL,
    merged       boolean     NOT NULL DEFAULT false, -- of several, and large enough to stay as it is

    CONSTRAINT stretches_pkey PRIMARY KEY (until),
    CONSTRAINT stretch_is_no_gap CHECK (since < until)
);

-- What a stretch has, in the order of the keys, some hundreds to a row. A key that many have goes on in the next rows.
CREATE TABLE postings (
    until     timestamptz   NOT NULL, -- of its stretch
    first_key integer       NOT NULL, -- the least of the keys
    part      integer       NOT NULL, -- of the stretch, in the order of the keys and of their times
    first_at  timestamptz   NOT NULL, -- the least of the times of the first key
    keys      integer[]     NOT NULL,
    times     timestamptz[] NOT NULL, -- created_at of each
    hashes    integer[]     NOT NULL, -- of the id of each

    CONSTRAINT postings_pkey PRIMARY KEY (until, first_key, part)
);
-- Numbers that are random are not compressed, and fill a page.
ALTER TABLE postings
    ALTER COLUMN keys SET STORAGE EXTERNAL, ALTER COLUMN times SET STORAGE EXTERNAL, ALTER COLUMN hashes SET STORAGE EXTERNAL,
    SET (toast_tuple_target = 8160);

-- What was stored with a time that had passed, or changed since: its stretch may be closed, and is not opened for it.
CREATE TABLE late_postings (
    key  integer     NOT NULL,
    at   timestamptz NOT NULL,
    hash integer     NOT NULL
);
CREATE INDEX late_postings_by_key ON late_postings (key, at);

-- Two values may have the same key: whoever finds a row by it compares the value itself. The kinds are those of posting_keys.
CREATE FUNCTION posting_key(kind bigint, value text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    'SELECT (hashtextextended($2, $1) >> 32)::integer';

CREATE FUNCTION posting_keys(source_account text, destination_account text, source text, type text, subject text) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT array_remove(
        ARRAY [posting_key(1, $1), posting_key(2, $2), posting_key(3, $3), posting_key(4, $4), posting_key(5, $5)], NULL)
$function$;

-- How many there are from a time on and before another, as far as a number, and the time behind the last of these.
CREATE FUNCTION next_stretch(begins timestamptz, before timestamptz, most bigint, OUT transactions bigint, OUT until timestamptz)
LANGUAGE sql STABLE AS $function$
    SELECT count(*), max(created_at) + interval '1 microsecond'
    FROM (
        SELECT created_at
        FROM (
            (SELECT created_at FROM transactions
             WHERE status = 'PROCESSED' AND created_at >= $1 AND created_at < $2 ORDER BY created_at LIMIT $3)
            UNION ALL
            (SELECT created_at FROM transactions
             WHERE status = 'PROCESSING' AND created_at >= $1 AND created_at < $2 ORDER BY created_at LIMIT $3)
            UNION ALL
            (SELECT created_at FROM transactions
             WHERE status = 'HELD' AND created_at >= $1 AND created_at < $2 ORDER BY created_at LIMIT $3)) AS stored
        ORDER BY created_at
        LIMIT $3) AS next
$function$;

-- Postings of one key and time are in one row, so that a key's rows, the last first, have its times in their order.
--
-- Closes the stretch between two times, of which the first is the end of the stretch before. Whoever calls it knows that all that was
-- stored with a time before the second is to be seen.
CREATE FUNCTION post_stretch(begins timestamptz, ends timestamptz) RETURNS bigint LANGUAGE sql AS $function$
    WITH stored AS MATERIALIZED (
        SELECT transaction_id, created_at, source_account, destination_account, source, type, subject
        FROM transactions
        WHERE status = 'PROCESSED' AND created_at >= $1 AND created_at < $2
        UNION ALL
        SELECT transaction_id, created_at, source_account, destination_account, source, type, subject
        FROM transactions
        WHERE status = 'PROCESSING' AND created_at >= $1 AND created_at < $2
        UNION ALL
        SELECT transaction_id, created_at, source_account, destination_account, source, type, subject
        FROM transactions
        WHERE status = 'HELD' AND created_at >= $1 AND created_at < $2),
    sorted AS (
        SELECT key, created_at, hashtext(transaction_id) AS hash, (rank() OVER (ORDER BY key, created_at) - 1) / 480 AS part
        FROM stored, unnest(posting_keys(source_account, destination_account, source, type, subject)) AS key),
    posted AS (
        INSERT INTO postings (until, first_key, part, first_at, keys, times, hashes)
        SELECT $2, min(key), part, (array_agg(created_at ORDER BY key, created_at)) [1], array_agg(key), array_agg(created_at),
               array_agg(hash)
        FROM sorted
        GROUP BY part)
    INSERT INTO stretches (since, until, transactions)
    SELECT $1, $2, count(*)
    FROM stored
    RETURNING transactions
$function$;

-- Makes one of the oldest stretches that are not merged, if together they have as many transactions; the number that was merged, or none.
-- One that is large enough by itself stays as it is.
CREATE FUNCTION merge_stretches(least_transactions bigint) RETURNS bigint LANGUAGE sql AS $function$
    WITH small AS MATERIALIZED (
        SELECT since, until, transactions
        FROM (
            SELECT *, sum(transactions) OVER (ORDER BY until) - transactions AS before
            FROM stretches
            WHERE NOT merged) AS waiting
        WHERE before < $1),
    whole AS MATERIALIZED (
        SELECT min(since) AS since, max(until) AS until, sum(transactions) AS transactions, count(*) AS number
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
        SET since = whole.since, transactions = whole.transactions, merged = true
        FROM whole
        WHERE stretches.until = whole.until
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM stays)
$function$;

-- What is stored now is seen before its stretch is closed, 15 s later or more. So nothing that the service stores comes here, but what
-- somebody brings in from elsewhere, with its own times, or writes in a transaction that was open for long.
CREATE FUNCTION post_late() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    INSERT INTO late_postings (key, at, hash)
    SELECT key, NEW.created_at, hashtext(NEW.transaction_id)
    FROM unnest(posting_keys(NEW.source_account, NEW.destination_account, NEW.source, NEW.type, NEW.subject)) AS key;
    RETURN NULL;
END $function$;

SELECT pg_temp.change_table('transactions', $change$
    CREATE TRIGGER post_late AFTER INSERT ON transactions
        FOR EACH ROW WHEN (NEW.created_at < clock_timestamp() - interval '10 seconds')
        EXECUTE FUNCTION post_late();
    ALTER TABLE transactions ENABLE ALWAYS TRIGGER post_late
$change$);

-- Whoever wrote to the ledger before it had this trigger has ended. So what is older than this is there, or comes late: V017 posts it.
INSERT INTO stretches (since, until, transactions) VALUES ('-infinity', now() - interval '10 seconds', 0);
