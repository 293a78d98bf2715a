#!/usr/bin/env bash
# PostgreSQL 18.4: where a table was analyzed before rows of some status came, the planner believes that there are none of it, and a partial index
# over them looks empty and so free: rows that are asked for by their primary key, of that status and of a time, are found through all of the
# partial index instead. So a ledger that fills fast reads everything for one row, until autovacuum has analyzed it anew.
# https://www.postgresql.org/docs/18/planner-stats.html, https://www.postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-STATISTICS
# Seen: of 40,000 finished rows all are read for three ids, and 3 once the rest is asked of what the ids have found (AS MATERIALIZED).
# Fails if the primary key is used at once. Needs psql, Linux on amd64.
set -euo pipefail
[[ -n "${PGPORT:-}" ]] || exec "$(dirname "$0")/with-postgresql" 18.4.0 "$(realpath "$0")"

psql -q <<'SQL'
CREATE TABLE payments (id text PRIMARY KEY, status text NOT NULL, came_at timestamptz NOT NULL) WITH (autovacuum_enabled = off);
CREATE INDEX finished ON payments (came_at) WHERE status = 'FINISHED';
INSERT INTO payments SELECT i, 'OPEN', now() FROM generate_series(1, 100) AS i;
ANALYZE payments;
INSERT INTO payments SELECT i, 'FINISHED', now() FROM generate_series(101, 40100) AS i;
SQL
ids="id = ANY ('{101,202,303}'::text[])"
rest="status = 'FINISHED' AND came_at < now() + interval '1 hour'"
plan() { psql -qAt -c "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $1"; }
direct=$(plan "SELECT * FROM payments WHERE $ids AND $rest")
apart=$(plan "WITH found AS MATERIALIZED (SELECT * FROM payments WHERE $ids) SELECT * FROM found WHERE $rest")
printf 'asked at once:\n%s\nby key first:\n%s\n' "$direct" "$apart"
grep -q 'payments_pkey' <<<"$apart" || { echo 'changed: the key is not used by itself either'; exit 1; }
grep -q 'using finished\|on finished' <<<"$direct" && ! grep -q payments_pkey <<<"$direct" ||
    { echo 'changed: the primary key is used at once'; exit 1; }
