package dev.tallyhook.keeping;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.database.ReplicaName;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Stretches;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Lets go what was kept long enough, as the settings say: in pieces, each followed by a rest of twice what it took, so that a third of one of the
 * database's cores is taken at most. Only one replica does it at a time.
 */
@Startup
@ApplicationScoped
class Keeping {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** When there is nothing to do. */
    private static final Duration REST = Duration.ofSeconds(10);

    /** When it failed. */
    private static final Duration REST_FAILED = Duration.ofSeconds(30);

    /** What stayed behind, because it was held, owed or locked, is looked for again. */
    private static final Duration ANEW = Duration.ofMinutes(10);

    private static final Duration TOLD = Duration.ofMinutes(1);

    private static final int REST_FACTOR = 2;

    /** Of one transaction. */
    private static final int PIECE = 1_000;

    /** Of one file of the archive. */
    private static final int FILE = 20_000;

    static final String TRANSACTIONS = "transactions";
    static final String REQUESTS = "requests";
    static final String CONFLICTS = "conflicts";
    static final String IDS = "ids";

    private final KeepingConfig config;
    private final KeepingMetrics metrics;
    private final Stretches stretches;
    private final Lease lease;
    private final Departures departures;
    private final Leftovers leftovers;
    private final @Nullable Archive archive;
    private final Tick tick;
    private final CountDownLatch stopping = new CountDownLatch(1);

    private long anewNanos = System.nanoTime();
    private long pieceNanos;
    private long toldNanos = System.nanoTime();
    private long untold;
    private @Nullable String failing;

    Keeping(
            KeepingConfig config,
            DataSource dataSource,
            ObjectMapper json,
            Stretches stretches,
            ArchiveStores stores,
            KeepingMetrics metrics,
            ReplicaName replica,
            Ticks ticks) {
        this.config = config;
        this.metrics = metrics;
        this.stretches = stretches;
        this.lease = new Lease(dataSource, replica.whole());
        this.departures = new Departures(
                dataSource, !KeepingRules.isNone(config.rememberIds()).orElseThrow());
        this.leftovers = new Leftovers(dataSource);
        this.archive = config.archiveTo()
                .map(to -> new Archive(dataSource, new ArchivedRows(dataSource, json), departures, stores.at(to)))
                .orElse(null);
        this.tick = ticks.every(PERIOD, "keeping", this::keep);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** One piece of each after the other, as long as there is something. */
    private void keep() throws InterruptedException {
        try {
            if (!mayBeWanted()) {
                tick.rest(ANEW);
            } else if (lease.take()) {
                tick.rest(letGo() ? Duration.ZERO : REST);
            } else {
                metrics.behind(Duration.ZERO);
                tick.rest(REST);
            }
        } catch (SQLException | IOException failure) {
            failed(failure);
        }
    }

    /** Who keeps everything for ever has ids to forget, if that was otherwise once. */
    private boolean mayBeWanted() throws SQLException {
        return config.keep().isPresent()
                || config.keepRequests().isPresent()
                || config.keepConflicts().isPresent()
                || leftovers.areIdsRemembered();
    }

    /** Whether there is more. */
    private boolean letGo() throws SQLException, IOException, InterruptedException {
        pieceNanos = System.nanoTime();
        if (pieceNanos - anewNanos > ANEW.toNanos()) {
            anewNanos = pieceNanos;
            departures.beginAnew();
            leftovers.beginAnew();
        }
        List<String> unreadable = archive == null ? List.of() : archive.takeUp(this::wentOn);
        boolean more = config.keep().isPresent() && transactions(config.keep().get());
        Optional<String> ofRequests = config.keepRequests().or(config::keep);
        if (ofRequests.isPresent()) {
            boolean alone = config.keepRequests().isPresent();
            more |= went(REQUESTS, leftovers.delete(Leftovers.Kind.REQUESTS, ofRequests.get(), alone, PIECE));
        }
        if (config.keepConflicts().isPresent()) {
            String age = config.keepConflicts().get();
            more |= went(CONFLICTS, leftovers.delete(Leftovers.Kind.CONFLICTS, age, true, PIECE));
        }
        more |= went(IDS, leftovers.forget(config.rememberIds(), PIECE));
        if (config.keep().isPresent()) {
            tell(config.keep().get(), more);
        }
        if (!unreadable.isEmpty()) {
            throw new IOException(unreadable.get(0));
        }
        succeeded();
        return more;
    }

    private boolean transactions(String age) throws SQLException, IOException, InterruptedException {
        int most = archive == null ? PIECE : FILE;
        List<Departures.Old> found = departures.next(age, most);
        List<Departures.Old> going =
                found.stream().filter(Departures.Old::mayGo).toList();
        boolean isFull = found.size() == most;
        metrics.behind(isFull ? found.get(0).overstayed() : Duration.ZERO);
        if (found.isEmpty()) {
            return false;
        }
        long untoldBefore = untold;
        Optional<Departures.Old> next = Optional.empty();
        if (!going.isEmpty() && archive != null) {
            next = archive.write(going, this::wentOn);
        } else if (!going.isEmpty()) {
            wentOn(departures.letGo(going.stream().map(Departures.Old::row).toList()));
        }
        OffsetDateTime past = next.orElse(found.get(found.size() - 1)).dueAt();
        boolean any = untold > untoldBefore;
        // Many may be due at one instant: those that stay are passed when they are all that is found.
        departures.isPast(any ? past : past.plus(Duration.of(1, ChronoUnit.MICROS)));
        return next.isPresent() || isFull;
    }

    private void wentOn(long transactions) throws SQLException, InterruptedException {
        untold += transactions;
        went(TRANSACTIONS, new Leftovers.Piece(transactions, false));
    }

    /** Rests for twice as long as it took. */
    private boolean went(String kind, Leftovers.Piece piece) throws SQLException, InterruptedException {
        metrics.gone(kind, piece.deleted());
        tick.goesOn();
        lease.take();
        if (piece.deleted() > 0) {
            long rest = REST_FACTOR * (System.nanoTime() - pieceNanos);
            if (stopping.await(rest, TimeUnit.NANOSECONDS)) {
                throw new InterruptedException();
            }
        }
        pieceNanos = System.nanoTime();
        return piece.mayBeMore();
    }

    /** Once a minute, or when all is gone that is to go. */
    private void tell(String age, boolean more) throws SQLException {
        if (untold > 0 && (!more || System.nanoTime() - toldNanos > TOLD.toNanos())) {
            Log.infof(
                    "%d transactions are gone that were finished %s ago or more%s%s",
                    untold, age, archive == null ? "" : ", and are in the archive", more ? "; there are more" : "");
            untold = 0;
            toldNanos = System.nanoTime();
            stretches.dropEmptied(age);
        }
    }

    private void succeeded() {
        if (failing != null) {
            failing = null;
            Log.info("What is finished for long goes again");
        }
    }

    private void failed(Exception failure) {
        metrics.failed();
        tick.rest(REST_FAILED);
        String said = String.valueOf(failure.getMessage());
        if (!said.equals(failing)) {
            failing = said;
            Log.warnf("What is finished for long stays for now, and nothing is lost by it: %s", said);
        }
    }

    /** The piece under way is finished, or undone by the database. */
    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }
}
