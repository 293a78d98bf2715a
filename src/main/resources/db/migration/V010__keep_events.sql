-- What named senders post, as an event of theirs beside its row in the ledger, which it shares its id with. Rows of the built-in
-- source have none, and keep every rule that they had.
--
-- An event may lack what a transaction of the built-in source must have: it is kept all the same, marked with the reason.
--
-- NOT VALID, so that nobody waits while all rows are read: those of before keep the narrower rules that are replaced here.
SELECT pg_temp.change_table('transactions', $change$
    ALTER TABLE transactions
        ADD COLUMN source text COLLATE "C",
        ALTER COLUMN source_account DROP NOT NULL,
        ALTER COLUMN destination_account DROP NOT NULL,
        ALTER COLUMN amount DROP NOT NULL,
        ALTER COLUMN currency DROP NOT NULL,
        DROP CONSTRAINT amount_is_positive_and_exact,
        DROP CONSTRAINT currency_is_a_code,
        ADD CONSTRAINT source_is_a_name CHECK (source ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$') NOT VALID,
        ADD CONSTRAINT built_in_is_whole CHECK (
            source IS NOT NULL
            OR (source_account IS NOT NULL AND destination_account IS NOT NULL AND amount IS NOT NULL AND currency IS NOT NULL)) NOT VALID,
        ADD CONSTRAINT amount_is_exact CHECK (
            CASE WHEN source IS NULL THEN amount > 0 AND amount < 1000000000000000000 AND scale(amount) <= 4
                ELSE abs(amount) < 1000000000000000000 AND scale(amount) <= 18 END) NOT VALID,
        ADD CONSTRAINT currency_is_a_code CHECK (
            CASE WHEN source IS NULL THEN currency ~ '^[A-Z]{3}$' ELSE currency ~ '^[A-Z][A-Z0-9]{2,11}$' END) NOT VALID
$change$);

SELECT pg_temp.change_table('conflicts', $change$
    ALTER TABLE conflicts
        ALTER COLUMN source_account DROP NOT NULL,
        ALTER COLUMN destination_account DROP NOT NULL,
        ALTER COLUMN amount DROP NOT NULL,
        ALTER COLUMN currency DROP NOT NULL
$change$);

-- One request may bring many events: the first of them that is new keeps its bytes, and the others name it. The bytes are compressed
-- before they come here (RFC 1951), so the server does not try again.
-- No foreign key: it would cost each accepted event a lock, and both rows are written by one statement.
CREATE TABLE events (
    transaction_id text COLLATE "C" NOT NULL,
    created_at     timestamptz      NOT NULL DEFAULT now(), -- that of the transaction: both are of one statement
    source         text COLLATE "C" NOT NULL,
    type           text COLLATE "C",
    subject        text COLLATE "C",
    occurred_at    timestamptz,
    unmapped       text COLLATE "C",
    amount_sent    text COLLATE "C",
    amount_unit    text COLLATE "C",
    raw_of         text COLLATE "C",
    headers        text,
    body           bytea,

    CONSTRAINT events_pkey PRIMARY KEY (transaction_id),
    CONSTRAINT raw_is_here_or_elsewhere CHECK ((raw_of IS NULL) = (body IS NOT NULL) AND (raw_of IS NULL) = (headers IS NOT NULL)),
    CONSTRAINT occurred_at_is_finite CHECK (isfinite(occurred_at)),
    CONSTRAINT amount_has_its_unit CHECK ((amount_sent IS NULL) = (amount_unit IS NULL) AND amount_unit IN ('MINOR', 'MAJOR'))
);
ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL;

-- What lists are read by, newest first; those of one subject in the order of the provider's own times.
CREATE INDEX events_by_source ON events (source, created_at);
CREATE INDEX events_by_type ON events (type, created_at);
CREATE INDEX events_by_subject ON events (subject, (coalesce(occurred_at, created_at))) WHERE subject IS NOT NULL;
CREATE INDEX events_unmapped ON events (created_at) WHERE unmapped IS NOT NULL;
