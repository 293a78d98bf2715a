package dev.tallyhook.citus;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Whether the ledger is distributed, and over which servers. That is looked at when the service starts; from then on once a second where it is,
 * because shards move, and where it is not, when a statement was refused, because that is what becomes of a claim when somebody has just
 * distributed it.
 */
@ApplicationScoped
public class Distribution {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Citus is a library that a server loads, and an extension that makes these tables; most servers have neither. */
    private static final String HAS_CITUS = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";

    /** Nothing while any of them is not distributed, as while somebody is about to distribute them. */
    private static final String SHARDS = """
            WITH parts AS (
                SELECT relname::text AS table_name, shardid, shardminvalue::int AS least, groupid, nodename, nodeport
                FROM pg_class
                JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname = current_schema()
                JOIN pg_dist_shard ON logicalrelid = pg_class.oid
                JOIN pg_dist_placement USING (shardid)
                JOIN pg_dist_node USING (groupid)
                WHERE relname IN ('transactions', 'conflicts', 'gone', 'holds', 'tellings', 'requests')
                  AND shardminvalue IS NOT NULL
                  AND noderole = 'primary')
            SELECT table_name, shardid, least, groupid, nodename, nodeport
            FROM parts
            WHERE (SELECT count(DISTINCT table_name) FROM parts) = 6
            ORDER BY least
            """;

    private static final String NOT_SUPPORTED = "0A000";

    private static final String REQUESTS = "requests";

    private final DataSource dataSource;
    private final Tick tick;
    private volatile Optional<ShardMap> map = Optional.empty();

    Distribution(DataSource dataSource, Ticks ticks) {
        this.dataSource = dataSource;
        this.tick = ticks.every(PERIOD, "shards", this::lookIfDistributed);
    }

    /** Before all that uses it. A database that is away is found again when a claim is refused. */
    void start(@Observes @Priority(Interceptor.Priority.LIBRARY_BEFORE + 1) StartupEvent event) {
        look();
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void lookIfDistributed() {
        if (map.isPresent()) {
            look();
        }
    }

    /** As Citus said last; nothing of a ledger that is not distributed. */
    public Optional<ShardMap> map() {
        return map;
    }

    /** Asks again where the shards are, if one may have moved. While nobody answers, they are where they were. */
    public void look() {
        try (Connection connection = dataSource.getConnection()) {
            become(shards(connection));
        } catch (SQLException away) {
            Log.debugf("Where the shards are is not known anew: %s", away.getMessage());
        }
    }

    /**
     * After a statement failed: it may be that a shard has moved, or that somebody has just distributed the ledger, which a claim learns by
     * {@code feature_not_supported}.
     */
    public void mayBeOtherwise(SQLException failure) {
        if (map.isPresent() || NOT_SUPPORTED.equals(failure.getSQLState())) {
            look();
        }
    }

    private synchronized void become(Optional<ShardMap> now) {
        Optional<ShardMap> before = map;
        if (now.equals(before)) {
            return; // With the texts that it has made of statements.
        }
        map = now;
        if (now.isEmpty()) {
            Log.info("The ledger is no longer distributed: it is one plain PostgreSQL's");
        } else if (before.isEmpty()) {
            Log.infof(
                    "The ledger is distributed by Citus: %d shards on %s. Webhooks are stored, and finished, on the server that has their shard",
                    now.get().shards().size(), now.get().nodes());
        } else {
            Log.infof(
                    "Shards have moved: there are %d on %s",
                    now.get().shards().size(), now.get().nodes());
        }
    }

    static Optional<ShardMap> shards(Connection connection) throws SQLException {
        try (PreparedStatement ask = connection.prepareStatement(HAS_CITUS);
                ResultSet row = ask.executeQuery()) {
            row.next();
            if (!row.getBoolean(1)) {
                return Optional.empty();
            }
        }
        Map<Integer, Shard> shards = new HashMap<>();
        List<Shard> ofRequests = new ArrayList<>();
        try (PreparedStatement ask = connection.prepareStatement(SHARDS);
                ResultSet row = ask.executeQuery()) {
            while (row.next()) {
                String table = row.getString(1);
                var node = new Node(row.getInt(4), row.getString(5), row.getInt(6));
                if (table.equals(REQUESTS)) {
                    ofRequests.add(new Shard(row.getInt(3), Map.of(), node));
                } else {
                    // All of one hash are on one server, because the tables are colocated.
                    shards.computeIfAbsent(row.getInt(3), least -> new Shard(least, new HashMap<>(), node))
                            .numbers()
                            .put(table, row.getLong(2));
                }
            }
        }
        return shards.isEmpty()
                ? Optional.empty()
                : Optional.of(new ShardMap(List.copyOf(shards.values()), ofRequests));
    }
}
