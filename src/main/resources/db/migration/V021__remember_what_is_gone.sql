-- Transactions that were finished long ago are deleted, where the settings say so. A sender that repeats one of them all the same is answered as
-- if it were still there: its id is remembered, and a digest of what a repetition must agree in.
CREATE TABLE gone (
    transaction_id text COLLATE "C" NOT NULL,
    content        bytea,                -- null: it was erased, and nothing contradicts it
    gone_at        timestamptz NOT NULL,

    CONSTRAINT gone_pkey PRIMARY KEY (transaction_id)
);
CREATE INDEX gone_by_time ON gone (gone_at);

-- 8 bytes each of accounts, amount and currency, zeros of what is missing. The id is part of what they are made of, so that what is the same
-- does not look the same.
CREATE FUNCTION content_digest(
    transaction_id text, source_account text, destination_account text, amount numeric, currency text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT string_agg(
        coalesce(substr(sha256(convert_to($1 || chr(31) || value, 'UTF8')), 1, 8), '\x0000000000000000'), '' ORDER BY place)
    FROM unnest(ARRAY [$2, $3, trim_scale($4)::text, $5]) WITH ORDINALITY AS part (value, place)
$function$;

-- The files that transactions were written to before they were deleted. A row is there before its file is, and what is in a file is deleted
-- only when the file was read again and is whole.
CREATE TABLE archives (
    name         text COLLATE "C" NOT NULL,
    state        text COLLATE "C" NOT NULL DEFAULT 'WRITING',
    day          date             NOT NULL, -- in UTC, on which its transactions were created
    transactions bigint           NOT NULL,
    bytes        bigint           NOT NULL,
    due_from     timestamptz      NOT NULL, -- of its transactions, both inclusive
    due_to       timestamptz      NOT NULL,
    changed_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    loaded_until timestamptz,               -- until then its transactions are in the ledger again

    CONSTRAINT archives_pkey PRIMARY KEY (name),
    -- WRITTEN: its transactions are being deleted; DONE: they are gone; ABANDONED: the file is to be deleted, its transactions are not
    CONSTRAINT state_is_known CHECK (state IN ('WRITING', 'WRITTEN', 'DONE', 'LOADED', 'ABANDONED')),
    CONSTRAINT loaded_says_until_when CHECK ((state = 'LOADED') = (loaded_until IS NOT NULL))
);
CREATE INDEX archives_under_way ON archives (name) WHERE state <> 'DONE';
CREATE INDEX archives_by_day ON archives (day);

-- Which replica deletes; the others take over when it has not said for a while that it still does.
CREATE TABLE keeping (
    only_one boolean          NOT NULL DEFAULT true,
    replica  text COLLATE "C",
    until    timestamptz      NOT NULL DEFAULT '-infinity',

    CONSTRAINT keeping_pkey PRIMARY KEY (only_one),
    CONSTRAINT is_only_one CHECK (only_one)
);
INSERT INTO keeping DEFAULT VALUES;

-- Takes away the oldest stretch of which nearly all is gone; what is left of it is found as if it had come late. Whether there was one. The
-- next one begins where it began, so that there is no gap, and the last one stays.
CREATE FUNCTION drop_emptied_stretch(before timestamptz) RETURNS bigint LANGUAGE sql AS $function$
    WITH emptied AS MATERIALIZED (
        SELECT since, until, transactions
        FROM (
            SELECT since, until
            FROM stretches
            WHERE until <= $1 AND open_due IS NULL AND until < (SELECT max(until) FROM stretches)
            ORDER BY until
            LIMIT 100) AS oldest
        CROSS JOIN LATERAL (
            SELECT count(*) AS transactions
            FROM (SELECT FROM transactions WHERE created_at >= since AND created_at < until LIMIT 1001) AS present) AS left_over
        WHERE transactions <= 1000
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
            due_from = CASE WHEN emptied.transactions > 0 THEN '-infinity' ELSE due_from END
        FROM emptied
        WHERE stretches.until = (SELECT min(until) FROM stretches WHERE until > emptied.until))
    SELECT count(*) FROM emptied
$function$;

-- That something was erased because a person wanted it, and how much. It names nobody.
CREATE TABLE erasures (
    erasure_id    bigint      GENERATED ALWAYS AS IDENTITY,
    erased_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    transactions  bigint      NOT NULL,
    conflicts     bigint      NOT NULL,
    archived      bigint      NOT NULL, -- lines of the archive
    left_for_now  bigint      NOT NULL, -- transactions that were not finished, or still to be told to somebody

    CONSTRAINT erasures_pkey PRIMARY KEY (erasure_id)
);
