-- A webhook that came with a known transaction_id and other content: refused with 409, and kept for a person to look at.
-- No foreign key: an attempt stays on record even if its transaction is one day archived.
CREATE TABLE conflicts (
    conflict_id         bigint           GENERATED ALWAYS AS IDENTITY,
    transaction_id      text COLLATE "C" NOT NULL,
    source_account      text COLLATE "C" NOT NULL,
    destination_account text COLLATE "C" NOT NULL,
    amount              numeric          NOT NULL,
    currency            text COLLATE "C" NOT NULL,
    received_at         timestamptz      NOT NULL DEFAULT now(),

    CONSTRAINT conflicts_pkey PRIMARY KEY (conflict_id)
);

CREATE INDEX conflicts_by_transaction ON conflicts (transaction_id);
