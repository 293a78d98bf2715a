package dev.tallyhook.bench;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * db-scheduler with a job for each message, which does one HTTP call: the message is made and signed already, so that it pays for nothing
 * but its queue and the call. With each of several numbers of threads; the best one counts.
 */
final class TellingPeer implements AutoCloseable {

    private static final List<Integer> THREADS = List.of(16, 32, 64);

    /** So many jobs for each second of a load: more than it has been seen to do. */
    private static final int JOBS_PER_SECOND = 1_000;

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Database database;
    private final HikariDataSource dataSource;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TellingPeer(Database database) throws SQLException {
        this.database = database;
        database.execute(Peer.TABLE);
        var config = new HikariConfig();
        config.setJdbcUrl(database.url());
        config.setUsername(database.user());
        config.setPassword(database.password());
        config.setMaximumPoolSize(THREADS.get(THREADS.size() - 1) + 16);
        dataSource = new HikariDataSource(config);
    }

    /**
     * Jobs in a second, with as many threads as suit it best.
     *
     * @param sample a request of the service's, in Base64
     * @param seconds about so long each
     */
    double perSecond(String sample, Receiving receiving, int seconds) throws Exception {
        HttpRequest request = request(new String(Base64.getDecoder().decode(sample), StandardCharsets.ISO_8859_1));
        double best = 0;
        for (int threads : THREADS) {
            double rate = perSecond(request, receiving, threads, JOBS_PER_SECOND * seconds);
            Report.progress("  db-scheduler with %d threads: %.0f/s".formatted(threads, rate));
            best = Math.max(best, rate);
        }
        return best;
    }

    private double perSecond(HttpRequest request, Receiving receiving, int threads, int jobs) throws Exception {
        database.execute("TRUNCATE scheduled_tasks");
        database.execute(
                """
                INSERT INTO scheduled_tasks (task_name, task_instance, execution_time, picked, version)
                SELECT 'tell', md5(i::text), now() - interval '1 hour' + i * interval '1 microsecond', false, 1
                FROM generate_series(1, %d) AS i
                """
                        .formatted(jobs));
        database.execute("VACUUM ANALYZE scheduled_tasks");
        database.execute("CHECKPOINT");
        OneTimeTask<Void> task = Tasks.oneTime("tell").execute((instance, context) -> call(request));
        var scheduler = Scheduler.create(dataSource, task)
                .threads(threads)
                .pollUsingLockAndFetch(4.0, 20.0)
                .pollingInterval(Duration.ofMillis(10))
                .build();
        receiving.forget();
        scheduler.start();
        try {
            receiving.await(jobs, PATIENCE);
        } finally {
            scheduler.stop();
        }
        return receiving.told().get(0).perSecond();
    }

    private void call(HttpRequest request) {
        try {
            if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() != 200) {
                throw new IllegalStateException("It is refused");
            }
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static HttpRequest request(String text) {
        int head = text.indexOf("\r\n\r\n");
        String[] lines = text.substring(0, head).split("\r\n");
        var request = HttpRequest.newBuilder()
                .POST(HttpRequest.BodyPublishers.ofByteArray(text.substring(head + 4).getBytes(StandardCharsets.ISO_8859_1)));
        for (int i = 1; i < lines.length; i++) {
            String name = lines[i].substring(0, lines[i].indexOf(':'));
            String value = lines[i].substring(name.length() + 1).trim();
            switch (name.toLowerCase(Locale.ROOT)) {
                case "host" -> request.uri(URI.create("http://" + value + lines[0].split(" ")[1]));
                case "content-length", "connection" -> {} // Which the client sets by itself.
                default -> request.header(name, value);
            }
        }
        return request.build();
    }

    @Override
    public void close() {
        dataSource.close();
    }
}
