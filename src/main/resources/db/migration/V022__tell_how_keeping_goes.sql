-- What every replica's dashboard shows of the one that deletes.
SELECT pg_temp.change_table('keeping', $change$
    ALTER TABLE keeping
        ADD COLUMN IF NOT EXISTS gone          bigint   NOT NULL DEFAULT 0,   -- transactions that replicas have deleted, ever
        ADD COLUMN IF NOT EXISTS behind        interval NOT NULL DEFAULT '0', -- since the oldest should have gone, as it was seen last
        ADD COLUMN IF NOT EXISTS failing_since timestamptz                    -- null: what was tried last went well
$change$);
