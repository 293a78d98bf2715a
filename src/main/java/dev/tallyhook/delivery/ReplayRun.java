package dev.tallyhook.delivery;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.delivery.ReplayPieces.Step;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Replays what is asked for: of each endpoint one after the other, the endpoints in turns, piece by piece. Any replica does it, and
 * what one is at, others leave alone. A replay rests while enough of it waits, and while its endpoint is switched off.
 */
@ApplicationScoped
class ReplayRun {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** Of each second at most: telling needs the connections as well. */
    private static final Duration TURN = Duration.ofMillis(300);

    /**
     * What was finished in transactions that are still open cannot be seen yet, although its time has come. So what was finished
     * shortly before a replay was asked for is looked at when all that was open then is over, or after 70 s: no statement that finishes
     * takes longer.
     */
    private static final String RUNNING = """
            SELECT DISTINCT ON (endpoint_id)
                   replay_id,
                   endpoint_id,
                   what,
                   created_at - interval '70 seconds',
                   created_at < clock_timestamp() - interval '70 seconds',
                   pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                   pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                   count(*) OVER ()
            FROM replays
            WHERE state = 'RUNNING'
            ORDER BY endpoint_id, replay_id
            """;

    private final DataSource dataSource;
    private final ReplayPieces pieces;
    private final Tick tick;

    /** By the id of the replay. */
    private final Map<Long, Known> known = new HashMap<>();

    private boolean failing;
    private volatile double runningCount = Double.NaN;

    ReplayRun(DataSource dataSource, ReplayPieces pieces, Ticks ticks, MeterRegistry registry) {
        this.dataSource = dataSource;
        this.pieces = pieces;
        this.tick = ticks.every(PERIOD, "replays", this::run, Tick.Trait.WRITES_ASIDE);
        Gauge.builder("tallyhook.replays.running", this, run -> run.runningCount)
                .description("Replays of the whole ledger that are not done")
                .register(registry);
    }

    /**
     * The first replay of an endpoint.
     *
     * @param settled until when all was finished for certain
     * @param isOld whether that is true of all that it asks for
     * @param oldestOpen the first transaction of the database that is open now
     * @param nextOpened the first that is opened after now
     */
    private record Running(
            long replayId,
            String endpointId,
            String what,
            Instant settled,
            boolean isOld,
            long oldestOpen,
            long nextOpened,
            long count) {

        static Running of(ResultSet row) throws SQLException {
            return new Running(
                    row.getLong(1),
                    row.getString(2),
                    row.getString(3),
                    Timestamps.of(row, 4),
                    row.getBoolean(5),
                    row.getLong(6),
                    row.getLong(7),
                    row.getLong(8));
        }

        Instant settled(Known since) {
            return isOld || oldestOpen >= since.nextOpened() ? Instant.MAX : settled;
        }
    }

    /**
     * What this replica knows of a replay.
     *
     * @param nextOpened as of when it saw it first
     */
    private record Known(ReplayPosition position, long nextOpened) {}

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void run() {
        try {
            List<Running> all = new Sql().add(RUNNING).query(dataSource, Running::of);
            runningCount = all.isEmpty() ? 0 : all.get(0).count();
            known.keySet().retainAll(all.stream().map(Running::replayId).collect(Collectors.toSet()));
            for (Running replay : all) {
                if (!known.containsKey(replay.replayId())) {
                    begin(replay);
                }
            }
            takeTurns(all);
            failing = false;
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf("Replays wait until the database can be asked again: %s", failure.getMessage());
            }
        }
    }

    private void begin(Running replay) {
        known.put(replay.replayId(), new Known(new ReplayPosition(), replay.nextOpened()));
        if (replay.what().equals(ReplayView.What.SINCE.name())) {
            try {
                pieces.prepare();
            } catch (SQLException slower) {
                Log.debugf("The index of finishes stays as it is: %s", slower.getMessage());
            }
        }
    }

    private void takeTurns(List<Running> all) throws SQLException {
        long end = System.nanoTime() + TURN.toNanos();
        List<Running> going = new ArrayList<>(all);
        Collections.shuffle(going); // Whoever is left out this time must not be left out each time.
        while (!going.isEmpty() && System.nanoTime() - end < 0) {
            List<Running> next = new ArrayList<>();
            for (Running replay : going) {
                if (System.nanoTime() - end < 0 && takeTurn(replay)) {
                    next.add(replay);
                }
                tick.goesOn();
            }
            going = next;
        }
    }

    /** Whether there is more of it that could be queued now. */
    private boolean takeTurn(Running replay) throws SQLException {
        Known mine = known.get(replay.replayId());
        if (mine == null) {
            return false;
        }
        Step step = pieces.queueNext(replay.replayId(), mine.position(), replay.settled(mine));
        if (step == Step.ENDS) {
            Log.infof(
                    "Replay %d of endpoint %s is done: %d messages are queued",
                    replay.replayId(), replay.endpointId(), mine.position().queued());
        }
        return step == Step.GOES_ON;
    }
}
