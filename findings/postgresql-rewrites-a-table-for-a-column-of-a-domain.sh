#!/usr/bin/env bash
# PostgreSQL 18.4: ADD COLUMN without a default changes the catalog alone, unless the column's type is a domain with a constraint: then the whole
# table is written anew under ACCESS EXCLUSIVE, though every row has NULL there, which the constraint lets through. For a large ledger
# that is minutes in which nobody reads or writes, for a line that looks as cheap as its neighbour. A CHECK that casts the column to the domain,
# NOT VALID, has the same rule for what is written from then on, and rewrites nothing.
# ATExecAddColumn in src/backend/commands/tablecmds.c
# Seen: the table's file stays with text, and with the cast; it is another one with the domain.
# Needs psql, Linux on amd64.
set -euo pipefail
[[ -n "${PGPORT:-}" ]] || exec "$(dirname "$0")/with-postgresql" 18.4.0 "$(realpath "$0")"

file() { psql -qAt -c "SELECT pg_relation_filenode('ledger')"; }
expect() { # what, by which statement, and whether the file stays
    local before after
    before=$(file)
    psql -q -c "$2"
    after=$(file)
    local seen=stays
    [[ "$before" == "$after" ]] || seen='is written anew'
    echo "$1: the file $seen"
    [[ "$seen" == "$3" ]] || { echo "changed: expected that it $3"; exit 1; }
}
psql -q -c 'CREATE TABLE ledger (id bigint); INSERT INTO ledger SELECT generate_series(1, 1000)' \
    -c "CREATE DOMAIN currency AS text CHECK (VALUE ~ '^[A-Z]{3}\$')"
expect 'a column of text' 'ALTER TABLE ledger ADD COLUMN plain text' stays
expect 'a CHECK that casts it to the domain' 'ALTER TABLE ledger ADD CHECK ((plain::currency IS NULL) IS NOT NULL) NOT VALID' stays
expect 'a column of the domain' 'ALTER TABLE ledger ADD COLUMN strict currency' 'is written anew'
