package dev.tallyhook.database;

import static dev.tallyhook.database.Foundation.require;

import io.agroal.api.AgroalDataSource;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Looks once, before webhooks are taken, at what the sessions of each pool really have and find: what a pooler between did not pass
 * on, or somebody took away, ends the start with one line.
 */
@Singleton
class SessionCheck {

    /**
     * The value wanted goes through {@code set_config}, for this statement alone, so that 60s and 1min are the same. Where PostgreSQL's default
     * of {@code tcp_user_timeout} stands, a pooler's settings are of an earlier version, which is no reason to end a start.
     */
    private static final String DIFFERENT = """
            WITH present AS MATERIALIZED (
                SELECT name, wanted.value AS wanted, current_setting(name) AS present, source
                FROM unnest(?::text[], ?::text[]) AS wanted (name, value) JOIN pg_settings USING (name)),
            compared AS MATERIALIZED (
                SELECT name, wanted, present, source, set_config(name, wanted, true) AS normal
                FROM present)
            SELECT name, wanted, present, source
            FROM compared
            WHERE present <> normal
              AND (name, present) <> ('tcp_user_timeout', '0')
            ORDER BY name
            """;

    /** What a pool may be lacking, as {@code GRANT} names it. A ledger that is not distributed has no tellings. */
    private static final String NOT_GRANTED = """
            SELECT string_agg(
                    format('GRANT %s ON %I.%I TO %I', privilege, current_schema(), name, current_user), '; '
                    ORDER BY name, privilege)
            FROM (VALUES ('transactions', 'SELECT'), ('transactions', 'INSERT'), ('transactions', 'UPDATE'),
                         ('events', 'SELECT'), ('requests', 'SELECT'), ('requests', 'INSERT'),
                         ('conflicts', 'SELECT'), ('conflicts', 'INSERT'), ('conflicts', 'UPDATE'),
                         ('holds', 'SELECT'), ('holds', 'INSERT'),
                         ('stretches', 'SELECT'), ('stretches', 'INSERT'), ('stretches', 'UPDATE'), ('stretches', 'DELETE'),
                         ('postings', 'SELECT'), ('postings', 'INSERT'), ('postings', 'DELETE'),
                         ('late_postings', 'SELECT'), ('late_postings', 'INSERT'),
                         ('strays', 'SELECT'), ('strays', 'INSERT'), ('strays', 'UPDATE'), ('strays', 'DELETE'),
                         ('gone', 'SELECT'),
                         ('tellings', 'SELECT'), ('tellings', 'INSERT'), ('tellings', 'UPDATE'), ('tellings', 'DELETE'),
                         ('activity', 'SELECT'), ('activity', 'INSERT'), ('activity', 'DELETE'),
                         ('source_activity', 'SELECT'), ('source_activity', 'INSERT'), ('source_activity', 'DELETE'),
                         ('endpoints', 'SELECT'), ('endpoints', 'INSERT'), ('endpoints', 'UPDATE'), ('endpoints', 'DELETE'),
                         ('deliveries', 'SELECT'), ('deliveries', 'INSERT'), ('deliveries', 'UPDATE'), ('deliveries', 'DELETE'),
                         ('dead_letters', 'SELECT'), ('dead_letters', 'INSERT'), ('dead_letters', 'DELETE'),
                         ('attempts', 'SELECT'), ('attempts', 'INSERT'), ('attempts', 'DELETE'),
                         ('replays', 'SELECT'), ('replays', 'INSERT'), ('replays', 'UPDATE'), ('replays', 'DELETE')) AS needed (name, privilege)
            WHERE NOT has_table_privilege(to_regclass(format('%I.%I', current_schema(), name)), privilege)
            """;

    private static final String HIDDEN = """
            SELECT string_agg(format('%I.%I', current_schema(), name), ', ' ORDER BY name)
            FROM unnest('{transactions,requests,events,conflicts,holds,activity,source_activity,stretches,strays,postings,late_postings,gone,tellings,
                         endpoints,deliveries,dead_letters,attempts,replays}'::text[]) AS needed (name)
            WHERE row_security_active(to_regclass(format('%I.%I', current_schema(), name)))
            """;

