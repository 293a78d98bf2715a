-- Looks into the stretches that there are, once into each, in a transaction of its own, which is why the whole migration has none. It may run
-- again from its start. Only one session at a time does so, as in the service.
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM stretches WHERE open_due IS NOT NULL AND look_at = '-infinity') LOOP
        PERFORM pg_advisory_xact_lock('stretches'::regclass::oid::bigint);
        PERFORM settle_stretch();
        COMMIT;
    END LOOP;
END $$;

ANALYZE stretches, strays;

-- Replicas of an earlier version claim by an index of what waits, and report what they do once a second without saying that they settle. While
-- there are any it stays, and the replicas of this version drop it when the last one has been gone for a while; or when nobody stands in the way.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM activity WHERE settles IS NULL AND at > clock_timestamp() - interval '15 minutes') THEN
        PERFORM pg_temp.change_table('transactions', $change$
            DROP INDEX IF EXISTS transactions_due;
            DROP INDEX IF EXISTS transactions_waiting;
            DROP INDEX IF EXISTS transactions_finished_by_time;
            DROP INDEX IF EXISTS transactions_held
        $change$, interval '5 seconds');
    END IF;
EXCEPTION WHEN lock_not_available THEN
    NULL;
END $$;
