package dev.tallyhook.delivery;

import static dev.tallyhook.database.Durability.DURABLY;
import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.citus.ShardMap;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.problem.Blame;
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Columns;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Carries what a distributed ledger keeps in its shards for endpoints to the queue, which is on the coordinator with the endpoints. It is
 * queued there first, and deleted in the shard then: whatever ends between the two, it is carried again, and told twice rather than not
 * at all. Any number of replicas may do so.
 */
@Startup
@ApplicationScoped
class Relay {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Between two looks, in which more comes to be carried together. */
    private static final Duration PAUSE = Duration.ofMillis(20);

    /** So many times as long as a failure took a server is left alone: one that hangs makes nothing late that is on another. */
    private static final int REST_FACTOR = 10;

    private static final Duration REST_MAX = Duration.ofSeconds(10);

    /** Rows of one shard at a time, each with up to {@link Telling#IDS_MAX} ids. */
    private static final int ROWS_MAX = 8;

    private static final String CLAIM = """
            WITH claimed AS MATERIALIZED (
                SELECT transaction_id, telling_id, event, ids, of_transactions
                FROM tellings
                ORDER BY kept_at
                LIMIT ?
                FOR UPDATE SKIP LOCKED)
            SELECT claimed.transaction_id, claimed.telling_id, claimed.event, told.id, told.of_transaction, t.transaction_id, t.source, t.type, t.currency, t.source_account,
                   t.destination_account, t.amount
            FROM claimed
            CROSS JOIN unnest(ids, of_transactions) AS told (id, of_transaction)
            LEFT JOIN transactions AS t ON t.transaction_id = told.of_transaction
            """;

    private static final String DELETE = """
            DELETE FROM tellings
            USING unnest(?::text[], ?::uuid[]) AS carried (of_transaction, id)
            WHERE transaction_id = of_transaction
              AND telling_id = id
            """;

    /** Of those that were in the same shard once, before it was divided. */
    private static final String ELSEWHERE = """
            SELECT transaction_id, source, type, currency, source_account, destination_account, amount
            FROM transactions
            WHERE transaction_id = ANY (?)
            """;

    private static final String QUEUE = """
            WITH told AS (
                INSERT INTO deliveries (endpoint_id, event, ids)
                SELECT endpoint_id, code::"char", array_agg(id)
                FROM (SELECT e.endpoint_id, t.code, t.id, (row_number() OVER (PARTITION BY e.endpoint_id, t.code) - 1) / %d AS piece
                      FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
                              ?::numeric[])
                          AS t (code, kind, id, transaction_id, source, type, currency, source_account, destination_account, amount)
                      JOIN endpoints AS e ON e.state <> 'DISABLED' AND t.kind = ANY (e.events) AND %s) AS wanted
                GROUP BY endpoint_id, code, piece
                RETURNING endpoint_id)
            SELECT %s
            WHERE %s
            """.formatted(Telling.IDS_MAX, WantedBy.SQL, Telling.WHOM, DURABLY);

    private final Distribution distribution;
    private final NodeSessions sessions;
    private final javax.sql.DataSource queue;
    private final Telling telling;
    private final DeliveryMetrics metrics;
    private final Semaphore toCarry;
    private final Tick tick;
    private final Set<Node> failing = new HashSet<>();

    /** Until when servers are left alone, by the monotonic clock. */
    private final Map<Node, Long> resting = new HashMap<>();

    /** Rows of a shard at a time, of servers where less than usual is tried. */
    private final Map<Node, Integer> pieces = new HashMap<>();

    private volatile boolean stopping;

    Relay(
            Distribution distribution,
            NodeSessions sessions,
            @DataSource("delivery") javax.sql.DataSource queue,
            Telling telling,
            DeliveryMetrics metrics,
            Ticks ticks) {
        this.distribution = distribution;
        this.sessions = sessions;
        this.queue = queue;
        this.telling = telling;
        this.metrics = metrics;
        this.toCarry = telling.toCarry();
        this.tick = ticks.every(PERIOD, "relay", this::carryForATick);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** One of something that somebody has changed, and whom it may concern. */
    private record Told(
            String code,
            String id,
            String transactionId,
            @Nullable String source,
            @Nullable String type,
            @Nullable String currency,
            @Nullable String sourceAccount,
            @Nullable String destinationAccount,
            @Nullable BigDecimal amount) {

        /** What a row says of the transaction itself begins at {@code first}. */
        static Told of(String code, String id, ResultSet row, int first) throws SQLException {
            return new Told(
                    code,
                    id,
                    row.getString(first),
                    row.getString(first + 1),
                    row.getString(first + 2),
                    row.getString(first + 3),
                    row.getString(first + 4),
                    row.getString(first + 5),
                    row.getBigDecimal(first + 6));
        }

        String kind() {
            return EventKind.ofCode(code).type();
        }
    }

    /** All that there is, and what comes in the second after. */
    private void carryForATick() throws InterruptedException {
        long end = System.nanoTime() + PERIOD.toNanos();
        do {
            List<Node> nodes = distribution.nodes();
            if (nodes.isEmpty()) {
                return;
            }
            toCarry.drainPermits();
            List<Node> more = nodes;
            while (!more.isEmpty() && !stopping) { // In turns, so that one that has much keeps no other.
                more = more.stream().filter(this::carryFrom).toList();
                tick.goesOn();
            }
            Thread.sleep(PAUSE.toMillis());
        } while (!stopping && toCarry.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS));
    }

