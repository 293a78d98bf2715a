package dev.tallyhook.endpoint;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.logging.Log;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;

/** What the table says of endpoints of the configuration. */
final class ConfiguredRows {

    /** Why one is disabled that is in no configuration. */
    static final String NOT_CONFIGURED = "NOT_CONFIGURED";

    /** What was finished meanwhile was not for it, and nobody else says so. */
    private static final String BACK = """
            SELECT endpoint_id, disabled_at, was_paused
            FROM endpoints
            WHERE disabled_because = '%s'
              AND endpoint_id = ANY (?::text[])
            """.formatted(NOT_CONFIGURED);

    /** What it has failed at counts no more where it is now, and no more once it was away. */
    private static final String TELL = """
            INSERT INTO endpoints AS known (
                endpoint_id, url, description, events, sources, types, currencies, accounts, amount_min, signature, configured_at)
            SELECT ?::text, ?::text, ?::text, ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::numeric, ?::text, now()
            WHERE %1$s
            ON CONFLICT (endpoint_id) DO UPDATE
            SET configured_at = now(),
                changed_at = CASE
                    WHEN known.disabled_because = '%2$s'
                      OR (known.url, known.description, known.events, known.sources, known.types, known.currencies, known.accounts,
                          known.amount_min, known.signature)
                         IS DISTINCT FROM (excluded.url, excluded.description, excluded.events, excluded.sources, excluded.types,
                          excluded.currencies, excluded.accounts, excluded.amount_min, excluded.signature)
                    THEN clock_timestamp() ELSE known.changed_at END,
                url = excluded.url,
                description = excluded.description,
                events = excluded.events,
                sources = excluded.sources,
                types = excluded.types,
                currencies = excluded.currencies,
                accounts = excluded.accounts,
                amount_min = excluded.amount_min,
                signature = excluded.signature,
                failing_since = CASE WHEN %3$s THEN known.failing_since END,
                failures = CASE WHEN %3$s THEN known.failures ELSE 0 END,
                retry_at = CASE WHEN %3$s THEN known.retry_at END,
                state = CASE
                    WHEN known.disabled_because IS DISTINCT FROM '%2$s' THEN known.state
                    WHEN known.was_paused THEN 'PAUSED'
                    ELSE 'ENABLED' END,
                was_paused = false,
                disabled_at = CASE WHEN known.disabled_because = '%2$s' THEN NULL ELSE known.disabled_at END,
                disabled_because = CASE WHEN known.disabled_because = '%2$s' THEN NULL ELSE known.disabled_because END
            RETURNING endpoint_id
            """.formatted(
                    DURABLY,
                    NOT_CONFIGURED,
                    "known.url = excluded.url AND known.disabled_because IS DISTINCT FROM '" + NOT_CONFIGURED + "'");

    private static final String DISABLE = """
            UPDATE endpoints
            SET state = 'DISABLED',
                was_paused = state = 'PAUSED',
                disabled_because = '%2$s',
                disabled_at = clock_timestamp(),
                changed_at = clock_timestamp()
            WHERE configured_at < now() - ? * interval '1 second'
              AND state <> 'DISABLED'
              AND %1$s
            RETURNING endpoint_id
            """.formatted(DURABLY, NOT_CONFIGURED);

    private final DataSource dataSource;

    ConfiguredRows(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Says that a configuration has them, and what it says of them. */
    void tell(Collection<ConfiguredEndpoints.Configured> configured) throws SQLException {
        if (configured.isEmpty()) {
            return;
        }
        try (Connection connection = dataSource.getConnection()) {
            String[] names = configured.stream()
                    .map(ConfiguredEndpoints.Configured::name)
                    .toArray(String[]::new);
            List<Absent> absent = new Sql()
                    .add(BACK, (Object) names)
                    .query(connection, row -> new Absent(row.getString(1), Timestamps.of(row, 2), row.getBoolean(3)));
            for (var endpoint : configured) {
                tell(connection, endpoint);
                absent.stream()
                        .filter(one -> one.name().equals(endpoint.name()))
                        .forEach(ConfiguredRows::tellReturn);
            }
        }
    }

    private record Absent(String name, Instant since, boolean wasPaused) {}

    private static void tellReturn(Absent back) {
        Log.warnf(
                "Endpoint %s is configured again, and %s. It was disabled since %s: a replay since then tells it what"
                        + " was finished meanwhile",
                back.name(), back.wasPaused() ? "paused, as it was" : "enabled", back.since());
    }

    private static void tell(Connection connection, ConfiguredEndpoints.Configured endpoint) throws SQLException {
        EndpointSettings settings = endpoint.settings();
        new Sql()
                .add(
                        TELL,
                        endpoint.name(),
                        settings.url(),
                        settings.description(),
                        Endpoints.array(settings.events()),
                        Endpoints.array(settings.sources()),
                        Endpoints.array(settings.types()),
                        Endpoints.array(settings.currencies()),
                        Endpoints.array(settings.accounts()),
                        settings.amountMin(),
                        endpoint.version().label())
                .query(connection, row -> row.getString(1));
    }

    /** Disables those that no replica has told of for so long. */
    void disableAbsent(Duration absent) throws SQLException {
        new Sql()
                .add(DISABLE, absent.toSeconds())
                .query(dataSource, row -> row.getString(1))
                .forEach(name -> Log.warnf("Endpoint %s is disabled: no replica has it in its configuration", name));
    }
}
