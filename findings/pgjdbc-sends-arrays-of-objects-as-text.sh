#!/usr/bin/env bash
# pgjdbc 42.7.13: createArrayOf("text", …) makes an array that is sent in binary if it is given a String[], and one that is written out, quoted and
# escaped element by element, and parsed again by the server, if it is given the very same strings in an Object[], which is what
# List.toArray() and Stream.toArray() return. So for group inserts by unnest the declared type of a Java array decides how both sides work.
# The same with int4 and Integer[]. https://jdbc.postgresql.org/documentation/server-prepare/ does not tell; PgArray.isBinary() does.
# Seen: String[] binary, Object[] with the same elements text; Integer[] binary, Object[] text.
# Needs a JDK 17, Linux on amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ -n "${PGPORT:-}" ]] || exec "$here/with-postgresql" 18.4.0 "$(realpath "$0")"
"$here/../mvnw" -B -q -ntp org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy -Dartifact=org.postgresql:postgresql:42.7.13 -DoutputDirectory="$PWD" >/dev/null
cat > Sent.java <<'JAVA'
import java.sql.DriverManager;
import java.util.List;
import org.postgresql.jdbc.PgArray;

class Sent {
    public static void main(String[] arguments) throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres", "postgres", "")) {
            for (Object[] array : List.of(new String[] {"a", "b"}, List.of("a", "b").toArray(), new Integer[] {1, 2}, List.of(1, 2).toArray())) {
                String type = array[0] instanceof String ? "text" : "int4";
                boolean binary = ((PgArray) connection.createArrayOf(type, array)).isBinary();
                System.out.println(type + " of " + array.getClass().getSimpleName() + ": " + (binary ? "binary" : "text"));
            }
        }
    }
}
JAVA
seen=$(java -cp postgresql-42.7.13.jar Sent.java)
echo "$seen"
[[ "$seen" == 'text of String[]: binary
text of Object[]: text
int4 of Integer[]: binary
int4 of Object[]: text' ]] || { echo 'changed'; exit 1; }
