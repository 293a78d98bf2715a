-- A transaction that an operator holds is HELD: the due index, the poller and the sweep know PROCESSING alone, so it is not due and costs
-- them nothing until it is released.
--
-- A due_at that is not finite would be an error in every statement that asks how late a row is; what is to wait is held.
--
-- NOT VALID, so that nobody waits while all rows are read: those of before keep the narrower rules that are replaced here, and a due_at
-- that somebody has set to infinity must not stop this migration. What is written from now on is checked.
SELECT pg_temp.change_table('transactions', $change$
    ALTER TABLE transactions
        DROP CONSTRAINT status_is_known,
        DROP CONSTRAINT processed_means_finished_and_never_early,
        ADD CONSTRAINT status_is_known CHECK (status IN ('PROCESSING', 'PROCESSED', 'HELD')) NOT VALID,
        ADD CONSTRAINT processed_means_finished_and_never_early CHECK (
            (status IN ('PROCESSING', 'HELD') AND processed_at IS NULL)
            OR (status = 'PROCESSED' AND processed_at IS NOT NULL AND processed_at >= due_at)) NOT VALID,
        ADD CONSTRAINT due_at_is_finite CHECK (isfinite(due_at)) NOT VALID
$change$);

-- Who held and released what, when and why. No foreign key: it stays on record when its transaction is one day archived.
CREATE TABLE holds (
    hold_id        bigint           GENERATED ALWAYS AS IDENTITY,
    transaction_id text COLLATE "C" NOT NULL,
    action         text COLLATE "C" NOT NULL,
    at             timestamptz      NOT NULL DEFAULT clock_timestamp(),
    by             text COLLATE "C" NOT NULL, -- a fingerprint of the token, never the token
    reason         text COLLATE "C",

    CONSTRAINT holds_pkey PRIMARY KEY (hold_id),
    CONSTRAINT action_is_known CHECK (action IN ('HOLD', 'RELEASE')),
    CONSTRAINT reason_is_short CHECK (char_length(reason) BETWEEN 1 AND 255)
);

CREATE INDEX holds_by_transaction ON holds (transaction_id, hold_id);