    /** A piece; whether there may be more. */
    private boolean carryFrom(Node node) {
        long begun = System.nanoTime();
        Long rests = resting.get(node);
        if (rests != null && begun - rests < 0) {
            return false;
        }
        int rows = pieces.getOrDefault(node, ROWS_MAX);
        Optional<ShardMap> map = distribution.map();
        try {
            boolean more = carryPiece(node, rows);
            pieces.put(node, Math.min(2 * rows, ROWS_MAX));
            if (failing.remove(node)) {
                Log.infof("What %s keeps for endpoints is carried again", node);
            }
            return more;
        } catch (SQLException failure) {
            pieces.put(node, Math.max(1, rows / 2)); // What takes too long at once may not in halves.
            sessions.failed(node, failure);
            distribution.mayBeOtherwise(failure);
            if (!OnShards.isBusy(failure) && distribution.map().equals(map)) {
                failed(node, failure, System.nanoTime() - begun);
            }
            return false;
        }
    }

    /** And it is not that a shard has moved. Of a server that is away others tell; what one that answers refuses is told by this alone. */
    private void failed(Node node, SQLException failure, long nanos) {
        if (DatabaseFailure.blame(failure) != Blame.THE_DATABASE || DatabaseFailure.isOfTheStatement(failure)) {
            metrics.failed();
        }
        resting.put(node, System.nanoTime() + Math.min(REST_FACTOR * nanos, REST_MAX.toNanos()));
        if (failing.add(node)) {
            Log.warnf("What %s keeps for endpoints stays there for now: %s", node, failure.getMessage());
        }
    }

    private record Key(String transactionId, String tellingId) {}

    private record Missing(String code, String id) {}

    private boolean carryPiece(Node node, int rowsMax) throws SQLException {
        ShardMap map = distribution.map().orElse(null);
        List<Shard> shards = map == null ? List.of() : map.on(node);
        if (map == null || shards.isEmpty()) {
            return false;
        }
        Set<Key> claimed = new LinkedHashSet<>();
        List<Told> told = new ArrayList<>();
        Map<String, List<Missing>> missing = new HashMap<>();
        try (Connection connection = sessions.delivery(node).getConnection()) {
            return OnShards.guarded(connection, shards, () -> {
                OnShards.run(
                        connection,
                        map,
                        shards,
                        CLAIM,
                        (claim, first, shard) -> {
                            claim.setInt(first, rowsMax);
                            return first + 1;
                        },
                        (rows, shard) -> {
                            while (rows.next()) {
                                claimed.add(new Key(rows.getString(1), rows.getString(2)));
                                if (rows.getString(6) == null) {
                                    missing.computeIfAbsent(rows.getString(5), of -> new ArrayList<>())
                                            .add(new Missing(rows.getString(3), rows.getString(4)));
                                } else {
                                    told.add(Told.of(rows.getString(3), rows.getString(4), rows, 6));
                                }
                            }
                        });
                if (!claimed.isEmpty()) {
                    queue(told, missing);
                    OnShards.run(
                            connection,
                            map,
                            shards,
                            DELETE,
                            (delete, first, shard) -> {
                                List<Key> keys = List.copyOf(claimed);
                                delete.setArray(first, Columns.of(connection, "text", keys, Key::transactionId));
                                delete.setArray(first + 1, Columns.of(connection, "text", keys, Key::tellingId));
                                return first + 2;
                            },
                            (rows, shard) -> {});
                }
                return claimed.size() >= rowsMax;
            });
        }
    }

    private void queue(List<Told> told, Map<String, List<Missing>> missing) throws SQLException {
        try (Connection connection = queue.getConnection();
                PreparedStatement insert = connection.prepareStatement(QUEUE)) {
            if (!missing.isEmpty()) { // Of what is nowhere any more nothing can be told.
                told.addAll(elsewhere(connection, missing));
            }
            List<Function<Told, @Nullable Object>> columns = List.of(
                    Told::code,
                    Told::kind,
                    Told::id,
                    Told::transactionId,
                    Told::source,
                    Told::type,
                    Told::currency,
                    Told::sourceAccount,
                    Told::destinationAccount,
                    Told::amount);
            for (int i = 0; i < columns.size(); i++) {
                String type = i == columns.size() - 1 ? "numeric" : "text";
                insert.setArray(i + 1, Columns.of(connection, type, told, columns.get(i)));
            }
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                telling.queued(row, 1);
            }
        }
    }

    private static List<Told> elsewhere(Connection connection, Map<String, List<Missing>> missing) throws SQLException {
        List<Told> found = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(ELSEWHERE)) {
            select.setArray(1, connection.createArrayOf("text", missing.keySet().toArray(String[]::new)));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    for (Missing one : missing.getOrDefault(row.getString(1), List.of())) {
                        found.add(Told.of(one.code(), one.id(), row, 1));
                    }
                }
            }
        }
        return found;
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        toCarry.release();
    }
}
