#!/usr/bin/env bash
# PostgreSQL 18.4: how many rows a table has, the planner reckons from how many VACUUM found on a page, times the pages that there are now. A
# queue that was nearly empty then, but for a row on its last page, which keeps the file as long as it is, stays empty to the planner however many
# rows come into the free pages: no page is added. So a join begins with all of it, until the next VACUUM or ANALYZE. A new table, and one whose
# file was cut short, is taken for full pages instead.
# https://www.postgresql.org/docs/18/row-estimation-examples.html, https://www.postgresql.org/docs/18/catalog-pg-class.html (reltuples)
# Seen: 20,000 rows are taken for 1, and to delete 200 of another table whose ids it has reads all 20,000 (748 ms); after ANALYZE 200 (0.6 ms).
# Fails if it is taken for more, or fewer are read. Needs psql, Linux on amd64.
set -euo pipefail
[[ -n "${PGPORT:-}" ]] || exec "$(dirname "$0")/with-postgresql" 18.4.0 "$(realpath "$0")"

psql -q <<'SQL'
CREATE TABLE queue (id text PRIMARY KEY, filler text NOT NULL) WITH (autovacuum_enabled = off);
CREATE TABLE memory (id text PRIMARY KEY) WITH (autovacuum_enabled = off);
INSERT INTO queue SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS i;
DELETE FROM queue WHERE id <> '20000';
VACUUM queue;
INSERT INTO queue SELECT i, repeat('x', 100) FROM generate_series(1, 19999) AS i;
INSERT INTO memory SELECT i FROM generate_series(1, 20000) AS i;
ANALYZE memory;
SQL
forget() {
    psql -qAt -c "EXPLAIN (ANALYZE, BUFFERS off, TIMING off)
        DELETE FROM memory
        WHERE id = ANY (ARRAY (SELECT i::text FROM generate_series($1, $2) AS i))
          AND EXISTS (SELECT FROM queue WHERE queue.id = memory.id)"
}
before=$(forget 1 200)
psql -q -c 'ANALYZE queue'
after=$(forget 201 400)
printf 'as VACUUM left it:\n%s\nafter ANALYZE:\n%s\n' "$before" "$after"
grep -q 'on queue .*rows=1 .*actual rows=20000' <<<"$before" || { echo 'changed: it is not taken for one row, or not all of it is read'; exit 1; }
grep -q 'on queue .*actual rows=1\.00 loops=200' <<<"$after" || { echo 'changed: after ANALYZE it is not looked up by key'; exit 1; }
