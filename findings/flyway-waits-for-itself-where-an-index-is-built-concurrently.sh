#!/usr/bin/env bash
# Flyway 12.0.0 with PostgreSQL 18.4: a migration that builds an index concurrently, outside of a transaction as it must, waits for Flyway itself, and would
# for ever. By default Flyway holds its lock in a transaction of another session, and such an index waits for each transaction that was open before it.
# With flyway.postgresql.transactional.lock=false the lock is the session's, and the migration ends.
# https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
# Seen: after 8 s one session waits for a virtual transaction, the other is idle in a transaction; and 2 migrations where the setting is false.
# Needs a JDK 17, Linux on amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ -n "${PGPORT:-}" ]] || exec "$here/with-postgresql" 18.4.0 "$(realpath "$0")"
"$here/copy-jars" "$PWD" org.flywaydb:flyway-database-postgresql:12.0.0 org.postgresql:postgresql:42.7.13 org.slf4j:slf4j-nop:2.0.17
mkdir sql
echo 'CREATE TABLE one (id integer);' > sql/V1__one.sql
echo 'CREATE INDEX CONCURRENTLY one_by_id ON one (id);' > sql/V2__index.sql
echo 'executeInTransaction=false' > sql/V2__index.sql.conf
cat > Seen.java <<'JAVA'
import java.sql.DriverManager;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.flywaydb.core.Flyway;

class Seen {
    static final String URL = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres";

    public static void main(String[] arguments) throws Exception {
        for (String lock : new String[] {"as it is", "false"}) {
            try (var connection = DriverManager.getConnection(URL, "postgres", ""); var statement = connection.createStatement()) {
                statement.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
                var flyway = Flyway.configure().dataSource(URL + "?ApplicationName=flyway", "postgres", "").locations("filesystem:sql")
                        .configuration(lock.equals("false") ? Map.of("flyway.postgresql.transactional.lock", "false") : Map.of()).load();
                var migration = CompletableFuture.supplyAsync(() -> flyway.migrate().migrationsExecuted);
                String seen;
                try {
                    seen = migration.get(8, TimeUnit.SECONDS) + " migrations";
                } catch (TimeoutException late) {
                    try (var row = statement.executeQuery("SELECT string_agg(state || ' ' || coalesce(wait_event, '') || ': ' || left(query, 30), E'\\n  ' ORDER BY query) FROM pg_stat_activity WHERE application_name = 'flyway'")) {
                        row.next();
                        seen = "not over after 8 s\n  " + row.getString(1);
                    }
                    statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flyway'");
                    migration.exceptionally(ended -> 0).get(30, TimeUnit.SECONDS);
                }
                System.out.println("transactional lock " + lock + ": " + seen);
            }
        }
    }
}
JAVA
seen=$(java -cp 'lib/*' Seen.java 2>/dev/null)
echo "$seen"
grep -q '^  active virtualxid: CREATE INDEX CONCURRENTLY' <<<"$seen" && grep -q '^  idle in transaction ' <<<"$seen" && grep -q 'lock false: 2 migrations' <<<"$seen" || { echo 'changed'; exit 1; }
