package dev.tallyhook.keeping;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.citus.Distribution;
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
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Lets go what was kept long enough, as the settings say: in pieces, each followed by a rest of twice what it took, so that a third of one of the
 * database's cores is taken. Only one replica does it at a time.
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
    private static final Duration TOLD_SELDOM = Duration.ofHours(1);

    /** A tick, while there is more. */
    private static final Duration LASTS = Duration.ofMinutes(1);

    /** As long as a stop waits for the piece under way. */
    private static final Duration STOP_MAX = Duration.ofSeconds(5);

    private static final int REST_FACTOR = 2;

    /** Looked for at a time, and in one file of the archive. */
    private static final int MOST = 20_000;

    static final String TRANSACTIONS = "transactions";
    static final String REQUESTS = "requests";
    static final String CONFLICTS = "conflicts";
    static final String DEAD_LETTERS = "dead_letters";
    static final String IDS = "ids";

    private final KeepingConfig config;
    private final Distribution distribution;
    private final Progress progress;
    private final Stretches stretches;
    private final Lease lease;
    private final Departures departures;
    private final Leftovers leftovers;
    private final @Nullable Archive archive;
    private final Tick tick;
    private final CountDownLatch stopping = new CountDownLatch(1);

    private final ReentrantLock turn = new ReentrantLock();

    private long anewNanos = System.nanoTime();
    private long pieceNanos;
    private long gone;
    private long goneTold;
    private long toldNanos = System.nanoTime();
    private long goneDropped;
    private long droppedNanos = System.nanoTime();

    /** Of this round. */
    private @Nullable Exception failure;

    private @Nullable String failing;

    Keeping(
            KeepingConfig config,
            DataSource dataSource,
            Distribution distribution,
            ObjectMapper json,
            Stretches stretches,
            ArchiveStores stores,
            Progress progress,
            ReplicaName replica,
            Ticks ticks) {
        this.config = config;
        this.distribution = distribution;
        this.progress = progress;
        this.stretches = stretches;
        this.lease = new Lease(dataSource, replica.whole());
        this.departures = new Departures(dataSource, KeepingRules.areIdsRemembered(config));
        this.leftovers = new Leftovers(dataSource);
        this.archive = config.archiveTo()
                .map(to ->
                        new Archive(dataSource, new ArchivedRows(dataSource, json), departures, stores.at(to), lease))
                .orElse(null);
        this.tick = ticks.every(PERIOD, "keeping", this::keep, Tick.Trait.WRITES_ASIDE);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    /** One piece of each kind after the other, as long as there is something, and this tick has not lasted for long. */
    private void keep() throws InterruptedException {
        turn.lockInterruptibly();
        try {
            tick.rest(REST);
            if (!lease.isTaken()) {
                progress.begin();
            }
            long begun = System.nanoTime();
            boolean more = true;
            while (more && System.nanoTime() - begun < LASTS.toNanos()) {
                if (!mayBeWanted() || !lease.take()) {
                    progress.behind(Duration.ZERO);
                    break;
                }
                more = letGo();
            }
        } catch (SQLException | RuntimeException failure) {
            failed(failure);
        } finally {
            try {
                progress.tell(lease);
            } finally {
                turn.unlock();
            }
        }
    }

    /** Who keeps everything for ever has ids to forget, if that was otherwise once. Of a distributed ledger nothing goes. */
    private boolean mayBeWanted() throws SQLException {
        return distribution.map().isEmpty() && (KeepingRules.isAnythingToGo(config) || leftovers.areIdsRemembered());
    }

    /** Whether there is more. What is wrong with one kind keeps no other. */
    private boolean letGo() throws InterruptedException, Lease.LostException {
        pieceNanos = System.nanoTime();
        if (pieceNanos - anewNanos > ANEW.toNanos()) {
            anewNanos = pieceNanos;
            departures.beginAnew();
            leftovers.beginAnew();
        }
        failure = null;
        boolean more = false;
        if (archive != null) {
            more = tryOut(() -> takeUp(archive));
        }
        if (config.keep().isPresent()) {
            more |= tryOut(() -> transactions(config.keep().get()));
        }
        Optional<String> ofRequests = config.keepRequests().or(config::keep);
        if (ofRequests.isPresent()) {
            boolean alone = config.keepRequests().isPresent();
            more |= tryOut(() -> leftovers(
                    REQUESTS, () -> leftovers.delete(Leftovers.Kind.REQUESTS, ofRequests.get(), alone, Archive.PIECE)));
        }
        if (config.keepConflicts().isPresent()) {
            String age = config.keepConflicts().get();
            more |= tryOut(() ->
                    leftovers(CONFLICTS, () -> leftovers.delete(Leftovers.Kind.CONFLICTS, age, true, Archive.PIECE)));
        }
        if (config.keepDeadLetters().isPresent()) {
            String age = config.keepDeadLetters().get();
            more |= tryOut(() -> leftovers(
                    DEAD_LETTERS, () -> leftovers.delete(Leftovers.Kind.DEAD_LETTERS, age, true, Archive.PIECE)));
        }
        more |= tryOut(() -> leftovers(IDS, () -> leftovers.forget(config.rememberIds(), Archive.PIECE)));
        if (config.keep().isPresent()) {
            String age = config.keep().get();
            boolean isMore = more;
            tryOut(() -> tell(age, isMore));
        }
        if (failure == null) {
            succeeded();
            tick.rest(more ? Duration.ZERO : REST);
        } else {
            failed(failure);
        }
        return more;
    }

    private interface Step {
        boolean go() throws SQLException, IOException, InterruptedException;
    }

    private boolean tryOut(Step step) throws InterruptedException, Lease.LostException {
        try {
            return step.go();
        } catch (Lease.LostException lost) {
            throw lost;
        } catch (SQLException | IOException | RuntimeException wrong) {
            if (failure == null) {
                failure = wrong;
            }
            return false;
        }
    }

    private interface Pieces {
        Leftovers.Piece next() throws SQLException;
    }

    /** As many as of transactions, so that they keep up with these. */
    private boolean leftovers(String kind, Pieces pieces) throws SQLException, InterruptedException {
        boolean more = true;
        for (int deleted = 0; more && deleted < MOST; deleted += Archive.PIECE) {
            more = went(kind, pieces.next());
        }
        return more;
    }

    private boolean takeUp(Archive from) throws SQLException, IOException, InterruptedException {
        List<String> wrong = from.takeUp(this::wentOn);
        if (!wrong.isEmpty()) {
            throw new IOException(wrong.get(0));
        }
        return false;
    }

    private boolean transactions(String age) throws SQLException, IOException, InterruptedException {
        List<Departures.Old> found = departures.next(age, MOST);
        wentOn(0);
        boolean isFull = found.size() == MOST;
        List<Departures.Old> going =
                found.stream().filter(Departures.Old::mayGo).toList();
        progress.behind(isFull && !going.isEmpty() ? going.get(0).overstayed() : Duration.ZERO);
        if (archive != null) {
            return writeDown(archive, found, going, isFull);
        }
        long goneBefore = gone;
        for (int i = 0; i < going.size(); i += Archive.PIECE) {
            wentOn(departures.letGo(going.subList(i, Math.min(i + Archive.PIECE, going.size())).stream()
                    .map(Departures.Old::row)
                    .toList()));
        }
        pass(found, gone > goneBefore);
        return isFull;
    }

    /** A file that is not full waits until one of its transactions is late, so that there are few. */
    private boolean writeDown(Archive to, List<Departures.Old> found, List<Departures.Old> going, boolean isFull)
            throws SQLException, IOException, InterruptedException {
        if (going.isEmpty() || (!isFull && !going.get(0).mustGo())) {
            if (isFull) {
                pass(found, false);
            }
            return isFull;
        }
        long goneBefore = gone;
        List<Departures.Old> left = to.write(going, this::wentOn);
        while (!left.isEmpty() && (isFull || left.get(0).mustGo())) {
            left = to.write(left, this::wentOn);
        }
        if (left.isEmpty()) {
            pass(found, gone > goneBefore);
        } else {
            departures.isPast(left.get(0).dueAt());
        }
        return isFull;
    }

    /** Many may be due at one instant: those that stay are passed when none of what was found goes. */
    private void pass(List<Departures.Old> found, boolean any) {
        if (!found.isEmpty()) {
            OffsetDateTime last = found.get(found.size() - 1).dueAt();
            departures.isPast(any ? last : last.plus(Duration.of(1, ChronoUnit.MICROS)));
        }
    }

    private void wentOn(long transactions) throws SQLException, InterruptedException {
        gone += transactions;
        went(TRANSACTIONS, new Leftovers.Piece(transactions, false));
    }

    /** Rests for twice as long as it took. */
    private boolean went(String kind, Leftovers.Piece piece) throws SQLException, InterruptedException {
        progress.gone(kind, piece.deleted());
        progress.tellNowAndThen(lease);
        tick.goesOn();
        long rest = Math.min(REST_FACTOR * (System.nanoTime() - pieceNanos), REST.toNanos());
        if (stopping.await(rest, TimeUnit.NANOSECONDS)) {
            throw new InterruptedException();
        }
        if (!lease.take()) {
            throw new Lease.LostException();
        }
        pieceNanos = System.nanoTime();
        return piece.mayBeMore();
    }

    /** Once a minute while there is more, and else once an hour. */
    private boolean tell(String age, boolean more) throws SQLException {
        long now = System.nanoTime();
        if (gone > goneDropped && now - droppedNanos > TOLD.toNanos()) {
            goneDropped = gone;
            droppedNanos = now;
            stretches.dropEmptied(age);
        }
        if (gone > goneTold && now - toldNanos > (more ? TOLD : TOLD_SELDOM).toNanos()) {
            Log.infof(
                    "%d transactions are gone that were finished %s ago or more%s%s",
                    gone - goneTold,
                    age,
                    archive == null ? "" : ", and are in the archive",
                    more ? "; there are more" : "");
            goneTold = gone;
            toldNanos = now;
        }
        return false;
    }

    private void succeeded() {
        progress.succeeded();
        if (failing != null) {
            failing = null;
            Log.info("What was kept long enough goes again");
        }
    }

    private void failed(Exception why) {
        if (why instanceof Lease.LostException) {
            return;
        }
        progress.failed();
        tick.rest(REST_FAILED);
        String said = String.valueOf(why.getMessage());
        if (!said.equals(failing)) {
            failing = said;
            Log.warnf("Not all that was kept long enough goes for now: %s", said);
        }
    }

    /** The piece under way is finished, or undone by the database, and another replica goes on. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping.countDown();
        if (turn.tryLock(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
            try {
                lease.giveBack();
            } catch (SQLException away) {
                Log.debugf("Another replica goes on in a minute: %s", away.getMessage());
            } finally {
                turn.unlock();
            }
        }
    }
}
