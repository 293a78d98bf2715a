-- What migrations change tables with, told to Flyway's session before each of them, and in its transaction:
--
--     SELECT pg_temp.change_table('transactions', 'ALTER TABLE transactions ADD COLUMN …');
--
-- A change needs the table for itself, for a moment. Waiting for that moment behind somebody's long transaction would hold up every
-- webhook behind it: so it is asked for again and again, each time for less than the 100 ms that the intake waits. That alone would
-- never get past an autovacuum, which steps aside only for who has waited for deadlock_timeout. So a lock that keeps vacuums away and
-- holds up no webhook, neither while it is waited for nor while it is held, is taken first, with patience. Only a vacuum against
-- wraparound does not step aside.
-- Temporary, so that the database is left with nothing of it.
DO $$
BEGIN
    IF NOT has_database_privilege(current_database(), 'TEMPORARY') THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'the role %1$I may not make temporary functions, and migrations need some: GRANT TEMPORARY ON DATABASE %2$I TO %1$I',
            current_user, current_database());
    END IF;
END $$;

-- How long ago that was, in the unit that a person would choose.
CREATE OR REPLACE FUNCTION pg_temp.age_told(since timestamptz) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    seconds bigint := extract(epoch FROM clock_timestamp() - since);
BEGIN
    RETURN CASE
        WHEN seconds IS NULL THEN 'a time that this role may not see'
        WHEN seconds < 120 THEN seconds || ' s'
        WHEN seconds < 7200 THEN seconds / 60 || ' min'
        ELSE seconds / 3600 || ' h' END;
END $function$;

-- A statement without what it is about: no number, and nothing from its first quote on.
CREATE OR REPLACE FUNCTION pg_temp.statement_told(query text) RETURNS text LANGUAGE plpgsql AS $function$
BEGIN
    RETURN left(regexp_replace(regexp_replace(regexp_replace(query,
        '(''|\$[^0-9]).*$', '…'), '\m[0-9][0-9a-z_.]*', '?', 'gi'), '\s+', ' ', 'g'), 100);
END $function$;

-- Who that is and what it does, as far as this role may see; of a table's vacuum also whether it is against wraparound.
CREATE OR REPLACE FUNCTION pg_temp.session_told(process integer, of_table regclass DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    session pg_stat_activity;
    visible boolean;
BEGIN
    SELECT * INTO session FROM pg_stat_activity WHERE pid = process;
    visible := session.query IS DISTINCT FROM '<insufficient privilege>';
    RETURN CASE
        WHEN process IS NULL THEN NULL
        WHEN session.pid IS NULL THEN format('process %s, which has ended', process)
        WHEN session.usesysid IS NULL
            AND (session.query LIKE '%(to prevent wraparound)' OR NOT visible AND pg_temp.is_near_wraparound(of_table))
            THEN format('an anti-wraparound autovacuum%s (process %s), running for %s, which does not step aside: let it finish',
                ' of ' || of_table, process, pg_temp.age_told(session.xact_start))
        WHEN session.usesysid IS NULL
            THEN format('an autovacuum%s (process %s), running for %s', ' of ' || of_table, process, pg_temp.age_told(session.xact_start))
        ELSE format('a session of the role %I (process %s, application "%s"%s), %s%s; SELECT pg_terminate_backend(%s) ends it',
                session.usename, process, session.application_name, ', from ' || host(session.client_addr),
                CASE WHEN session.state IS NULL THEN 'whose transaction this role may not see'
                    WHEN session.xact_start IS NULL THEN session.state || ' for ' || pg_temp.age_told(session.state_change)
                    ELSE session.state || ', its transaction open for ' || pg_temp.age_told(session.xact_start) END,
                CASE WHEN visible THEN ': ' || pg_temp.statement_told(session.query) END,
                process)
        END;
END $function$;

-- Whether an autovacuum of the table is one against wraparound, for those who may not see what it says of itself.
CREATE OR REPLACE FUNCTION pg_temp.is_near_wraparound(vacuumed regclass) RETURNS boolean LANGUAGE plpgsql AS $function$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_class,
            LATERAL (
                SELECT min(option_value::integer) FILTER (WHERE option_name = 'autovacuum_freeze_max_age') AS xids,
                       min(option_value::integer) FILTER (WHERE option_name = 'autovacuum_multixact_freeze_max_age') AS multixacts
                FROM pg_options_to_table(reloptions)) AS of_the_table
        WHERE oid = vacuumed
          AND (age(relfrozenxid) > least(xids, current_setting('autovacuum_freeze_max_age')::integer)
            OR mxid_age(relminmxid) > least(multixacts, current_setting('autovacuum_multixact_freeze_max_age')::integer)));
