package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is done about a migration that did not go well, and how one is run beforehand. */
class MigrationIT {

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
    void a_build_that_was_broken_off_is_begun_anew() throws Exception {
        database.migrateTo("001");
        database.execute(UpgradeIT.FILL);
        try (var other = database.connect()) {
            other.setAutoCommit(false);
            EarlierVersion.insert(other, "other");
            var broken = Service.launch(database.environment());
            Eventually.within(
                    Duration.ofSeconds(30),
                    () -> database.number(UpgradeIT.INVALID_INDEXES) > 0,
                    () -> "no index is being built\n" + broken.log());
            broken.kill();
            Eventually.within(
                    Duration.ofSeconds(30),
                    () -> database.number(
                                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'")
                            == 0,
                    () -> "the build goes on, and nobody is there for it");
            other.commit();
        }
        assertTrue(database.number(UpgradeIT.INVALID_INDEXES) > 0, "nothing was left behind");
        try (var service = Service.start(database, Map.of())) {
            assertEquals(SchemaVersions.newest(), SchemaVersions.of(database));
            assertEquals(0, database.number(UpgradeIT.INVALID_INDEXES), service::log);
        }
    }

    /** What troubleshooting tells of a migration that failed, and did not just end with its replica. */
    @Test
    void a_migration_that_failed_is_begun_anew_when_it_is_asked_for() throws Exception {
        database.migrateTo("002");
        database.execute("CREATE TABLE transactions_finished ()"); // Whose name the index needs.
        try (var service = Service.launch(database.environment())) {
            assertEquals(1, service.awaitExit(), service.log());
        }
        database.execute("DROP TABLE transactions_finished");
        try (var service = Service.launch(database.environment())) {
            assertEquals(1, service.awaitExit(), service.log());
            assertTrue(service.log().contains("failed migration"), service.log());
        }
        try (var service = Service.start(database, Map.of("QUARKUS_FLYWAY_REPAIR_AT_START", "true"))) {
            assertEquals(SchemaVersions.newest(), SchemaVersions.of(database), service::log);
        }
    }

    /** What the changelog tells those to do whose ledger has the outcome of a migration that was written otherwise then. */
    @Test
    void a_migration_that_was_written_otherwise_is_repaired_when_it_is_asked_for() throws Exception {
        database.migrateTo("latest");
        database.execute("UPDATE flyway_schema_history SET checksum = checksum + 1 WHERE version IN ('003', '004')");
        try (var service = Service.launch(database.environment())) {
            assertEquals(1, service.awaitExit(), service.log());
        }
        try (var service = Service.start(database, Map.of("QUARKUS_FLYWAY_REPAIR_AT_START", "true"))) {
            assertEquals(202, service.post(Webhooks.body("repaired")).statusCode());
        }
    }

    @Test
    void a_job_can_migrate_and_end() throws Exception {
        database.migrateTo("001");
        var environment = new HashMap<>(database.environment());
        environment.put("QUARKUS_INIT_AND_EXIT", "true");
        try (var job = Service.launch(environment)) {
            assertEquals(0, job.awaitExit(), job::log);
        }
        assertEquals(SchemaVersions.newest(), SchemaVersions.of(database));
    }
}
