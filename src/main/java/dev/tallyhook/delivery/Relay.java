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
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
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

    /** Rows of one shard at a time, each with up to {@link Telling#IDS_MAX} ids. */
    private static final int ROWS_MAX = 8;

    private static final String CLAIM = """
            WITH claimed AS MATERIALIZED (
                SELECT telling_id, event, ids, of_transactions
                FROM tellings
                ORDER BY kept_at
                LIMIT ?
                FOR UPDATE SKIP LOCKED)
            SELECT claimed.telling_id, claimed.event, told.id, t.transaction_id, t.source, t.type, t.currency, t.source_account,
                   t.destination_account, t.amount
            FROM claimed
            CROSS JOIN unnest(ids, of_transactions) AS told (id, of_transaction)
            LEFT JOIN transactions AS t ON t.transaction_id = told.of_transaction
            """;

    private static final String DELETE = "DELETE FROM tellings WHERE telling_id = ANY (?::uuid[])";

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
    private final Semaphore toCarry;
    private final Tick tick;
    private final Set<Node> failing = new HashSet<>();
    private volatile boolean stopping;

    Relay(
            Distribution distribution,
            NodeSessions sessions,
            @DataSource("delivery") javax.sql.DataSource queue,
            Telling telling,
            Ticks ticks) {
        this.distribution = distribution;
        this.sessions = sessions;
        this.queue = queue;
        this.telling = telling;
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

        static Told of(ResultSet row) throws SQLException {
            return new Told(
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6),
                    row.getString(7),
                    row.getString(8),
                    row.getString(9),
                    row.getBigDecimal(10));
        }

        String kind() {
            return EventKind.ofCode(code).type();
        }
    }

    /** All that there is, and what comes until the next tick takes over. */
    private void carryForATick() throws InterruptedException {
        long end = System.nanoTime() + PERIOD.toNanos();
        do {
            List<Node> nodes = distribution.map().map(ShardMap::nodes).orElse(List.of());
            if (nodes.isEmpty()) {
                return;
            }
            toCarry.drainPermits();
            for (Node node : nodes) {
                carryFrom(node);
            }
            tick.goesOn();
            Thread.sleep(PAUSE.toMillis());
        } while (!stopping && toCarry.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS));
    }

    private void carryFrom(Node node) {
        try {
            while (!stopping && carryPiece(node)) {
                tick.goesOn();
            }
            if (failing.remove(node)) {
                Log.infof("What %s keeps for endpoints is carried again", node);
            }
        } catch (SQLException failure) {
            distribution.mayBeOtherwise(failure);
            if (failing.add(node)) {
                Log.warnf("What %s keeps for endpoints stays there for now: %s", node, failure.getMessage());
            }
        }
    }

    /** Whether there may be more. */
    private boolean carryPiece(Node node) throws SQLException {
        ShardMap map = distribution.map().orElse(null);
        List<Shard> shards = map == null ? List.of() : map.on(node);
        if (map == null || shards.isEmpty()) {
            return false;
        }
        Set<String> claimed = new LinkedHashSet<>();
        List<Told> told = new ArrayList<>();
        try (Connection connection = sessions.processing(node).getConnection()) {
            connection.setAutoCommit(false);
            try {
                OnShards.run(connection, map, shards, CLAIM, Relay::bindClaim, (rows, shard) -> {
                    while (rows.next()) {
                        claimed.add(rows.getString(1));
                        if (rows.getString(4) != null) { // Nothing can be told of what somebody has deleted.
                            told.add(Told.of(rows));
                        }
                    }
                });
                if (!claimed.isEmpty()) {
                    queue(told);
                    OnShards.run(
                            connection,
                            map,
                            shards,
                            DELETE,
                            (delete, first, shard) -> {
                                delete.setArray(first, connection.createArrayOf("text", claimed.toArray()));
                                return first + 1;
                            },
                            (rows, shard) -> {});
                }
                connection.commit();
            } finally {
                connection.rollback(); // Of what has not been committed.
                connection.setAutoCommit(true);
            }
        }
        return claimed.size() >= ROWS_MAX;
    }

    private static int bindClaim(PreparedStatement claim, int first, Shard shard) throws SQLException {
        claim.setInt(first, ROWS_MAX);
        return first + 1;
    }

    private void queue(List<Told> told) throws SQLException {
        try (Connection connection = queue.getConnection();
                PreparedStatement insert = connection.prepareStatement(QUEUE)) {
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

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        toCarry.release();
    }
}
