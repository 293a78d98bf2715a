package dev.tallyhook.transaction;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;

/**
 * Drops the indexes that replicas of an earlier version claim and list by, once all of those that reported what they do within the last
 * 15 minutes are of this version. While they are there each finish writes a row and its index entries anew, instead of in place.
 */
@Startup
@ApplicationScoped
class EarlierIndexes {

    private static final Duration PERIOD = Duration.ofMinutes(1);

    private static final String INDEXES =
            "transactions_due, transactions_waiting, transactions_finished_by_time, transactions_held";

    private static final String NOT_NEEDED = """
            SELECT relname
            FROM pg_index
            JOIN pg_class ON pg_class.oid = indexrelid
            WHERE indrelid = 'transactions'::regclass
              AND relname = ANY (string_to_array('%s', ', '))
              AND NOT EXISTS (
                  SELECT FROM activity WHERE settles IS NULL AND at > clock_timestamp() - interval '15 minutes')
            ORDER BY relname
            """.formatted(INDEXES);

    /** {@code insufficient_privilege}. */
    private static final String NOT_ITS_OWNER = "42501";

    private final DataSource dataSource;
    private final Distribution distribution;
    private final Tick tick;
    private boolean isLeftToTheOwner;

    EarlierIndexes(DataSource dataSource, Distribution distribution, Ticks ticks) {
        this.dataSource = dataSource;
        this.distribution = distribution;
        this.tick = ticks.every(PERIOD, "earlier-indexes", this::drop, Tick.Trait.WRITES_ASIDE);
    }

    @Scheduled(every = "60s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void drop() {
        if (isLeftToTheOwner || distribution.map().isPresent()) {
            return;
        }
        try {
            dropWhatIsNotNeeded(dataSource);
        } catch (SQLException failure) {
            if (NOT_ITS_OWNER.equals(failure.getSQLState())) {
                isLeftToTheOwner = true;
                Log.warnf("Each finish costs more than it has to until the owner of the table has dropped %s", INDEXES);
            } else {
                Log.debugf("Indexes of an earlier version are dropped later: %s", failure.getMessage());
            }
        }
    }

    /** Waits for transactions that may still use the index, while nobody waits for it; if it takes too long, the next time goes on. */
    static void dropWhatIsNotNeeded(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            List<String> indexes = new Sql().add(NOT_NEEDED).query(connection, row -> row.getString(1));
            for (String index : indexes) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("DROP INDEX CONCURRENTLY IF EXISTS " + index);
                }
                Log.infof("The index %s is dropped: all replicas are of a version that does without", index);
            }
        }
    }
}
