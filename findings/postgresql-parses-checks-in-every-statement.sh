#!/usr/bin/env bash
# PostgreSQL 18.4: a CHECK of a table is read from the catalog's text and planned anew by every statement that writes to the table, a prepared
# one too, however few rows it has; that of a domain is, once in a session. So for inserts of one row, as queues and ledgers make them, a dozen
# ordinary CHECKs cost the server many times what all else in the insert does, and the same rules by a cast to domains a fraction of that.
# ExecRelCheck in src/backend/executor/execMain.c; https://www.postgresql.org/docs/18/domains.html
# Seen: processor time of the server for an insert of one row, beside the same without rules: 15.6 with CHECKs, 3.6 with domains.
# Fails unless CHECKs take at least twice what domains do. Needs psql, Linux on amd64.
set -euo pipefail
[[ -n "${PGPORT:-}" ]] || exec "$(dirname "$0")/with-postgresql" 18.4.0 "$(realpath "$0")"

columns=12
list() { # a text for each column, with its number for %d
    for ((i = 1; i <= columns; i++)); do printf "$1" "$i"; ((i == columns)) || printf ', '; done
}
rule="char_length(VALUE) BETWEEN 1 AND 255 AND VALUE !~ '[[:cntrl:]]' AND VALUE NOT IN ('.', '..')"
psql -q <<SQL
CREATE TABLE bare ($(list 'c%d text'));
CREATE TABLE checks ($(list 'c%d text'));
CREATE TABLE domains ($(list 'c%d text'));
CREATE DOMAIN name AS text CHECK ($rule);
$(for ((i = 1; i <= columns; i++)); do echo "ALTER TABLE checks ADD CHECK (${rule//VALUE/c$i});"; done)
ALTER TABLE domains ADD CHECK (num_nulls($(list 'c%d::name')) >= 0);
SQL

ticks() { # processor time of a session that inserts 20,000 rows into a table, one by one, by a prepared statement
    psql -qAt <<SQL
SELECT pg_backend_pid() AS pid \gset
\setenv pid :pid
DO \$\$ BEGIN FOR i IN 1..20000 LOOP INSERT INTO $1 VALUES ($(list "'abcdefghijklmnop%d'")); END LOOP; END \$\$;
\! awk '{ print \$14 + \$15 }' /proc/\$pid/stat
SQL
}
for table in bare checks domains; do ticks "$table" >/dev/null; done
bare=$(ticks bare) checks=$(ticks checks) domains=$(ticks domains)
awk -v bare="$bare" -v checks="$checks" -v domains="$domains" 'BEGIN {
    printf "an insert of one row, beside one without rules: %.1f with CHECKs, %.1f with domains\n", checks / bare, domains / bare
    exit !(checks >= 2 * domains)
}' || { echo 'changed: CHECKs cost less than twice what domains do'; exit 1; }
