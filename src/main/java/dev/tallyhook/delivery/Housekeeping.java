package dev.tallyhook.delivery;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.endpoint.TellingConfig;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Sql;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Deletes, in pieces, what belongs to endpoints that are gone, and attempts and replays that nobody needs to see any more. Any replica
 * does it; what one is at, others leave alone.
 */
@ApplicationScoped
class Housekeeping {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** When there was nothing more to do. */
    private static final Duration REST = Duration.ofSeconds(15);

    /** Rows of one statement. */
    private static final int PIECE = 1_000;

    /** Of one second: telling needs the connections as well. */
    private static final int PIECES_MAX = 20;

    /** Of one endpoint, that have ended. */
    static final int REPLAYS_MAX = 1_000;

    /** Where endpoints leave rows behind, and what finds those of one. */
    private enum Table {
        DELIVERIES("deliveries", "delivery_id"),
        DEAD_LETTERS("dead_letters", "dead_letter_id"),
        ATTEMPTS("attempts", "attempt_id"),
        REPLAYS("replays", "replay_id");

        private final String gone;
        private final String delete;

        Table(String name, String key) {
            gone = GONE.formatted(name, name);
            delete = DELETE.formatted(name, key, key, name, key);
        }
    }

    /** From one endpoint to the next in the index, however many rows each has. */
    private static final String EACH = """
            WITH RECURSIVE each AS (
                (
                    SELECT endpoint_id
                    FROM %s
                    ORDER BY endpoint_id
                    LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT endpoint_id
                    FROM %s
                    WHERE endpoint_id > each.endpoint_id
                    ORDER BY endpoint_id
                    LIMIT 1)
                FROM each
                WHERE endpoint_id IS NOT NULL)
            """;

    static final String GONE = EACH + """
            SELECT endpoint_id
            FROM each
            WHERE endpoint_id IS NOT NULL
              AND NOT EXISTS (SELECT FROM endpoints AS e WHERE e.endpoint_id = each.endpoint_id)
            """;

    private static final String ANY_ATTEMPTS = "SELECT true FROM attempts LIMIT 1";

    private static final String ENOUGH_REPLAYS = "SELECT true FROM replays OFFSET ? LIMIT 1";

    private static final String DELETE = """
            DELETE FROM %s
            WHERE %s = ANY (ARRAY (
                SELECT %s
                FROM %s AS left_behind
                WHERE endpoint_id = ?
                  AND NOT EXISTS (SELECT FROM endpoints AS e WHERE e.endpoint_id = left_behind.endpoint_id)
                LIMIT ?
                FOR UPDATE SKIP LOCKED))
            RETURNING %s
            """;

    /** Ids follow times nearly, so what is too old is among the first of each endpoint. */
    private static final String PRUNE_ATTEMPTS = EACH.formatted("attempts", "attempts") + """
            DELETE FROM attempts
            WHERE attempt_id = ANY (ARRAY (
                SELECT old.attempt_id
                FROM each
                CROSS JOIN LATERAL (
                    (
                        SELECT attempt_id
                        FROM attempts
                        WHERE endpoint_id = each.endpoint_id
                        ORDER BY attempt_id DESC
                        OFFSET ?
                        LIMIT ?)
                    UNION
                    SELECT attempt_id
                    FROM (
                        SELECT attempt_id, at
                        FROM attempts
                        WHERE endpoint_id = each.endpoint_id
                        ORDER BY attempt_id
                        LIMIT ?) AS first
                    WHERE at < clock_timestamp() - ? * interval '1 millisecond') AS old
                LIMIT ?))
            RETURNING attempt_id
            """;

    private static final String PRUNE_REPLAYS = EACH.formatted("replays", "replays") + """
            DELETE FROM replays
            WHERE replay_id = ANY (ARRAY (
                SELECT old.replay_id
                FROM each
                CROSS JOIN LATERAL (
                    SELECT replay_id
                    FROM replays
                    WHERE endpoint_id = each.endpoint_id
                      AND state <> 'RUNNING'
                    ORDER BY replay_id DESC
                    OFFSET ?
                    LIMIT ?) AS old
                LIMIT ?))
            RETURNING replay_id
            """;

    private final javax.sql.DataSource asking;
    private final javax.sql.DataSource dataSource;
    private final TellingConfig config;
    private final Tick tick;
    private boolean failing;

    /** @param asking has connections that are open anyhow; those of {@code dataSource} are opened when there is something to do */
    Housekeeping(
            javax.sql.DataSource asking,
            @DataSource("delivery") javax.sql.DataSource dataSource,
            TellingConfig config,
            Ticks ticks) {
        this.asking = asking;
        this.dataSource = dataSource;
        this.config = config;
        this.tick = ticks.every(PERIOD, "housekeeping", this::clean);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    void clean() {
        try {
            int pieces = PIECES_MAX;
            for (Table table : Table.values()) {
                for (String endpointId : new Sql().add(table.gone).query(asking, row -> row.getString(1))) {
                    pieces = deleteAll(() -> new Sql().add(table.delete, endpointId, PIECE), pieces);
                }
            }
            pieces = pruneAttempts(pieces);
            pieces = pruneReplays(pieces);
            tick.rest(pieces > 0 ? REST : Duration.ZERO);
            failing = false;
        } catch (SQLException failure) {
            tick.rest(REST);
            if (!failing) {
                failing = true;
                Log.warnf("What endpoints that are gone have left behind stays for now: %s", failure.getMessage());
            }
        }
    }

    private int pruneAttempts(int piecesMax) throws SQLException {
        if (new Sql().add(ANY_ATTEMPTS).query(asking, row -> true).isEmpty()) {
            return piecesMax;
        }
        int kept = AttemptResource.KEPT_MAX;
        long millis = config.keepAttempts().toMillis();
        return deleteAll(() -> new Sql().add(PRUNE_ATTEMPTS, kept, PIECE, kept, millis, PIECE), piecesMax);
    }

    private int pruneReplays(int piecesMax) throws SQLException {
        if (new Sql()
                .add(ENOUGH_REPLAYS, REPLAYS_MAX)
                .query(asking, row -> true)
                .isEmpty()) {
            return piecesMax;
        }
        return deleteAll(() -> new Sql().add(PRUNE_REPLAYS, REPLAYS_MAX, PIECE, PIECE), piecesMax);
    }

    /** The pieces that are left. */
    private int deleteAll(Supplier<Sql> piece, int piecesMax) throws SQLException {
        for (int pieces = piecesMax; pieces > 0; pieces--) {
            if (delete(piece.get()) < PIECE) {
                return pieces - 1;
            }
        }
        return 0;
    }

    private int delete(Sql statement) throws SQLException {
        tick.goesOn();
        return statement.query(dataSource, row -> row.getLong(1)).size();
    }
}
