package dev.tallyhook.operations;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL itself says about the ledger: its own estimates and lists of sessions, which cost the same however many
 * transactions there are.
 */
@ApplicationScoped
class DatabaseStatistics {

    /**
     * One row for each figure. The age of a snapshot counts transactions, and everybody may see it; since when a session of
     * another user has a transaction open is shown only to who has the role pg_read_all_stats. Autovacuum, which has no user,
     * holds nothing up. The oldest ids are those of all databases of the server, because any of them can bring all to a stop.
     *
     * @see <a href="https://www.postgresql.org/docs/current/monitoring-stats.html">The statistics system</a>
     */
    private static final String OF_SERVER = """
            SELECT 'oldest transaction' AS figure, coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8 AS value
            FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL
              AND (datname = current_database() OR datname IS NULL)
            UNION ALL
            SELECT 'xmin age', coalesce(max(age(xmin)), 0)
            FROM (
                SELECT backend_xmin AS xmin
                FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL
                  AND (datname = current_database() OR datname IS NULL)
                UNION ALL SELECT xmin FROM pg_replication_slots
                UNION ALL SELECT catalog_xmin FROM pg_replication_slots
                UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()) AS holders
            UNION ALL
            SELECT 'xid age', max(age(datfrozenxid))
            FROM pg_database
            UNION ALL
            SELECT 'mxid age', max(mxid_age(datminmxid))
            FROM pg_database
            """;

    static final String SELECT = OF_SERVER + """
            UNION ALL
            SELECT 'live ' || relname, n_live_tup
            FROM pg_stat_user_tables
            WHERE schemaname = current_schema() AND relname IN ('transactions', 'conflicts')
            UNION ALL
            SELECT 'dead ' || relname, n_dead_tup
            FROM pg_stat_user_tables
            WHERE schemaname = current_schema() AND relname IN ('transactions', 'conflicts')
            UNION ALL
            SELECT 'shards ' || name, 1
            FROM unnest(ARRAY['transactions', 'conflicts']) AS name
            UNION ALL
            SELECT 'conflicts', coalesce(max(conflict_id), 0)
            FROM conflicts
            UNION ALL
            SELECT 'held', count(*)
            FROM transactions
            WHERE transaction_id = ANY (ARRAY (SELECT DISTINCT transaction_id FROM strays))
              AND status = 'HELD'
            """;

    /**
     * Of a distributed ledger: each server says the same of itself, and of its shards. Of ages the greatest that is known counts. Rows are
     * added up, and counted, only where none of them is away: a part of them would look like all.
     */
    private static final List<String> ON_CITUS = List.of("""
            SELECT key, CASE WHEN key !~ '^(live|dead|shards) ' THEN max(value::float8) WHEN bool_and(all_answer) THEN sum(value::float8) END
            FROM (SELECT *, bool_and(success) OVER () AS all_answer FROM run_command_on_all_nodes($$
                WITH shards AS (
                    SELECT substring(relname FROM '^[a-z]+') AS of_table, sum(n_live_tup) AS live, sum(n_dead_tup) AS dead, count(*) AS shards
                    FROM pg_stat_user_tables
                    WHERE schemaname = current_schema() AND relname ~ '^(transactions|conflicts)_[0-9]+$'
                    GROUP BY of_table)
                SELECT json_object_agg(figure, value)
                FROM (
                    %s
                    UNION ALL
                    SELECT 'oldest prepared', coalesce(extract(epoch FROM max(clock_timestamp() - prepared)), 0)
                    FROM pg_prepared_xact()
                    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                    UNION ALL SELECT 'live ' || of_table, live FROM shards
                    UNION ALL SELECT 'dead ' || of_table, dead FROM shards
                    UNION ALL SELECT 'shards ' || of_table, shards FROM shards) AS figures $$)) AS answers
            CROSS JOIN json_each_text(CASE WHEN success THEN result ELSE '{}' END::json)
            GROUP BY key
            """.formatted(OF_SERVER), """
            SELECT 'conflicts', count(*)
            FROM conflicts
            UNION ALL
            SELECT 'held', count(*)
            FROM transactions
            WHERE status = 'HELD'
            """);

    private static final Duration PERIOD = Duration.ofSeconds(15);

    private final DataSource dataSource;
    private final Distribution distribution;
    private final Tick asking;
    private volatile Map<String, Double> figures = Map.of();
    private boolean failing;

    DatabaseStatistics(DataSource dataSource, Distribution distribution, Ticks ticks) {
        this.dataSource = dataSource;
        this.distribution = distribution;
        this.asking = ticks.every(PERIOD, "statistics", this::ask);
    }

    void show(@Observes StartupEvent event, MeterRegistry registry) {
        for (String table : new String[] {"transactions", "conflicts"}) {
            gauge("tallyhook.table.live.rows", "live " + table, "Rows of a table, as PostgreSQL estimates them")
                    .tag("table", table)
                    .register(registry);
            gauge("tallyhook.table.dead.rows", "dead " + table, "Row versions that vacuum has not removed, estimated")
                    .tag("table", table)
                    .register(registry);
            gauge("tallyhook.table.shards", "shards " + table, "Shards that a table has; one if it is not distributed")
                    .tag("table", table)
                    .register(registry);
        }
        gauge("tallyhook.conflicts.recorded", "conflicts", "Conflicts recorded in the whole ledger")
                .register(registry);
        gauge("tallyhook.transactions.held", "held", "Transactions that operators hold")
                .register(registry);
        gauge(
                        "tallyhook.oldest.transaction.seconds",
                        "oldest transaction",
                        "Age of the oldest database transaction seen, on any server of a distributed ledger")
                .register(registry);
        gauge(
                        "tallyhook.oldest.prepared.seconds",
                        "oldest prepared",
                        "Age of the oldest prepared transaction on any server of a distributed ledger")
                .register(registry);
        gauge("tallyhook.xmin.age.transactions", "xmin age", "Age of the oldest snapshot that vacuum must respect")
                .register(registry);
        gauge("tallyhook.xid.age.transactions", "xid age", "Age of the oldest transaction id that is not frozen")
                .register(registry);
        gauge("tallyhook.mxid.age.multixacts", "mxid age", "Age of the oldest multixact id that is not frozen")
                .register(registry);
    }

    private Gauge.Builder<?> gauge(String name, String figure, String description) {
        return Gauge.builder(name, this, statistics -> statistics.figures.getOrDefault(figure, Double.NaN))
                .description(description);
    }

    @Scheduled(every = "15s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        asking.come();
    }

    private void ask() {
        Map<String, Double> told = new HashMap<>();
        SQLException failure = null;
        for (String statement : distribution.map().isPresent() ? ON_CITUS : List.of(SELECT)) {
            try {
                read(statement, told);
            } catch (SQLException ofOne) {
                failure = ofOne;
            }
        }
        figures =
                Map.copyOf(told); // Without those of what failed: nothing is better than something old that looks new.
        if (failure != null && !failing) {
            Log.warnf("The database does not tell its statistics, or not all: %s", failure.getMessage());
        }
        failing = failure != null;
    }

    private void read(String statement, Map<String, Double> told) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(statement);
                ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                double value = rows.getDouble(2);
                if (!rows.wasNull()) {
                    told.put(rows.getString(1), value);
                }
            }
        }
    }

    /** The number of the latest conflict, as asked last: nothing until then, and while the database does not tell. */
    @Nullable
    Long conflicts() {
        Double latest = figures.get("conflicts");
        return latest == null ? null : latest.longValue();
    }
}
