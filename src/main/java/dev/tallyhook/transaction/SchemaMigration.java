package dev.tallyhook.transaction;

import dev.tallyhook.database.MigrationSessions;
import dev.tallyhook.database.ReplicaName;
import io.quarkus.flyway.FlywayConfigurationCustomizer;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Objects;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.jspecify.annotations.Nullable;

/** Migrates a ledger of any size beside replicas of an earlier version, which go on taking webhooks. */
@Singleton
class SchemaMigration implements FlywayConfigurationCustomizer {

    /** So long a replica waits for another one that migrates, at a try a second: longer than indexes of a large ledger take. */
    private static final Duration WAIT_MAX = Duration.ofHours(6);

    private final ReplicaName replica;
    private @Nullable MigrationWatch watch;

    SchemaMigration(ReplicaName replica) {
        this.replica = replica;
    }

    /**
     * Replicas that start together migrate one after the other, by a lock that a session holds. One that a transaction holds would
     * be waited for by indexes that are built concurrently, and they by it.
     *
     * @see <a href="https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY">Building indexes
     *     concurrently</a>
     */
    @Override
    public void customize(FluentConfiguration flyway) {
        MigrationSessions.giveTo(flyway);
        flyway.getConfigurationExtension(PostgreSQLConfigurationExtension.class).setTransactionalLock(false);
        flyway.lockRetryCount(Math.toIntExact(WAIT_MAX.toSeconds()));
        String name = "tallyhook-migration-" + replica.forSessions();
        String initSql =
                Objects.requireNonNullElse(flyway.getInitSql(), "") + ";\nSET application_name = '" + name + "'";
        flyway.initSql(initSql);
        watch = MigrationWatch.begin(flyway.getDataSource(), initSql, name);
    }

    void endWatch(@Observes StartupEvent event) {
        if (watch != null) {
            watch.end();
        }
    }
}
