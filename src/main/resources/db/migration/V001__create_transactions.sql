-- The ledger and the queue are one table: a row whose status is PROCESSING waits for its due_at.
-- Identifiers compare by bytes (COLLATE "C"): two ids are the same only if every byte is.
-- The CHECKs mirror the rules of the intake, so that no other writer can put in what the intake would refuse.
CREATE TABLE transactions (
    transaction_id      text COLLATE "C" NOT NULL,
    source_account      text COLLATE "C" NOT NULL,
    destination_account text COLLATE "C" NOT NULL,
    amount              numeric          NOT NULL,
    currency            text COLLATE "C" NOT NULL,
    status              text COLLATE "C" NOT NULL DEFAULT 'PROCESSING',
    created_at          timestamptz      NOT NULL DEFAULT now(),
    due_at              timestamptz      NOT NULL,
    processed_at        timestamptz,

    CONSTRAINT transactions_pkey PRIMARY KEY (transaction_id),
    CONSTRAINT transaction_id_is_an_identifier CHECK (
        char_length(transaction_id) BETWEEN 1 AND 255
        AND transaction_id !~ '[\u0001-\u001F\u007F-\u009F]'
        AND transaction_id NOT IN ('.', '..')),
    CONSTRAINT source_account_is_an_identifier CHECK (
        char_length(source_account) BETWEEN 1 AND 255
        AND source_account !~ '[\u0001-\u001F\u007F-\u009F]'),
    CONSTRAINT destination_account_is_an_identifier CHECK (
        char_length(destination_account) BETWEEN 1 AND 255
        AND destination_account !~ '[\u0001-\u001F\u007F-\u009F]'),
    CONSTRAINT amount_is_positive_and_exact CHECK (
        amount > 0 AND amount < 1000000000000000000 AND scale(amount) <= 4),
    CONSTRAINT currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT status_is_known CHECK (status IN ('PROCESSING', 'PROCESSED')),
    CONSTRAINT processed_means_finished_and_never_early CHECK (
        (status = 'PROCESSING' AND processed_at IS NULL)
        OR (status = 'PROCESSED' AND processed_at IS NOT NULL AND processed_at >= due_at))
)
-- Each row is updated exactly once: the room that the fillfactor leaves takes most of the second versions on the same page,
-- which writes less WAL. The autovacuum thresholds are absolute at first and become relative as the ledger grows, because
-- every vacuum reads the whole primary key, while the due index cleans itself as it is scanned.
WITH (
    fillfactor = 70,
    autovacuum_vacuum_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_threshold = 50000,
    autovacuum_analyze_scale_factor = 0.05
);

-- What the poller looks at: only what still waits is in it, so it stays as small as the backlog.
CREATE INDEX transactions_due ON transactions (due_at) WHERE status = 'PROCESSING';