    /** A pool's first connections may be being made, on a busy machine for longer than one is waited for; all pools have this together. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Map<String, AgroalDataSource> pools;

    SessionCheck(
            AgroalDataSource reading,
            @DataSource(Pool.INTAKE) AgroalDataSource intake,
            @DataSource(Pool.PROCESSING) AgroalDataSource processing,
            @DataSource(Pool.SWEEP) AgroalDataSource sweep,
            @DataSource(Pool.DELIVERY) AgroalDataSource delivery) {
        pools = Map.of(
                Pool.READING, reading,
                Pool.INTAKE, intake,
                Pool.PROCESSING, processing,
                Pool.SWEEP, sweep,
                Pool.DELIVERY, delivery);
    }

    /** Before all that uses the database. */
    void start(@Observes @Priority(Interceptor.Priority.LIBRARY_BEFORE) StartupEvent event) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        var lookers = Executors.newFixedThreadPool(pools.size(), look -> new Thread(look, "session-check"));
        try {
            // All at once: what a session is asked first takes its server long.
            List<Future<?>> looks = new ArrayList<>();
            pools.forEach((pool, dataSource) -> looks.add(lookers.submit(() -> look(pool, dataSource, deadline))));
            for (Future<?> look : looks) {
                await(look);
            }
        } finally {
            lookers.shutdownNow();
        }
    }

    private static void await(Future<?> look) {
        try {
            look.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof RuntimeException unfit) {
                throw unfit;
            }
            throw new IllegalStateException(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static void look(String pool, AgroalDataSource dataSource, long deadline) {
        String options = dataSource
                .getConfiguration()
                .connectionPoolConfiguration()
                .connectionFactoryConfiguration()
                .jdbcProperties()
                .getProperty("options", "");
        do {
            try (Connection connection = dataSource.getConnection()) {
                check(pool, options, connection);
                return;
            } catch (SQLException away) {
                // A database that is away is found again by whoever needs it; it does not hold up the start.
                Log.debugf("The sessions of the pool %s are not looked at: %s", pool, away.getMessage());
            }
        } while (System.nanoTime() < deadline);
    }

    /**
     * Looks at one session.
     *
     * @param options what the pool's sessions are told besides what all are told
     * @throws io.quarkus.runtime.configuration.ConfigurationException if it is not what the pool needs
     */
    static void check(String pool, String options, Connection connection) throws SQLException {
        Foundation foundation = checkFoundation(connection);
        checkSettings(pool, options, connection);
        checkTables(foundation.user(), connection);
        LedgerDriver.lookIn(foundation.schema());
        if (pool.equals(Pool.INTAKE) && !foundation.keepsWhatItCommits() && LaunchMode.current() == LaunchMode.NORMAL) {
            Log.warn(
                    "PostgreSQL runs with fsync or full_page_writes off: when its machine fails, what was answered 202 may be lost");
        }
    }

    private static Foundation checkFoundation(Connection connection) throws SQLException {
        Foundation foundation = Foundation.of(connection).bears();
        require(
                foundation.ledgerIsHere(),
                () -> ("No ledger stands in the schema %s of the database %s, where the sessions of the role"
                                + " %s look (search_path %s)%s: let all of them look in the same schema as QUARKUS_FLYWAY_JDBC_URL and"
                                + " QUARKUS_FLYWAY_USERNAME do")
                        .formatted(
                                foundation.schema(),
                                foundation.database(),
                                foundation.user(),
                                foundation.searchPath(),
                                foundation.ledgerElsewhere() == null
                                        ? ""
                                        : "; one stands in the schema " + foundation.ledgerElsewhere()));
        return foundation;
    }

    private static void checkSettings(String pool, String options, Connection connection) throws SQLException {
        Map<String, String> wanted = SessionSettings.wanted(options);
        wanted.put(SessionSettings.NO_TRANSACTION_TIMEOUT.name(), SessionSettings.NO_TRANSACTION_TIMEOUT.value());
        List<String> names = new ArrayList<>(wanted.keySet());
        var different = new StringJoiner(", ");
        try (PreparedStatement compare = connection.prepareStatement(DIFFERENT)) {
            compare.setArray(1, connection.createArrayOf("text", names.toArray()));
            compare.setArray(
                    2,
                    connection.createArrayOf(
                            "text", names.stream().map(wanted::get).toArray()));
            try (ResultSet rows = compare.executeQuery()) {
                while (rows.next()) {
                    different.add("%s = '%s' instead of '%s' (by %s)"
                            .formatted(
                                    rows.getString(1),
                                    rows.getString(3),
                                    rows.getString(2),
                                    Foundation.source(rows.getString(4))));
                }
            }
        }
        require(
                different.length() == 0,
                () -> ("Sessions of the pool %s do not have the settings that it needs: %s. Behind PgBouncer they are"
                                + " set by its connect_query, see deploy/pgbouncer/pgbouncer.ini")
                        .formatted(pool, different));
    }

    private static void checkTables(String role, Connection connection) throws SQLException {
        String lacking = text(connection, NOT_GRANTED);
        require(lacking == null, () -> "The role %s lacks rights on the ledger: %s".formatted(role, lacking));
        String hidden = text(connection, HIDDEN);
        require(
                hidden == null,
                () -> ("Row level security hides rows of %s from the role %s: ALTER TABLE … DISABLE ROW LEVEL SECURITY,"
                                + " or ALTER ROLE \"%s\" BYPASSRLS")
                        .formatted(hidden, role, role));
    }

    private static @Nullable String text(Connection connection, String query) throws SQLException {
        try (PreparedStatement ask = connection.prepareStatement(query);
                ResultSet row = ask.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }
}
