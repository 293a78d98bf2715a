package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.agroal.api.AgroalDataSource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A start makes Flyway unless the ledger's history is exactly what is here. */
@QuarkusTest
class MigrationWhereNeededTest {

    @Inject
    AgroalDataSource database;

    @Test
    void what_flyway_has_written_is_what_is_here() throws Exception {
        try (Connection connection = database.getConnection()) {
            assertFalse(MigrationWhereNeeded.here().isEmpty());
            assertEquals(MigrationWhereNeeded.here(), MigrationWhereNeeded.history(connection));
        }
    }

    @Test
    void no_history_is_flyways_matter() throws Exception {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.execute("CREATE SCHEMA empty");
                statement.execute("SET LOCAL search_path = empty, public");
                assertEquals(List.of(), MigrationWhereNeeded.history(connection));
            } finally {
                connection.rollback();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM flyway_schema_history WHERE version = '002'",
                "UPDATE flyway_schema_history SET checksum = checksum + 1 WHERE version = '002'",
                "UPDATE flyway_schema_history SET success = false WHERE version = '002'",
                "UPDATE flyway_schema_history SET type = 'BASELINE' WHERE version = '001'",
                """
                INSERT INTO flyway_schema_history
                SELECT installed_rank + 100, '999', description, type, 'db/migration/V999__later.sql', checksum, installed_by,
                       installed_on, execution_time, success
                FROM flyway_schema_history WHERE version = '001'
                """
            })
    void anything_else_is_flyways_matter(String change) throws Exception {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                assertEquals(1, statement.executeUpdate(change));
                assertNotEquals(MigrationWhereNeeded.here(), MigrationWhereNeeded.history(connection));
            } finally {
                connection.rollback();
            }
        }
    }
}
