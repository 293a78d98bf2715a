#!/usr/bin/env bash
# PostgreSQL 18.4: a queue's usual claim, SELECT … FOR UPDATE SKIP LOCKED and an update of what it has found in one statement, writes two WAL
# records for each row, of the lock and of the update, although both are of the same transaction. Where the update is in place (HOT), the lock is two
# fifths of what the claim of a narrow row writes.
# https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-ROWS ("locking a row … will result in disk writes"), .../pgwalinspect.html
# Seen: 10,000 rows updated in place write as many records of 73 bytes, and none of locks; claimed first, 10,000 of locks beside them, of 54 bytes.
# Fails if the locks are not logged, or by less than a record for each row. Needs psql, Linux on amd64.
set -euo pipefail
[[ -n "${PGPORT:-}" ]] || exec "$(dirname "$0")/with-postgresql" 18.4.0 "$(realpath "$0")"

psql -q <<'SQL'
CREATE EXTENSION pg_walinspect;
CREATE TABLE jobs (id int PRIMARY KEY, state text NOT NULL) WITH (fillfactor = 45, autovacuum_enabled = off);
SQL
records() { # after the statement: how many, of which kind, how long
    psql -qAt -F ' ' -c 'TRUNCATE jobs' -c "INSERT INTO jobs SELECT i, 'WAITING' FROM generate_series(1, 10000) AS i" -c 'CHECKPOINT'
    local from
    from=$(psql -qAt -c 'SELECT pg_current_wal_insert_lsn()')
    psql -q -c "$1"
    psql -qAt -F ' ' -c "SELECT record_type, count(*), round(avg(record_length)) FROM pg_get_wal_records_info('$from', pg_current_wal_flush_lsn())
        WHERE resource_manager IN ('Heap', 'Heap2') AND record_type ~ 'LOCK|UPDATE' AND fpi_length = 0 GROUP BY 1 ORDER BY 1"
}
updated=$(records "UPDATE jobs SET state = 'DONE' WHERE ctid = ANY (ARRAY (SELECT ctid FROM jobs))")
claimed=$(records "WITH due AS MATERIALIZED (SELECT ctid FROM jobs ORDER BY id LIMIT 10000 FOR UPDATE SKIP LOCKED)
    UPDATE jobs SET state = 'DONE' WHERE ctid = ANY (ARRAY (SELECT ctid FROM due))")
printf 'updated:\n%s\nclaimed and updated:\n%s\n' "$updated" "$claimed"
! grep -q LOCK <<<"$updated" || { echo 'changed: an update alone logs locks'; exit 1; }
locks=$(awk '$1 ~ /LOCK/ {n += $2} END {print n + 0}' <<<"$claimed")
[[ $locks -ge 9000 ]] || { echo "changed: $locks locks are logged for 10,000 rows"; exit 1; }
