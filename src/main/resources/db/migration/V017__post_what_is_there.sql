-- Posts what the ledger has, beside replicas that take webhooks, half a million at a time, each in a transaction of its own, which is why
-- the whole migration has none. It may run again from its start. Then the indexes go that lists were read by before.
--
-- A replica of an earlier version that still runs reads its lists by account, sender, type and subject by time instead: slowly, for as long
-- as it is there.
DO $$
DECLARE
    ledger_end timestamptz := (SELECT max(until) FROM stretches);
    begins     timestamptz := '-infinity';
    ends       timestamptz;
BEGIN
    DELETE FROM postings;
    DELETE FROM stretches WHERE until < ledger_end;
    COMMIT;
    LOOP
        SELECT until INTO ends FROM next_stretch(begins, ledger_end, 500000) WHERE transactions = 500000;
        EXIT WHEN ends IS NULL OR ends >= ledger_end;
        PERFORM post_stretch(begins, ends);
        UPDATE stretches SET merged = true WHERE until = ends;
        COMMIT;
        begins := ends;
    END LOOP;
    DELETE FROM stretches WHERE until = ledger_end;
    PERFORM post_stretch(begins, ledger_end);
    COMMIT;
END $$;

ANALYZE stretches, postings;

DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_by_source;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_by_destination;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_source;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_type;
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_of_subject;

-- A posting tells the time and the hash, and by both its row is found, however many came at that time. The index that this one takes the
-- place of goes last, so that there is one by time whenever this is broken off.
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished_by_time;
CREATE INDEX CONCURRENTLY transactions_finished_by_time ON transactions (created_at, (hashtext(transaction_id)))
    WHERE status = 'PROCESSED';
DROP INDEX CONCURRENTLY IF EXISTS transactions_finished;
