#!/usr/bin/env bash
# pgjdbc 42.7.13, autocommit: "INSERT …; INSERT …" as one PreparedStatement is one transaction, as PostgreSQL has it for statements that are sent together, and if
# the second fails nothing of the first stays. That ends with the sixth execution, if the first returns a text and has a parameter whose type
# is left to the server (a timestamp): by then the driver knows that the answer's length has no bound, so it sends a Sync between the two, which commits the
# first, lest both sides come to wait for each other. With an integer for the text they stay one transaction. So what a test sees once is not
# what a service does later; who needs both or none says BEGIN. https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
# Seen: rows of a first insert whose second failed, of every second execution, which are those that fail: text 0 0 1 1 1 1, integer 0 0 0 0 0 0.
# Needs a JDK 17, Linux on amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ -n "${PGPORT:-}" ]] || exec "$here/with-postgresql" 18.4.0 "$(realpath "$0")"
"$here/../mvnw" -B -q -ntp org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy -Dartifact=org.postgresql:postgresql:42.7.13 -DoutputDirectory="$PWD" >/dev/null
cat > Together.java <<'JAVA'
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;

class Together {
    public static void main(String[] arguments) throws Exception {
        for (String type : new String[] {"text", "integer"}) {
            var left = new StringBuilder("rows of a first insert whose second failed, which returned " + type + ":");
            try (Connection connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres", "postgres", "");
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TEMPORARY TABLE first (at timestamptz, note " + type + "); CREATE TEMPORARY TABLE second (id integer PRIMARY KEY)");
                try (PreparedStatement both =
                        connection.prepareStatement("INSERT INTO first VALUES (?, '1') RETURNING note; INSERT INTO second VALUES (1)")) {
                    for (int execution = 0; execution < 12; execution++) {
                        statement.execute("TRUNCATE first, second");
                        boolean fails = execution % 2 == 1;
                        if (fails) {
                            statement.execute("INSERT INTO second VALUES (1)");
                        }
                        both.setTimestamp(1, new Timestamp(0));
                        try {
                            both.execute();
                            both.getMoreResults();
                        } catch (SQLException duplicate) {
                            var count = statement.executeQuery("SELECT count(*) FROM first");
                            count.next();
                            left.append(' ').append(count.getInt(1));
                        }
                    }
                }
            }
            System.out.println(left);
        }
    }
}
JAVA
seen=$(java -cp postgresql-42.7.13.jar Together.java)
echo "$seen"
[[ "$seen" == 'rows of a first insert whose second failed, which returned text: 0 0 1 1 1 1
rows of a first insert whose second failed, which returned integer: 0 0 0 0 0 0' ]] || { echo 'changed'; exit 1; }
