-- The request that brought a transaction, as W3C Trace Context writes it, where requests are traced: finishing the
-- transaction is then part of the same trace.
-- NOT VALID, because the rows of today have none, and reading them all to see that would hold up webhooks.
--
-- The lock that this takes is short, but waiting for it behind somebody's long transaction would hold up every webhook behind
-- it: so it is asked for again and again, each time for less than the 100 ms that the intake waits, and after two minutes given up.
DO $$
BEGIN
    SET LOCAL lock_timeout = '50ms';
    FOR attempt IN 1..220 LOOP
        BEGIN
            ALTER TABLE transactions
                ADD COLUMN traceparent text COLLATE "C",
                ADD CONSTRAINT traceparent_has_55_characters CHECK (char_length(traceparent) = 55) NOT VALID;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.5);
        END;
    END LOOP;
    RAISE lock_not_available USING MESSAGE =
        'the table transactions was in use for two minutes: look for a transaction that has been open for long, and start again';
END $$;
