-- Looks into the stretches that there are, each in a transaction of its own, which is why the whole migration has none. It may run again
-- from its start.
DO $$
BEGIN
    LOOP
        EXIT WHEN settle_stretch() = 0;
        COMMIT;
    END LOOP;
END $$;

ANALYZE stretches, strays;

-- Replicas of an earlier version claim by an index of what waits, and report what they do once a second without saying that they settle. While
-- there are any it stays, and the replicas of this version drop it when the last one has been gone for a while.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM activity WHERE settles IS NULL) THEN
        PERFORM pg_temp.change_table('transactions', $change$
            DROP INDEX IF EXISTS transactions_due;
            DROP INDEX IF EXISTS transactions_waiting;
            DROP INDEX IF EXISTS transactions_finished_by_time;
            DROP INDEX IF EXISTS transactions_held
        $change$);
    END IF;
END $$;
