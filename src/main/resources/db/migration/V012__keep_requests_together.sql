-- The requests that events came with are kept together, those of one commit in one row: senders repeat themselves from one event to the
-- next, so together they are half as large as each alone and take half the time to compress. How an amount was written stands with its
-- transaction. So an event costs no row and no entry of an index beside its transaction's.
--
-- What stands in the table events, by the version of before, which may run beside this one, stays there and is read from there.
--
-- An id is of the milliseconds since 1970 and of chance, and of no sequence: logical replication does not carry sequences over.
CREATE TABLE requests (
    id  bigint NOT NULL,
    raw bytea NOT NULL,

    CONSTRAINT requests_pkey PRIMARY KEY (id)
);
-- Compressed before it comes here (RawRequests), so the server does not try again; and up to a page in one piece.
ALTER TABLE requests ALTER COLUMN raw SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);

-- NOT VALID, so that nobody waits while all rows are read: those of before have none of this. One check, because each is prepared for
-- each statement.
SELECT pg_temp.change_table('transactions', $change$
    ALTER TABLE transactions
        ADD COLUMN request       bigint,
        ADD COLUMN request_place smallint,
        ADD COLUMN amount_unit   "char",
        ADD COLUMN amount_sent   text COLLATE "C",
        ADD CONSTRAINT came_as_it_is_kept CHECK (
            (source IS NOT NULL OR (request IS NULL AND amount_sent IS NULL))
            AND (request IS NULL) = (request_place IS NULL)
            AND (amount_sent IS NULL) = (amount_unit IS NULL)
            AND (amount_unit IS NULL OR amount_unit IN ('i', 'a'))) NOT VALID
$change$);
