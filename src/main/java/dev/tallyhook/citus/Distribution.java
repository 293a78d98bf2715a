package dev.tallyhook.citus;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.problem.Blame;
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;

/**
 * Whether the ledger is distributed, and over which servers. That is looked at when the service starts; from then on once a second where it is,
 * because shards move, and where it is not, when a statement was refused, because that is what becomes of a claim when somebody has just
 * distributed it.
 */
@Singleton
public class Distribution {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Citus is a library that a server loads, and an extension that makes these tables; most servers have neither. */
    private static final String HAS_CITUS = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";

    /** Requests apart, which are distributed last, nothing while any of them is not, as while somebody is about to distribute them. */
    private static final String SHARDS = """
            WITH parts AS (
                SELECT relname::text AS table_name, shardid, shardminvalue::int AS least, shardmaxvalue::int AS greatest, groupid, nodename,
                       nodeport
                FROM pg_class
                JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname = current_schema()
                JOIN pg_dist_shard ON logicalrelid = pg_class.oid
                JOIN pg_dist_placement USING (shardid)
                JOIN pg_dist_node USING (groupid)
                WHERE relname IN ('transactions', 'conflicts', 'gone', 'holds', 'tellings', 'requests')
                  AND shardminvalue IS NOT NULL
                  AND noderole = 'primary')
            SELECT table_name, shardid, least, greatest, groupid, nodename, nodeport
            FROM parts
            WHERE (SELECT count(DISTINCT table_name) FROM parts WHERE table_name <> 'requests') = 5
            ORDER BY table_name, least
            """;

    /** An id, and the shard that Citus puts it into. */
    private static final String PROOF_ID = "tallyhook";

    private static final String PROOF =
            "SELECT get_shard_id_for_distribution_column('transactions', '" + PROOF_ID + "'::text)";

    private static final String NOT_SUPPORTED = "0A000";

    private static final String REQUESTS = "requests";

    /** So long somebody whose statement failed waits for news; the coordinator may be away too. */
    private static final Duration PATIENCE = Duration.ofMillis(150);

    private final DataSource dataSource;
    private final Tick tick;

    /** Asks for those that cannot wait for long. What is asked while one is under way is asked by one more. */
    private final ExecutorService looks = new ThreadPoolExecutor(
            0,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(1),
            Distribution::daemon,
            new ThreadPoolExecutor.DiscardPolicy());

    private String unusable = "";
    private volatile Optional<ShardMap> map = Optional.empty();

    Distribution(DataSource dataSource, Ticks ticks) {
        this.dataSource = dataSource;
        this.tick = ticks.every(PERIOD, "shards", this::lookIfDistributed);
    }

    private static Thread daemon(Runnable task) {
        var thread = new Thread(task, "shards");
        thread.setDaemon(true);
        return thread;
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

    /** The servers that have shards; none of a ledger that is not distributed. */
    public List<Node> nodes() {
        return map.map(ShardMap::nodes).orElse(List.of());
    }

    /**
     * Asks again where the shards are. While nobody answers, they are where they were.
     *
     * <p>One at a time: a slower one would else put an older answer in the place of a newer one.
     */
    public synchronized void look() {
        try (Connection connection = dataSource.getConnection()) {
            become(shards(connection));
            unusable = "";
        } catch (SQLException failure) {
            Log.debugf("Where the shards are is not known anew: %s", failure.getMessage());
        } catch (IllegalStateException wrong) {
            if (!unusable.equals(wrong.getMessage())) {
                unusable = String.valueOf(wrong.getMessage());
                Log.errorf(
                        "The shards of the ledger cannot be used as Citus tells of them, and are left as they were known: %s",
                        unusable);
            }
        }
    }

    /**
     * After a statement failed: it may be that a shard has moved, or that somebody has just distributed the ledger, which a claim learns by
     * {@code feature_not_supported}. A row that is refused says nothing of it.
     */
    public void mayBeOtherwise(SQLException failure) {
        if (map.isEmpty() && !NOT_SUPPORTED.equals(failure.getSQLState())) {
            return;
        }
        if (DatabaseFailure.blame(failure) == Blame.THE_ROW) {
            return;
        }
        try {
            looks.submit(this::look).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException later) {
            Log.debug("Where the shards are is known a little later");
        }
    }

    private void become(Optional<ShardMap> now) {
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
            String table = "";
            long next = 0;
            while (row.next()) {
                if (!row.getString(1).equals(table)) {
                    requireWhole(table, next);
                    table = row.getString(1);
                    next = Integer.MIN_VALUE;
                }
                if (row.getInt(3) != next) {
                    throw new IllegalStateException(
                            "the parts of " + table
                                    + " leave hashes out or have them twice: each must be on one server, which is up and primary");
                }
                next = row.getInt(4) + 1L;
                var node = new Node(row.getInt(5), row.getString(6), row.getInt(7));
                if (table.equals(REQUESTS)) {
                    ofRequests.add(new Shard(row.getInt(3), Map.of(), node));
                } else {
                    // All of one hash are on one server, because the tables are colocated.
                    shards.computeIfAbsent(row.getInt(3), least -> new Shard(least, new HashMap<>(), node))
                            .numbers()
                            .put(table, row.getLong(2));
                }
            }
            requireWhole(table, next);
        }
        if (shards.isEmpty()) {
            return Optional.empty();
        }
        var map = new ShardMap(List.copyOf(shards.values()), ofRequests);
        prove(connection, map);
        return Optional.of(map);
    }

    private static void requireWhole(String table, long next) {
        if (!table.isEmpty() && next != Integer.MAX_VALUE + 1L) {
            throw new IllegalStateException("the parts of " + table + " do not have all hashes");
        }
    }

    /** A row in another shard than Citus would look into is not found again. */
    private static void prove(Connection connection, ShardMap map) throws SQLException {
        try (PreparedStatement ask = connection.prepareStatement(PROOF);
                ResultSet row = ask.executeQuery()) {
            row.next();
            if (row.getLong(1) != map.shardOf(PROOF_ID).number()) {
                throw new IllegalStateException("an id belongs to another shard than its hash tells");
            }
        }
    }
}
