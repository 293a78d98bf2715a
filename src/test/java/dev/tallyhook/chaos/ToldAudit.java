package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;

/**
 * Holds what receivers were told against the ledger, beside {@link Audit}, whose trigger says when each row was finished: at least
 * once, never before, and nothing that is not so.
 */
final class ToldAudit {

    private static final String INSTALL = """
            CREATE TABLE audit.endpoints (number int, endpoint_id text COLLATE "C", manner text);
            CREATE TABLE audit.receptions (key text COLLATE "C", first bigint, counts int[]);
            CREATE TABLE audit.complaints (fault text, endpoint_id text, at bigint, webhook_id text);
            """;

    /** By the clock of the machine, which the receivers have: what PostgreSQL's was ahead is taken away. */
    private static final String PREPARE = """
            CREATE UNLOGGED TABLE audit.told AS
            SELECT transaction_id, coalesce(status = 'PROCESSED', false) AS finished, finished_at, audit.at(first) AS first, counts
            FROM (
                SELECT transaction_id, status,
                       left(encode(sha256(convert_to('transaction.processed' || E'\\n' || transaction_id, 'UTF8')), 'hex'), %d) AS key
                FROM transactions) AS stored
            LEFT JOIN (
                SELECT transaction_id, min(finished_at - ahead) AS finished_at
                FROM audit.finishes GROUP BY transaction_id) AS finishes USING (transaction_id)
            FULL JOIN audit.receptions USING (key);
            CREATE UNLOGGED TABLE audit.owed AS
            SELECT endpoint_id, unnest(ids) AS transaction_id, false AS given_up FROM deliveries WHERE event = 'p'
            UNION ALL
            SELECT endpoint_id, id, true FROM dead_letters WHERE event = 'p';
            CREATE INDEX ON audit.owed (endpoint_id, transaction_id);
            ANALYZE audit.told, audit.owed, audit.endpoints
            """.formatted(Receptions.KEY_DIGITS);

    private static final String COMPLAINTS = "SELECT count(*) FROM audit.complaints WHERE fault = '%s'";

    /** After PostgreSQL's clock was set right, what was under way may still be so old: the timeout, the lease and the rest. */
    private static final String STALE_AFTER = "interval '20 seconds'";

    /** What must be counted as 0. */
    static final List<Check> ALL = List.of(
            new Check("not told: finished, and a healthy endpoint never heard of it", """
                    SELECT count(*) FROM audit.told, audit.endpoints
                    WHERE manner = 'HEALTHY' AND finished AND coalesce(counts[number], 0) = 0"""),
            new Check(
                    "forgotten: finished, not taken by an endpoint that fails, and neither in its queue nor a dead letter",
                    """
                    SELECT count(*) FROM audit.told, audit.endpoints
                    WHERE manner <> 'HEALTHY' AND finished AND coalesce(counts[number], 0) = 0
                      AND NOT EXISTS (
                          SELECT FROM audit.owed
                          WHERE owed.endpoint_id = endpoints.endpoint_id AND owed.transaction_id = told.transaction_id)"""),
            new Check("told before its row was finished", """
                    SELECT count(*) FROM audit.told WHERE first < finished_at"""),
            new Check("told, and not in the ledger or not finished there", """
                    SELECT count(*) FROM audit.told WHERE first IS NOT NULL AND NOT finished"""),
            new Check("in the queue of a healthy endpoint at the end", """
                    SELECT count(*) FROM audit.owed JOIN audit.endpoints USING (endpoint_id)
                    WHERE manner = 'HEALTHY' AND NOT given_up"""),
            new Check("given up at a healthy endpoint", """
                    SELECT count(*) FROM audit.owed JOIN audit.endpoints USING (endpoint_id)
                    WHERE manner = 'HEALTHY' AND given_up"""),
            new Check("told with a wrong signature", COMPLAINTS.formatted(Receptions.Fault.SIGNATURE)),
            new Check("told what its webhook-id does not mean", COMPLAINTS.formatted(Receptions.Fault.CONTENT)),
            new Check("told again with another body", COMPLAINTS.formatted(Receptions.Fault.BODY)),
            new Check("told with a timestamp that receivers refuse, though PostgreSQL's clock was right", """
                    %s AND NOT EXISTS (
                        SELECT FROM audit.clocks
                        WHERE ahead <> interval '0' AND audit.at(at) BETWEEN since AND until + %s)""".formatted(
                            COMPLAINTS.formatted(Receptions.Fault.TIMESTAMP), STALE_AFTER)));

    private static final String PER_ENDPOINT = """
            SELECT endpoint_id, lower(manner),
                   (SELECT count(*) FROM audit.told WHERE counts[number] > 0),
                   (SELECT coalesce(sum(counts[number] - 1), 0) FROM audit.told WHERE counts[number] > 1),
                   (SELECT count(*) FROM audit.owed WHERE owed.endpoint_id = endpoints.endpoint_id AND NOT given_up),
                   (SELECT count(*) FROM audit.owed WHERE owed.endpoint_id = endpoints.endpoint_id AND given_up)
            FROM audit.endpoints ORDER BY number
            """;

    private final DatabaseServer database;

    /** Of the ledger in a database in which {@link Audit} is installed. */
    ToldAudit(DatabaseServer database) {
        this.database = database;
    }

    /** Messages in the queues of those who take everything. */
    long waiting(List<Receivers.Endpoint> endpoints) throws SQLException {
        String healthy = endpoints.stream()
                .filter(endpoint -> endpoint.manner() == Receivers.Manner.HEALTHY)
                .map(endpoint -> "'" + endpoint.name() + "'")
                .collect(Collectors.joining(","));
        return database.number(
                "SELECT coalesce(sum(cardinality(ids)), 0) FROM deliveries WHERE endpoint_id IN (" + healthy + ")");
    }

    /** Takes in what came, by way of files in a directory. */
    void load(List<Receivers.Endpoint> endpoints, Receptions receptions, Path directory)
            throws SQLException, IOException {
        Path came = directory.resolve("receptions.tsv");
        Path wrong = directory.resolve("complaints.tsv");
        receptions.write(came);
        receptions.writeComplaints(wrong);
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute(INSTALL);
            try (var insert = connection.prepareStatement("INSERT INTO audit.endpoints VALUES (?, ?, ?)")) {
                for (Receivers.Endpoint endpoint : endpoints) {
                    insert.setInt(1, endpoint.number());
                    insert.setString(2, endpoint.name());
                    insert.setString(3, endpoint.manner().name());
                    insert.executeUpdate();
                }
            }
            copy(connection, "audit.receptions", came);
            copy(connection, "audit.complaints", wrong);
            statement.execute(PREPARE);
        }
    }

    private static void copy(Connection connection, String table, Path file) throws SQLException, IOException {
        try (var lines = Files.newInputStream(file)) {
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY " + table + " FROM STDIN", lines);
        }
    }

    /** Every check, in order. */
    List<Audit.Finding> findings() throws SQLException {
        List<Audit.Finding> findings = new ArrayList<>();
        for (Check check : ALL) {
            findings.add(new Audit.Finding(check.name(), database.number(check.sql())));
        }
        return findings;
    }

    /** What each of them was told. */
    List<Verdict.PerEndpoint> perEndpoint() throws SQLException {
        List<Verdict.PerEndpoint> all = new ArrayList<>();
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(PER_ENDPOINT)) {
            while (row.next()) {
                all.add(new Verdict.PerEndpoint(
                        row.getString(1),
                        row.getString(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6)));
            }
        }
        return all;
    }
}
