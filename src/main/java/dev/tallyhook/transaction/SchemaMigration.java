package dev.tallyhook.transaction;

import io.quarkus.flyway.FlywayConfigurationCustomizer;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/** Migrates a ledger of any size beside replicas of an earlier version, which go on taking webhooks. */
@Singleton
class SchemaMigration implements FlywayConfigurationCustomizer {

    /** So long a replica waits for another one that migrates, at a try a second: longer than indexes of a large ledger take. */
    private static final Duration WAIT_MAX = Duration.ofHours(6);

    /**
     * Replicas that start together migrate one after the other, by a lock that a session holds. One that a transaction holds would
     * be waited for by indexes that are built concurrently, and they by it.
     *
     * @see <a href="https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY">Building indexes
     *     concurrently</a>
     */
    @Override
    public void customize(FluentConfiguration flyway) {
        flyway.getConfigurationExtension(PostgreSQLConfigurationExtension.class).setTransactionalLock(false);
        flyway.lockRetryCount(Math.toIntExact(WAIT_MAX.toSeconds()));
    }
}
