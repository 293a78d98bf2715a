package dev.tallyhook.operations;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Asks the database whether it takes writes, at most a few times a second however many probes come, and only when one
 * comes. Answer and patience together stay under a second, so that a probe never waits longer, nor hears older news.
 */
@ApplicationScoped
class DatabaseCheck {

    /** How long an answer is news. */
    private static final Duration FRESH_FOR = Duration.ofMillis(250);

    /** After this a database that does not answer counts as away. */
    private static final Duration PATIENCE = Duration.ofMillis(500);

    /** A standby, after a failover that this service has not followed, answers but takes no writes. */
    private static final String IS_WRITABLE = "SELECT current_setting('transaction_read_only') = 'off'";

    private final DataSource dataSource;
    private final ExecutorService asker = Executors.newSingleThreadExecutor(task -> new Thread(task, "database-check"));

    private @Nullable Question latest;

    DatabaseCheck(@io.quarkus.agroal.DataSource("processing") DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** A question under way or answered: {@code asked} by the monotonic clock, {@code done} once the thread is free. */
    private record Question(long asked, CompletableFuture<Boolean> answer, CompletableFuture<Void> done) {

        boolean isStale() {
            return System.nanoTime() - asked > FRESH_FOR.toNanos();
        }
    }

    /**
     * Whether the database takes writes, by an answer that is at most 250 ms old, given after at most 500 ms. While a question
     * goes unanswered for longer, the answer stays no.
     */
    synchronized CompletionStage<Boolean> writable() {
        if (latest == null || (latest.done().isDone() && latest.isStale())) {
            var answer = new CompletableFuture<Boolean>();
            var done = CompletableFuture.runAsync(() -> answer.complete(ask()), asker);
            answer.completeOnTimeout(false, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            latest = new Question(System.nanoTime(), answer, done);
        }
        return latest.answer();
    }

    private boolean ask() {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(IS_WRITABLE)) {
            return row.next() && row.getBoolean(1);
        } catch (SQLException away) {
            Log.debug("The database does not answer the probe", away);
            return false;
        }
    }

    void stop(@Observes ShutdownEvent event) {
        asker.shutdownNow();
    }
}
