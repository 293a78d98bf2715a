package dev.tallyhook.delivery;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.endpoint.EndpointCounts;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Sql;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be told and what was given up, of all replicas together, counted now and then: the longer counting takes, the longer it
 * rests. A queue that is too long to be counted in the 4 s that a statement may take has no number.
 */
@ApplicationScoped
class QueueCounts implements EndpointCounts {

    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final int REST_FACTOR = 50;
    private static final Duration REST_MAX = Duration.ofMinutes(1);

    /** What is older is not shown as what waits now. */
    private static final double NEWS_SECONDS_MAX = 120;

    /** Whose number is a metric of its own: those for whom the most waits. */
    private static final int SHOWN_MAX = 20;

    /** What failed stands alone in its row, and is counted without being read. */
    static final String WAITING = """
            SELECT endpoint_id,
                   sum(CASE WHEN attempts > 0 THEN 1 ELSE cardinality(ids) END),
                   greatest(extract(epoch FROM now() - min(next_at)), 0)
            FROM deliveries
            GROUP BY endpoint_id
            """;

    static final String GIVEN_UP = "SELECT endpoint_id, count(*) FROM dead_letters GROUP BY endpoint_id";

    /** Of a distributed ledger, in whose shards it waits before it is queued. */
    private static final String KEPT = "SELECT coalesce(extract(epoch FROM now() - min(kept_at)), 0) FROM tellings";

    private final DataSource dataSource;
    private final Distribution distribution;
    private final MultiGauge waitingMost;
    private final Tick tick;
    private boolean failing;
    private volatile @Nullable Queue queue;
    private volatile @Nullable Letters letters;
    private volatile @Nullable Kept kept;

    QueueCounts(DataSource dataSource, Distribution distribution, MeterRegistry registry, Ticks ticks) {
        this.dataSource = dataSource;
        this.distribution = distribution;
        this.tick = ticks.every(PERIOD, "queue", this::count);
        this.waitingMost = MultiGauge.builder("tallyhook.endpoint.waiting")
                .description("Messages that wait for an endpoint, of the 20 for which the most wait")
                .register(registry);
        show(registry, "tallyhook.endpoints.waiting", "Messages that wait, of all endpoints", QueueCounts::waiting);
        show(
                registry,
                "tallyhook.endpoints.oldest.waiting.seconds",
                "How long the first of them that waits could have been told",
                QueueCounts::oldestSeconds);
        show(registry, "tallyhook.dead.letters", "Messages that were given up, of all endpoints", QueueCounts::givenUp);
    }

    private void show(MeterRegistry registry, String name, String description, ToDoubleFunction<QueueCounts> value) {
        Gauge.builder(name, this, value).description(description).register(registry);
    }

    private record Waiting(String endpointId, long messages, double oldestSeconds) {}

    private record Queue(Map<String, Waiting> waiting, long nanos) {}

    private record Letters(Map<String, Long> counts, long nanos) {}

    private record Kept(double oldestSeconds, long nanos) {}

    private static boolean isNews(long nanos) {
        return (System.nanoTime() - nanos) / 1e9 < NEWS_SECONDS_MAX;
    }

    /** As counted last: what waits is null until it has been counted once, and again when that was long ago. */
    @Override
    public Map<String, Counts> of(Collection<String> endpointIds) {
        Map<String, Counts> counts = new HashMap<>();
        endpointIds.forEach(id -> counts.put(id, new Counts(waiting(id), deadLetters(id))));
        return counts;
    }

    private @Nullable Long waiting(String endpointId) {
        Queue counted = queue;
        if (counted == null || !isNews(counted.nanos())) {
            return null;
        }
        Waiting waiting = counted.waiting().get(endpointId);
        return waiting == null ? 0 : waiting.messages();
    }

    long deadLetters(String endpointId) {
        Letters counted = letters;
        return counted == null ? 0 : counted.counts().getOrDefault(endpointId, 0L);
    }

    /** Until it is counted there is no number, and that is what NaN says. */
    private double waiting() {
        Queue counted = queue;
        return counted == null || !isNews(counted.nanos())
                ? Double.NaN
                : counted.waiting().values().stream()
                        .mapToLong(Waiting::messages)
                        .sum();
    }

    private double oldestSeconds() {
        Queue counted = queue;
        if (counted == null || !isNews(counted.nanos())) {
            return Double.NaN;
        }
        double queued = counted.waiting().values().stream()
                .mapToDouble(Waiting::oldestSeconds)
                .reduce(0, Math::max);
        double inShards = keptSeconds();
        // As long as that at least; but where shards cannot be asked, nothing in the queue does not mean that nothing
        // waits.
        return Double.isNaN(inShards) && queued > 0 ? queued : Math.max(queued, inShards);
    }

    private double keptSeconds() {
        Kept inShards = kept;
        if (inShards != null && isNews(inShards.nanos())) {
            return inShards.oldestSeconds();
        }
        return distribution.map().isPresent() ? Double.NaN : 0;
    }

    private double givenUp() {
        Letters counted = letters;
        return counted == null || !isNews(counted.nanos())
                ? Double.NaN
                : counted.counts().values().stream().mapToLong(Long::longValue).sum();
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void count() {
        try (Connection connection = dataSource.getConnection()) {
            countAndRest(connection);
            failing = false;
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf(
                        "What waits for endpoints cannot be counted, or not in all shards, and what is shown of it grows old: %s",
                        failure.getMessage());
            }
        }
    }

    /** What it takes to get a connection costs the database nothing, so there is no rest for it. */
    private void countAndRest(Connection connection) throws SQLException {
        long start = System.nanoTime();
        try {
            letters = new Letters(
                    new Sql()
                                    .add(GIVEN_UP)
                                    .query(connection, row -> Map.entry(row.getString(1), row.getLong(2)))
                                    .stream()
                                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)),
                    System.nanoTime());
            List<Waiting> counted = new Sql()
                    .add(WAITING)
                    .query(connection, row -> new Waiting(row.getString(1), row.getLong(2), row.getDouble(3)));
            queue = new Queue(
                    counted.stream().collect(Collectors.toMap(Waiting::endpointId, waiting -> waiting)),
                    System.nanoTime());
            showMost(counted);
            if (distribution.map().isPresent()) {
                kept = new Kept(
                        new Sql()
                                .add(KEPT)
                                .query(connection, row -> row.getDouble(1))
                                .get(0),
                        System.nanoTime());
            }
        } finally {
            Duration rest = Duration.ofNanos(System.nanoTime() - start).multipliedBy(REST_FACTOR);
            tick.rest(rest.compareTo(REST_MAX) < 0 ? rest : REST_MAX);
        }
    }

    private void showMost(List<Waiting> counted) {
        waitingMost.register(
                counted.stream()
                        .sorted(Comparator.comparingLong(Waiting::messages).reversed())
                        .limit(SHOWN_MAX)
                        .map(waiting ->
                                MultiGauge.Row.of(Tags.of("endpoint", waiting.endpointId()), waiting.messages()))
                        .collect(Collectors.toList()),
                true);
    }
}
