-- What named senders post are transactions too, which tell whose they are and what of. Those of the built-in source have none of it, take
-- not one byte more, and keep every rule that they had.
--
-- An event may lack what a transaction of the built-in source must have: it is kept all the same, marked with the reason.
--
-- NOT VALID, so that nobody waits while all rows are read: those of before keep the narrower rules that are replaced here.
SELECT pg_temp.change_table('transactions', $change$
    ALTER TABLE transactions
        ADD COLUMN source      text COLLATE "C",
        ADD COLUMN type        text COLLATE "C",
        ADD COLUMN subject     text COLLATE "C",
        ADD COLUMN occurred_at timestamptz,
        ADD COLUMN unmapped    text COLLATE "C",
        ALTER COLUMN source_account DROP NOT NULL,
        ALTER COLUMN destination_account DROP NOT NULL,
        ALTER COLUMN amount DROP NOT NULL,
        ALTER COLUMN currency DROP NOT NULL,
        DROP CONSTRAINT amount_is_positive_and_exact,
        DROP CONSTRAINT currency_is_a_code,
        ADD CONSTRAINT source_is_a_name CHECK (source ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$') NOT VALID,
        ADD CONSTRAINT built_in_is_whole_and_no_event CHECK (
            source IS NOT NULL
            OR (source_account IS NOT NULL AND destination_account IS NOT NULL AND amount IS NOT NULL AND currency IS NOT NULL
                AND type IS NULL AND subject IS NULL AND occurred_at IS NULL AND unmapped IS NULL)) NOT VALID,
        ADD CONSTRAINT occurred_at_is_finite CHECK (isfinite(occurred_at)) NOT VALID,
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

-- How events came: the amount as it was written, and the request. One request may bring many events: the first of them that is new
-- keeps it, and the others name that one. Apart from the transactions, because those are written a second time when they are finished.
-- raw has the headers that matter, an empty line and the body, and is compressed before it comes here (RawRequest), so the server does not
-- try again.
-- No foreign key: it would cost each accepted event a lock, and both rows are written by one statement.
CREATE TABLE events (
    transaction_id text COLLATE "C" NOT NULL,
    amount_sent    text COLLATE "C",
    amount_unit    "char",
    raw_of         text COLLATE "C",
    raw            bytea,

    CONSTRAINT events_pkey PRIMARY KEY (transaction_id),
    CONSTRAINT raw_is_here_or_elsewhere CHECK ((raw_of IS NULL) <> (raw IS NULL)),
    CONSTRAINT amount_has_its_unit CHECK ((amount_sent IS NULL) = (amount_unit IS NULL)),
    CONSTRAINT unit_is_minor_or_major CHECK (amount_unit IN ('i', 'a'))
);
ALTER TABLE events ALTER COLUMN raw SET STORAGE EXTERNAL;
