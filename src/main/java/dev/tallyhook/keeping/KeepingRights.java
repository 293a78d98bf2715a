package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Sql;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import javax.sql.DataSource;

/** A ledger that lets nothing go need not allow its service to delete; one that does is asked at the start, and not in a year. */
@ApplicationScoped
class KeepingRights {

    /** As {@code GRANT} names them. */
    private static final String NOT_GRANTED = """
            SELECT coalesce(
                string_agg(
                    format('GRANT %s ON %I.%I TO %I', privilege, current_schema(), name, current_user), '; '
                    ORDER BY name, privilege),
                '')
            FROM (VALUES ('transactions', 'DELETE'), ('events', 'DELETE'), ('requests', 'DELETE'), ('requests', 'UPDATE'),
                         ('conflicts', 'DELETE'), ('late_postings', 'DELETE'), ('dead_letters', 'UPDATE'),
                         ('gone', 'INSERT'), ('gone', 'UPDATE'), ('gone', 'DELETE'),
                         ('archives', 'SELECT'), ('archives', 'INSERT'), ('archives', 'UPDATE'), ('archives', 'DELETE'),
                         ('keeping', 'SELECT'), ('keeping', 'UPDATE')) AS needed (name, privilege)
            WHERE NOT has_table_privilege(to_regclass(format('%I.%I', current_schema(), name)), privilege)
            """;

    private final DataSource dataSource;
    private final KeepingConfig config;

    KeepingRights(DataSource dataSource, KeepingConfig config) {
        this.dataSource = dataSource;
        this.config = config;
    }

    void start(@Observes StartupEvent event) {
        if (KeepingRules.isAnythingToGo(config)) {
            check();
        }
    }

    /** @throws ConfigurationException if the service may not delete */
    void check() {
        try {
            String lacking = new Sql()
                    .add(NOT_GRANTED)
                    .query(dataSource, row -> row.getString(1))
                    .get(0);
            if (!lacking.isEmpty()) {
                throw new ConfigurationException(
                        "The service may not delete what tallyhook.ledger says is to go: " + lacking);
            }
        } catch (SQLException away) {
            Log.debugf("Whether the service may delete is not known: %s", away.getMessage());
        }
    }
}
