package dev.tallyhook.bench;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * db-scheduler doing the same work with the settings that suit it best: each task marks its transaction's row. It runs in
 * this process and is called directly, so it has no HTTP to pay for.
 */
final class Peer implements AutoCloseable {

    private static final int THREADS = 16;

    static final String TABLE =
            """
            DROP TABLE IF EXISTS scheduled_tasks;
            CREATE TABLE scheduled_tasks (
                task_name text NOT NULL,
                task_instance text NOT NULL,
                task_data bytea,
                execution_time timestamptz NOT NULL,
                picked boolean NOT NULL,
                picked_by text,
                last_success timestamptz,
                last_failure timestamptz,
                consecutive_failures int,
                last_heartbeat timestamptz,
                version bigint NOT NULL,
                priority smallint,
                state text,
                PRIMARY KEY (task_name, task_instance));
            CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
            CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
            """;

    private static final String FINISH =
            "UPDATE transactions SET status = 'PROCESSED', processed_at = greatest(clock_timestamp(), due_at) WHERE transaction_id = ?";

    private static final String INSERT =
            """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
            VALUES (?, 'acc_user_789', 'acc_merchant_456', 1500.50, 'INR', now() + ? * interval '1 millisecond')
            """;

    private final Database database;
    private final HikariDataSource dataSource;
    private final OneTimeTask<Void> task;

    Peer(Database database) throws SQLException {
        this.database = database;
        database.execute(TABLE);
        var config = new HikariConfig();
        config.setJdbcUrl(database.url());
        config.setUsername(database.user());
        config.setPassword(database.password());
        config.setMaximumPoolSize(THREADS + 16);
        dataSource = new HikariDataSource(config);
        task = Tasks.oneTime("finish").execute((instance, context) -> finish(instance.getId()));
    }

    private void finish(String transactionId) {
        try (var connection = dataSource.getConnection();
                var finish = connection.prepareStatement(FINISH)) {
            finish.setString(1, transactionId);
            finish.executeUpdate();
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private Scheduler scheduler() {
        return Scheduler.create(dataSource, task)
                .threads(THREADS)
                .pollUsingLockAndFetch(4.0, 20.0)
                .pollingInterval(Duration.ofMillis(10))
                .build();
    }

    /** Tasks per second, each a transaction's row and its schedule entry, by {@value #THREADS} threads. */
    double enqueuesPerSecond(Duration duration) throws InterruptedException {
        var client = SchedulerClient.Builder.create(dataSource, task).build();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        var ids = new AtomicLong(System.nanoTime());
        var enqueued = new AtomicLong();
        long end = System.nanoTime() + duration.toNanos();
        for (int i = 0; i < THREADS; i++) {
            pool.submit(() -> {
                while (System.nanoTime() < end) {
                    enqueue(client, ids.incrementAndGet(), Duration.ofHours(1));
                    enqueued.incrementAndGet();
                }
                return null;
            });
        }
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.MINUTES);
        return enqueued.get() / (duration.toNanos() / 1e9);
    }

    private void enqueue(SchedulerClient client, long number, Duration delay) throws SQLException {
        String id = "txn_%016x".formatted(Payload.scramble(number));
        try (var connection = dataSource.getConnection();
                var insert = connection.prepareStatement(INSERT)) {
            insert.setString(1, id);
            insert.setLong(2, delay.toMillis());
            insert.executeUpdate();
        }
        client.scheduleIfNotExists(task.instance(id), Instant.now().plus(delay));
    }

    /** Tasks per second of an overdue backlog of {@code count}. */
    double drainPerSecond(int count) throws SQLException, InterruptedException {
        database.seed(count, "0");
        database.execute(
                """
                INSERT INTO scheduled_tasks (task_name, task_instance, execution_time, picked, version)
                SELECT 'finish', transaction_id, due_at, false, 1 FROM transactions
                """);
        database.execute("ANALYZE scheduled_tasks");
        var scheduler = scheduler();
        long start = System.nanoTime();
        scheduler.start();
        while (database.number("SELECT count(*) FROM scheduled_tasks") > 0) {
            Thread.sleep(50);
        }
        double rate = count / ((System.nanoTime() - start) / 1e9);
        scheduler.stop();
        return rate;
    }

    /** Lateness in milliseconds, at the percentile, of tasks that become due at a rate. */
    double latenessMillis(int perSecond, Duration duration, double percentile) throws Exception {
        var client = SchedulerClient.Builder.create(dataSource, task).build();
        var scheduler = scheduler();
        scheduler.start();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        var room = new Semaphore(1_000);
        long start = System.nanoTime();
        long count = perSecond * duration.toSeconds();
        for (long i = 0; i < count; i++) {
            long intended = start + i * TimeUnit.SECONDS.toNanos(1) / perSecond;
            while (System.nanoTime() < intended) {
                Thread.sleep(1);
            }
            room.acquire();
            long number = start + i;
            pool.submit(() -> {
                try {
                    enqueue(client, number, Duration.ofSeconds(3));
                } finally {
                    room.release();
                }
                return null;
            });
        }
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.MINUTES);
        Thread.sleep(5_000);
        scheduler.stop();
        return Lateness.of(database).millis(percentile);
    }

    @Override
    public void close() throws SQLException {
        dataSource.close();
        database.execute("DROP TABLE IF EXISTS scheduled_tasks");
    }
}
