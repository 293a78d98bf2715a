package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.Sql;
import io.quarkus.runtime.QuarkusApplication;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * {@code what-would-go [AGE]}: says what would be deleted now, by the settings, or if {@code tallyhook.ledger.keep} were {@code AGE}. It
 * changes nothing.
 */
public final class WhatWouldGo implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "what-would-go";

    private static final String USAGE = NAME + " [AGE], where AGE is an ISO 8601 duration, such as P7Y or P90D";

    /** No reader waits for it, and it counts all of a ledger. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    private static final String TRANSACTIONS = """
            SELECT count(*), min(created_at)::text, max(created_at)::text,
                   count(*) FILTER (WHERE owed.id IS NOT NULL)
            FROM transactions
            LEFT JOIN (SELECT DISTINCT unnest(ids) AS id FROM deliveries WHERE event IN ('p', 'a')) AS owed ON owed.id = transaction_id
            WHERE due_at < now() - ?::interval
              AND status = 'PROCESSED'
              AND processed_at < now() - ?::interval
              AND created_at < now() - ?::interval
            """;

    private static final String REQUESTS =
            "SELECT count(*) FROM requests WHERE id < greatest(0, extract(epoch FROM now() - ?::interval) * 1000)::bigint << 20";

    private static final String CONFLICTS =
            "SELECT count(*) FROM conflicts WHERE last_received_at < now() - ?::interval";

    private static final String DEAD_LETTERS =
            "SELECT count(*) FROM dead_letters WHERE last_failed_at < now() - ?::interval";

    private static final String IDS = "SELECT count(*) FROM gone WHERE gone_at < now() - ?::interval";

    private final DataSource dataSource;
    private final KeepingConfig config;

    WhatWouldGo(DataSource dataSource, KeepingConfig config) {
        this.dataSource = dataSource;
        this.config = config;
    }

    @Override
    public int run(String... arguments) {
        Optional<String> asked = arguments.length > 1 ? Optional.of(arguments[1]) : Optional.empty();
        if (arguments.length > 2 || asked.flatMap(KeepingRules::isNone).orElse(asked.isPresent())) {
            return Commands.usage(USAGE);
        }
        try (Connection connection = dataSource.getConnection()) {
            Optional<String> keep = asked.or(config::keep);
            return Patiently.commit(connection, PATIENCE, patient -> {
                if (keep.isPresent()) {
                    tellTransactions(patient, keep.get());
                } else {
                    System.out.println("transactions: none, they are kept for ever (tallyhook.ledger.keep is not set)");
                }
                tell(patient, "requests", REQUESTS, config.keepRequests().or(() -> keep), "came");
                tell(patient, "conflicts", CONFLICTS, config.keepConflicts(), "came last");
                tell(patient, "dead letters", DEAD_LETTERS, config.keepDeadLetters(), "were given up");
                tell(patient, "ids that are remembered", IDS, Optional.of(config.rememberIds()), "went");
                return Commands.DONE;
            });
        } catch (SQLException failure) {
            return Commands.failed(failure);
        }
    }

    private void tellTransactions(Connection connection, String age) throws SQLException {
        List<String> said = new Sql()
                .add(TRANSACTIONS, age, age, age)
                .query(
                        connection,
                        row -> row.getLong(1) == 0
                                ? "none was finished " + age + " ago or more"
                                : "%d that were finished %s ago or more, created from %s to %s; %d of them stay until endpoints are told; %s"
                                        .formatted(
                                                row.getLong(1),
                                                age,
                                                row.getString(2),
                                                row.getString(3),
                                                row.getLong(4),
                                                config.archiveTo()
                                                        .map(to -> "they are written to " + to + " before")
                                                        .orElse("they are not archived")));
        System.out.println("transactions: " + said.get(0));
    }

    private static void tell(Connection connection, String what, String count, Optional<String> age, String since)
            throws SQLException {
        if (age.isEmpty()) {
            System.out.println(what + ": none, they are kept for ever");
            return;
        }
        long number = new Sql()
                .add(count, age.get())
                .query(connection, row -> row.getLong(1))
                .get(0);
        System.out.printf("%s: %d that %s %s ago or more%n", what, number, since, age.get());
    }
}
