package dev.tallyhook.processing;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
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
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * How much waits in the ledger, of all replicas together, counted now and then: the longer counting takes, the longer it rests,
 * so that it costs a fiftieth of one connection's time, and a sixteenth where it takes the 4 s that it may. What is finished costs
 * nothing.
 */
@ApplicationScoped
public class Backlog {

    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final int REST_FACTOR = 50;
    private static final Duration REST_MAX = Duration.ofMinutes(1);

    /** What is older is not shown as what waits now. */
    private static final double NEWS_SECONDS_MAX = 120;

    /** Whatever is due since something may wait, and the strays that were due before. A row whose due time is not finite is never due. */
    static final String COUNT = """
            SELECT count(*),
                   count(*) FILTER (WHERE due_at <= now() AND isfinite(due_at)),
                   coalesce(greatest(extract(epoch FROM now() - min(due_at) FILTER (WHERE isfinite(due_at))), 0), 0)
            FROM (
                SELECT due_at
                FROM transactions
                WHERE status = 'PROCESSING'
                  AND due_at >= (SELECT open_due())
                UNION ALL
                SELECT due_at
                FROM transactions
                WHERE status = 'PROCESSING'
                  AND due_at < (SELECT open_due())
                  AND transaction_id = ANY (ARRAY (SELECT DISTINCT transaction_id FROM strays WHERE look_at <> 'infinity'))) AS waiting
            """;

    /** Of a distributed ledger, where each shard has an index of what waits, and nothing else. */
    private static final String COUNT_IN_SHARDS = """
            SELECT count(*),
                   count(*) FILTER (WHERE due_at <= now() AND isfinite(due_at)),
                   coalesce(greatest(extract(epoch FROM now() - min(due_at) FILTER (WHERE isfinite(due_at))), 0), 0)
            FROM transactions
            WHERE status = 'PROCESSING'
            """;

    private final DataSource dataSource;
    private final Distribution distribution;
    private final ProcessingMetrics metrics;
    private final Tick tick;
    private boolean failing;
    private volatile @Nullable Size latest;

    Backlog(DataSource dataSource, Distribution distribution, ProcessingMetrics metrics, Ticks ticks) {
        this.dataSource = dataSource;
        this.distribution = distribution;
        this.metrics = metrics;
        this.tick = ticks.every(PERIOD, "backlog", this::count);
    }

    /**
     * What was counted.
     *
     * @param waiting transactions that are not finished
     * @param overdue those among them that are due
     * @param oldestOverdueSeconds how long the first of them has been due, or 0
     * @param nanos when it was counted, by the monotonic clock
     */
    public record Size(long waiting, long overdue, double oldestOverdueSeconds, long nanos) {

        double ageSeconds() {
            return (System.nanoTime() - nanos) / 1e9;
        }
    }

    /** As counted last; nothing until it has been counted once, and again when that was long ago. */
    public Optional<Size> latest() {
        return counted().filter(size -> size.ageSeconds() < NEWS_SECONDS_MAX);
    }

    private Optional<Size> counted() {
        return Optional.ofNullable(latest);
    }

    void start(@Observes StartupEvent event) {
        show("tallyhook.transactions.waiting", "Transactions of the whole ledger that wait", Size::waiting);
        show("tallyhook.transactions.overdue", "Transactions of the whole ledger that wait and are due", Size::overdue);
        show(
                "tallyhook.oldest.overdue.seconds",
                "How long the oldest of them has been due",
                Size::oldestOverdueSeconds);
        metrics.show(
                "tallyhook.backlog.measurement.age.seconds",
                "How long ago these were counted",
                this,
                backlog -> backlog.counted().map(Size::ageSeconds).orElse(Double.NaN));
    }

    /** Until it is counted there is no number, and that is what NaN says. */
    private void show(String name, String description, ToDoubleFunction<Size> value) {
        metrics.show(name, description, this, backlog -> backlog.latest()
                .map(size -> value.applyAsDouble(size))
                .orElse(Double.NaN));
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void count() {
        try (Connection connection = dataSource.getConnection()) {
            latest = countAndRest(connection);
            failing = false;
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf("What waits cannot be counted, and what is shown of it grows old: %s", failure.getMessage());
            }
        }
    }

    /** What it takes to get a connection costs the database nothing, so there is no rest for it. */
    private Size countAndRest(Connection connection) throws SQLException {
        long start = System.nanoTime();
        try (PreparedStatement count =
                        connection.prepareStatement(distribution.map().isPresent() ? COUNT_IN_SHARDS : COUNT);
                ResultSet row = count.executeQuery()) {
            row.next();
            return new Size(row.getLong(1), row.getLong(2), row.getDouble(3), System.nanoTime());
        } finally {
            Duration rest = Duration.ofNanos(System.nanoTime() - start).multipliedBy(REST_FACTOR);
            tick.rest(rest.compareTo(REST_MAX) < 0 ? rest : REST_MAX);
        }
    }
}
