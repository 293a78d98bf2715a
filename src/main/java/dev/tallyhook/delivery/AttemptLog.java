package dev.tallyhook.delivery;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Columns;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Some of the attempts, for people to look at: of each endpoint and second the first success and the first failures, and every test.
 * They are told and not owed, so what does not fit, and what cannot be written, is forgotten.
 */
@Singleton
class AttemptLog {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Of one endpoint in one second. */
    private static final int FAILURES_MAX = 10;

    /** In memory, of all endpoints: with their answers some megabytes. */
    private static final int PENDING_MAX = 2_000;

    /** Whether the commit waits for the disk would matter to somebody whose message it is, and these are nobody's. */
    private static final String WRITE = """
            INSERT INTO attempts (endpoint_id, at, event, id, outcome, status, took_millis, answer)
            SELECT endpoint_id,
                   clock_timestamp() - age_micros * interval '1 microsecond',
                   event::"char",
                   id,
                   outcome,
                   nullif(status, 0),
                   took_millis,
                   answer
            FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::smallint[], ?::integer[], ?::text[])
                AS made (endpoint_id, age_micros, event, id, outcome, status, took_millis, answer)
            WHERE (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
            ORDER BY age_micros DESC
            """;

    private final javax.sql.DataSource dataSource;
    private final Tick tick;
    private final ConcurrentMap<String, Sample> samples = new ConcurrentHashMap<>();
    private final Queue<Entry> pending = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pendingCount = new AtomicInteger();
    private boolean failing;

    AttemptLog(@DataSource("delivery") javax.sql.DataSource dataSource, Ticks ticks) {
        this.dataSource = dataSource;
        this.tick = ticks.every(PERIOD, "attempts", this::write);
    }

    private record Entry(String endpointId, String event, String id, Attempt attempt, long nanos) {}

    /** What of one endpoint is kept until the next write. */
    private static final class Sample {

        private final AtomicBoolean success = new AtomicBoolean();
        private final AtomicInteger failures = new AtomicInteger();

        boolean takes(Attempt attempt) {
            return attempt.isDelivered()
                    ? !success.get() && success.compareAndSet(false, true)
                    : failures.get() < FAILURES_MAX && failures.incrementAndGet() <= FAILURES_MAX;
        }
    }

    /**
     * Remembers it, or not. Does not block, and costs next to nothing when many are the same.
     *
     * @param kind null for a test
     * @param id of what was told of
     */
    void record(String endpointId, @Nullable EventKind kind, String id, Attempt attempt) {
        if (pendingCount.get() >= PENDING_MAX) {
            return;
        }
        boolean taken = kind == null
                || samples.computeIfAbsent(endpointId, unseen -> new Sample()).takes(attempt);
        if (taken) {
            pendingCount.incrementAndGet();
            pending.add(new Entry(
                    endpointId, kind == null ? Subject.TEST_CODE : kind.code(), id, attempt, System.nanoTime()));
        }
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void write() {
        samples.clear();
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < PENDING_MAX; i++) {
            Entry next = pending.poll();
            if (next == null) {
                break;
            }
            entries.add(next);
        }
        pendingCount.addAndGet(-entries.size());
        if (entries.isEmpty()) {
            return;
        }
        try (Connection connection = dataSource.getConnection();
                PreparedStatement write = connection.prepareStatement(WRITE)) {
            bind(connection, write, entries);
            write.executeUpdate();
            failing = false;
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf("The last attempts cannot be kept to be looked at: %s", failure.getMessage());
            }
        }
    }

    private static void bind(Connection connection, PreparedStatement write, List<Entry> entries) throws SQLException {
        long now = System.nanoTime();
        write.setArray(1, Columns.of(connection, "text", entries, Entry::endpointId));
        write.setArray(2, Columns.of(connection, "bigint", entries, entry -> (now - entry.nanos()) / 1_000));
        write.setArray(3, Columns.of(connection, "text", entries, Entry::event));
        write.setArray(4, Columns.of(connection, "text", entries, Entry::id));
        write.setArray(5, Columns.of(connection, "text", entries, entry -> entry.attempt()
                .outcome()
                .name()));
        write.setArray(6, Columns.of(connection, "smallint", entries, entry ->
                (short) entry.attempt().status()));
        write.setArray(
                7,
                Columns.of(
                        connection,
                        "int",
                        entries,
                        entry -> millis(entry.attempt().took())));
        write.setArray(8, Columns.of(connection, "text", entries, entry -> entry.attempt()
                .answer()));
    }

    private static int millis(Duration took) {
        return (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMillis(took.toNanos()));
    }
}