END $function$;

-- Who but the one that asks has the table, and so stands in the way of a lock of that mode: a few of them, those first who have had it for longest.
-- Whoever came within the last second is about to go again, and not the reason.
CREATE OR REPLACE FUNCTION pg_temp.holders_told(locked regclass, asked text, asking integer DEFAULT pg_backend_pid())
RETURNS text LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM pg_stat_clear_snapshot(); -- Which would else be of the transaction's first look.
    RETURN coalesce(
        (SELECT string_agg(told, '; and ') FROM (
            SELECT coalesce(
                pg_temp.session_told(held.pid, locked),
                format('the prepared transaction %L of the role %I, prepared %s ago; COMMIT PREPARED or ROLLBACK PREPARED ends it',
                    prepared.gid, prepared.owner, pg_temp.age_told(prepared.prepared))) AS told
            FROM pg_locks AS held
            LEFT JOIN pg_stat_activity AS session ON session.pid = held.pid
            LEFT JOIN pg_locks AS its_id ON held.pid IS NULL AND its_id.pid IS NULL
                AND its_id.locktype = 'transactionid' AND its_id.virtualtransaction = held.virtualtransaction
            LEFT JOIN pg_prepared_xacts AS prepared ON prepared.transaction = its_id.transactionid
            WHERE held.locktype = 'relation'
              AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND held.relation = locked
              AND held.granted
              AND held.pid IS DISTINCT FROM asking
              AND (asked = 'ACCESS EXCLUSIVE' OR held.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock'))
              AND (session.xact_start IS NULL OR session.xact_start < clock_timestamp() - interval '1 second')
            GROUP BY told
            ORDER BY min(coalesce(session.xact_start, prepared.prepared))
            LIMIT 5) AS longest),
        'transactions that come and go');
END $function$;

-- Ends the migration, and says who stood in its way.
CREATE OR REPLACE FUNCTION pg_temp.give_up(changed regclass, asked text) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
    RAISE lock_not_available USING MESSAGE = format(
        'the table %s cannot be changed while it is held by %s. Webhooks went on; the next start tries again',
        changed, pg_temp.holders_told(changed, asked));
END $function$;

-- For the rest of the transaction no vacuum of the table begins, and none goes on. Holds up neither webhooks nor readers.
CREATE OR REPLACE FUNCTION pg_temp.keep_vacuum_away(changed regclass, until timestamptz) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    lock_timeout_was text := current_setting('lock_timeout');
    -- Longer than it takes until an autovacuum is told to step aside.
    try interval := current_setting('deadlock_timeout')::interval + interval '2 seconds';
BEGIN
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', (extract(epoch FROM try) * 1000)::integer || 'ms', true);
            EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', changed);
            PERFORM set_config('lock_timeout', lock_timeout_was, true);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() >= until THEN
                PERFORM pg_temp.give_up(changed, 'SHARE UPDATE EXCLUSIVE');
            END IF;
        END;
    END LOOP;
END $function$;

-- Changes a table of a ledger that is at work, as soon as nobody else has it; gives up when nobody let go of it for so long.
CREATE OR REPLACE FUNCTION pg_temp.change_table(changed regclass, change text, patience interval DEFAULT '2 minutes')
RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    lock_timeout_was text := current_setting('lock_timeout');
    until timestamptz := clock_timestamp() + patience;
BEGIN
    PERFORM pg_temp.keep_vacuum_away(changed, until);
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '50ms', true);
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', changed);
            EXECUTE change;
            PERFORM set_config('lock_timeout', lock_timeout_was, true);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() >= until THEN
                PERFORM pg_temp.give_up(changed, 'ACCESS EXCLUSIVE');
            END IF;
            PERFORM pg_sleep(0.5);
        END;
    END LOOP;
END $function$;
