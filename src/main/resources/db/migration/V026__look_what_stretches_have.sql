-- Looks through the stretches that there are, beside replicas that take webhooks, one at a time, each in a transaction of its own, which is why the
-- whole migration has none. It may run again from its start. Only one session at a time changes stretches, as in the service.
--
-- What came late is seen with what else is in its stretch, or is posted so that it is found: whoever wrote before there were keys for that is
-- waited for first. A distributed ledger has no stretches.
DO $$
DECLARE
    writers text[] := ARRAY (
        SELECT virtualtransaction
        FROM pg_locks
        WHERE locktype = 'relation'
          AND relation = 'transactions'::regclass
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND mode = 'RowExclusiveLock'
          AND pid IS DISTINCT FROM pg_backend_pid());
    ends timestamptz := clock_timestamp() + interval '2 minutes';
BEGIN
    WHILE EXISTS (SELECT FROM stretches)
        AND EXISTS (SELECT FROM pg_locks WHERE relation = 'transactions'::regclass AND virtualtransaction = ANY (writers)) LOOP
        IF clock_timestamp() > ends THEN
            PERFORM pg_temp.give_up('transactions', 'ACCESS EXCLUSIVE');
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
    WHILE EXISTS (SELECT FROM stretches WHERE first_occurred = '-infinity' AND last_occurred = 'infinity') LOOP
        PERFORM pg_advisory_xact_lock('stretches'::regclass::oid::bigint);
        UPDATE stretches
        SET (first_occurred, last_occurred, has_built_in) = (
            SELECT coalesce(min(occurred_at), 'infinity'), coalesce(max(occurred_at), '-infinity'), coalesce(bool_or(source IS NULL), true)
            FROM transactions
            WHERE created_at >= stretches.since AND created_at < stretches.until)
        WHERE until = (SELECT min(until) FROM stretches WHERE first_occurred = '-infinity' AND last_occurred = 'infinity');
        COMMIT;
    END LOOP;
END $$;

ANALYZE stretches;
