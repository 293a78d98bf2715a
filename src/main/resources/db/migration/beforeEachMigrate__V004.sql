-- V004 was written before pg_temp.change_table, asks for the table in the same way, and never gets past an autovacuum by itself.
DO $$
BEGIN
    IF (SELECT max(version) FROM "${flyway:table}" WHERE success) = '003' THEN
        PERFORM pg_temp.keep_vacuum_away('transactions', clock_timestamp() + interval '2 minutes');
    END IF;
END $$;
