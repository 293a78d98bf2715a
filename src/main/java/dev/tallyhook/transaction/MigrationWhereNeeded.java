package dev.tallyhook.transaction;

import dev.tallyhook.database.MigrationSessions;
import io.quarkus.arc.All;
import io.quarkus.arc.InstanceHandle;
import io.quarkus.flyway.FlywayConfigurationCustomizer;
import io.quarkus.flyway.runtime.FlywayBuildTimeConfig;
import io.quarkus.flyway.runtime.FlywayContainer;
import io.quarkus.flyway.runtime.FlywayContainerProducer;
import io.quarkus.flyway.runtime.FlywayDataSourceRuntimeConfig;
import io.quarkus.flyway.runtime.FlywayRuntimeConfig;
import io.quarkus.logging.Log;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Singleton;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes Flyway only where a look at the ledger's history does not show exactly the migrations that are here, as it does at all
 * starts but those of a new version. Of the time until the service answers Flyway takes a quarter to find that there is nothing to do.
 */
@Singleton
@Alternative
@Priority(1)
class MigrationWhereNeeded extends FlywayContainerProducer {

    /** The build writes it. */
    private static final String NAMES = "migrations.txt";

    /** In the schema that migrations go to, and in no other one of the search path. */
    private static final String HAS_HISTORY =
            "SELECT to_regclass(format('%I.flyway_schema_history', current_schema())) IS NOT NULL";

    private static final String HISTORY = """
            SELECT CASE WHEN success AND type = 'SQL' THEN script ELSE 'none of ours' END COLLATE "C" AS script, checksum
            FROM flyway_schema_history
            ORDER BY script
            """;

    /** A script and the sum of its lines, as Flyway keeps them. */
    record Migration(String script, @Nullable Integer checksum) {}

    private final FlywayRuntimeConfig config;

    MigrationWhereNeeded(
            FlywayRuntimeConfig config,
            FlywayBuildTimeConfig builtIn,
            @All List<InstanceHandle<FlywayConfigurationCustomizer>> customizers) {
        super(config, builtIn, customizers);
        this.config = config;
    }

    @Override
    public FlywayContainer createFlyway(
            DataSource dataSource, String dataSourceName, boolean hasMigrations, boolean createPossible) {
        FlywayDataSourceRuntimeConfig flyway = config.datasources().get(dataSourceName);
        if (flyway != null && isLedgerCurrent(flyway)) {
            Log.info("The schema is that of this version");
            return new FlywayContainer(
                    null, false, false, false, false, false, false, dataSourceName, hasMigrations, createPossible);
        }
        return super.createFlyway(dataSource, dataSourceName, hasMigrations, createPossible);
    }

    /** Whatever else there may be to say of the database, Flyway says it. */
    private static boolean isLedgerCurrent(FlywayDataSourceRuntimeConfig flyway) {
        if (!onlyMigrates(flyway)) {
            return false;
        }
        DataSource sessions = MigrationSessions.of(
                flyway.jdbcUrl().orElseThrow(),
                flyway.username().orElse(null),
                flyway.password().orElse(null));
        try (Connection connection = sessions.getConnection()) {
            List<Migration> here = here();
            return !here.isEmpty() && here.equals(history(connection));
        } catch (SQLException | IOException | RuntimeException unseen) {
            Log.debugf("The history of the schema cannot be seen: %s", unseen.getMessage());
            return false;
        }
    }

    private static boolean onlyMigrates(FlywayDataSourceRuntimeConfig flyway) {
        return flyway.migrateAtStart()
                && !flyway.repairAtStart()
                && !flyway.validateAtStart()
                && !flyway.baselineAtStart()
                && !flyway.cleanAtStart()
                && flyway.jdbcUrl().isPresent()
                && flyway.table().isEmpty()
                && flyway.schemas().isEmpty()
                && flyway.defaultSchema().isEmpty();
    }

    static List<Migration> history(Connection connection) throws SQLException {
        // Asked before, because a table that is not there is an error in the server's log.
        try (PreparedStatement look = connection.prepareStatement(HAS_HISTORY);
                ResultSet row = look.executeQuery()) {
            if (!row.next() || !row.getBoolean(1)) {
                return List.of();
            }
        }
        try (PreparedStatement look = connection.prepareStatement(HISTORY);
                ResultSet rows = look.executeQuery()) {
            List<Migration> history = new ArrayList<>();
            while (rows.next()) {
                history.add(new Migration(rows.getString(1), rows.getObject(2, Integer.class)));
            }
            return history;
        }
    }

    /** In the order of their names, or none where the build has not told them. */
    static List<Migration> here() throws IOException {
        List<Migration> here = new ArrayList<>();
        InputStream names = MigrationWhereNeeded.class.getResourceAsStream(NAMES);
        if (names != null) {
            for (String name : lines(names).stream().sorted().toList()) {
                String path = "db/migration/" + name;
                InputStream script = MigrationWhereNeeded.class.getResourceAsStream('/' + path);
                if (script == null) {
                    throw new IOException("There is no " + path);
                }
                here.add(new Migration(path, checksum(lines(script))));
            }
        }
        return here;
    }

    private static int checksum(List<String> lines) {
        CRC32 sum = new CRC32();
        lines.forEach(line -> sum.update(line.getBytes(StandardCharsets.UTF_8)));
        return (int) sum.getValue();
    }

    private static List<String> lines(InputStream file) throws IOException {
        try (var reader = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }
}
