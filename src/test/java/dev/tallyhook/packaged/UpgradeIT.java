package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A ledger that an earlier version made is brought to the newest schema while that version is still at work on it. */
class UpgradeIT {

    private static final int FINISHED = 100_000;
    private static final int WAITING = 5_000;
    private static final int OVERDUE = 1_000;

    /** What a session asks for while it migrates, as Flyway makes it of the name of its table. */
    private static final long LOCK = 77431708279161L + "\"public\".\"flyway_schema_history\"".hashCode();

    static final String FILL = """
            INSERT INTO transactions (
                transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at, processed_at)
            SELECT 'old_' || i, 'from_' || i %% 100, 'to_' || i %% 1000, i + 0.25, 'INR',
                   CASE WHEN i <= %1$d THEN 'PROCESSED' ELSE 'PROCESSING' END,
                   now() - interval '1 hour',
                   CASE WHEN i <= %2$d THEN now() - interval '59 minutes' ELSE now() + interval '1 hour' END,
                   CASE WHEN i <= %1$d THEN now() - interval '59 minutes' END
            FROM generate_series(1, %3$d) AS i
            """.formatted(FINISHED, FINISHED + OVERDUE, FINISHED + OVERDUE + WAITING);

    private static final String CONTENT = """
            SELECT hashtextextended(
                string_agg(concat_ws('|', transaction_id, source_account, destination_account, amount, currency, created_at, due_at),
                           '' ORDER BY transaction_id), 0)
            FROM transactions WHERE transaction_id LIKE 'old\\_%'
            """;

    static final String INVALID_INDEXES = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";

    private DatabaseServer database;

    @BeforeEach
    void start() throws Exception {
        database = new DatabaseServer();
    }

    @AfterEach
    void stop() throws Exception {
        database.close();
    }

    @Test
    void from_the_first_schema_two_replicas_at_once_bring_every_row_to_the_newest() throws Exception {
        database.migrateTo("001");
        database.execute(FILL);
        long before = database.number(CONTENT);
        try (var earlier = new EarlierVersion(database);
                var one = Service.launch(database.environment());
                var two = Service.launch(database.environment())) {
            one.awaitHealthy();
            two.awaitHealthy();
            assertEquals(SchemaVersions.newest(), SchemaVersions.of(database));
            assertEquals(
                    SchemaVersions.all().count(),
                    database.number("SELECT count(*) FROM flyway_schema_history WHERE success"));
            assertEquals(before, database.number(CONTENT), "some row is not what it was");
            assertEquals(
                    database.number("SELECT count(*) FROM transactions WHERE source_account = 'from_7'"),
                    database.number(
                            "SELECT count(*) FROM postings, unnest(keys) AS key WHERE key = posting_key(1, 'from_7')"),
                    "lists by account do not find what there was");
            Eventually.within(
                    Duration.ofSeconds(10),
                    () -> count("old_", "PROCESSED") == FINISHED + OVERDUE,
                    () -> "what was overdue is not finished");
            assertEquals(WAITING, count("old_", "PROCESSING"));
            assertEquals(202, two.post(Webhooks.body("new")).statusCode());
            earlier.assertWasNeverHeldUp();
        }
        assertEquals(0, database.number(INVALID_INDEXES));
    }

    @Test
    void indexes_are_built_beside_a_transaction_that_has_written_and_stays_open() throws Exception {
        database.migrateTo("001");
        database.execute(FILL);
        assertWaitsAlone("CREATE INDEX CONCURRENTLY");
    }

    @Test
    void a_column_is_added_as_soon_as_a_transaction_that_stays_open_has_ended() throws Exception {
        database.migrateTo("003");
        database.execute(FILL);
        assertWaitsAlone("ADD COLUMN");
    }

    /** While somebody's transaction is open the migration waits for it, and nobody waits for the migration. */
    private void assertWaitsAlone(String what) throws Exception {
        try (var other = database.connect();
                var earlier = new EarlierVersion(database)) {
            other.setAutoCommit(false);
            EarlierVersion.insert(other, "other");
            try (var service = Service.launch(database.environment())) {
                Eventually.within(
                        Duration.ofSeconds(30),
                        () -> database.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%" + what
                                        + "%' AND pid <> pg_backend_pid() AND state = 'active'")
                                > 0,
                        () -> "the migration did not come to " + what + "\n" + service.log());
                long stored = count("earlier_", "PROCESSING");
                awaitTold(service, "a session of the role postgres (process " + DatabaseServer.process(other));
                assertTrue(SchemaVersions.of(database) < SchemaVersions.newest(), "nothing was waited for");
                assertTrue(count("earlier_", "PROCESSING") > stored, "the earlier version was held up");
                other.commit();
                service.awaitHealthy();
                assertEquals(SchemaVersions.newest(), SchemaVersions.of(database));
                earlier.assertWasNeverHeldUp();
            }
        }
    }

    /** As if its network had forgotten it: the session stays, and nobody is there. */
    @Test
    void a_start_that_waits_for_another_replica_says_for_which_and_how_to_end_it() throws Exception {
        database.migrateTo("latest");
        try (var gone = database.connect()) {
            try (var statement = gone.createStatement()) {
                statement.execute("SET application_name = 'tallyhook-migration-gone'");
                statement.execute("SELECT pg_try_advisory_lock(" + LOCK + ")");
            }
            try (var service = Service.launch(database.environment())) {
                awaitTold(
                        service,
                        "the migration of another replica, a session of the role postgres (process "
                                + DatabaseServer.process(gone)
                                + ", application \\\"tallyhook-migration-gone\\\", from 127.0.0.1), idle for ");
                String end = "SELECT pg_terminate_backend(" + DatabaseServer.process(gone) + ")";
                assertTrue(service.log().contains(end), service.log());
                database.execute(end);
                service.awaitHealthy();
                Eventually.within(
                        Duration.ofSeconds(10),
                        () -> service.log().contains("The migration of the schema goes on"),
                        service::log);
                Eventually.within(
                        Duration.ofSeconds(10),
                        () -> database.number("SELECT count(*) FROM pg_stat_activity"
                                        + " WHERE application_name LIKE 'tallyhook-migration%'")
                                == 0,
                        () -> "who watched the migration stays");
            }
        }
    }

    static void awaitTold(Service service, String whom) throws Exception {
        Eventually.within(
                Duration.ofSeconds(60),
                () -> service.log()
                        .lines()
                        .anyMatch(
                                line -> line.contains("The migration of the schema waits for ") && line.contains(whom)),
                () -> "not told of " + whom + "\n" + service.log());
    }

    /** Which a rollback needs. */
    @Test
    void this_version_starts_on_the_schema_of_a_later_one() throws Exception {
        database.migrateTo("latest");
        database.execute("""
                INSERT INTO flyway_schema_history (
                    installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
                VALUES (1000, '999', 'of a later version', 'SQL', 'V999__of_a_later_version.sql', 1, 'somebody', 1, true);
                ALTER TABLE transactions ADD COLUMN of_a_later_version text""");
        try (var service = Service.start(database, Map.of())) {
            assertEquals(202, service.post(Webhooks.body("rolled back")).statusCode());
        }
    }

    private long count(String prefix, String status) throws SQLException {
        return database.number(
                "SELECT count(*) FROM transactions WHERE starts_with(transaction_id, '%s') AND status = '%s'"
                        .formatted(prefix, status));
    }
}
