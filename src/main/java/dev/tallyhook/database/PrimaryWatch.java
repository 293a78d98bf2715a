package dev.tallyhook.database;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.database.Sighting.Server;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Brings the sessions of all pools to the primary when it has moved. A server that was demoted and stays up ends no session: those
 * that write would be refused for ever, and those that read would go on reading what was. So once a second a session is asked whether it
 * takes writes. If it does not, one connection is opened beside the pools, to see where the URL leads now; and only when that takes
 * writes, elsewhere, is anything given up, so that a server that is read only for a while goes on with the sessions that it has.
 */
@Startup // So that the counter is there from the start.
@ApplicationScoped
class PrimaryWatch {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final AgroalDataSource processing;
    private final Sessions sessions;
    private final Primary primary = new Primary();
    private final List<Pool> pools;
    private final Lookout lookout;
    private final Counter moves;
    private final Tick watching;
    private int contradictions;

    /** What a session said that takes no writes, until one says otherwise: on a busy machine one is not always to be had in time. */
    private Optional<Sighting> refused = Optional.empty();

    PrimaryWatch(
            AgroalDataSource reading,
            @DataSource(Pool.INTAKE) AgroalDataSource intake,
            @DataSource(Pool.PROCESSING) AgroalDataSource processing,
            @DataSource(Pool.SWEEP) AgroalDataSource sweep,
            @DataSource(Pool.DELIVERY) AgroalDataSource delivery,
            Sessions sessions,
            MeterRegistry registry,
            Ticks ticks) {
        this.processing = processing;
        this.sessions = sessions;
        this.pools = List.of(
                new Pool(Pool.READING, reading, sessions),
                new Pool(Pool.INTAKE, intake, sessions),
                new Pool(Pool.PROCESSING, processing, sessions),
                new Pool(Pool.SWEEP, sweep, sessions),
                new Pool(Pool.DELIVERY, delivery, sessions));
        this.lookout = new Lookout(
                processing.getConfiguration().connectionPoolConfiguration().connectionFactoryConfiguration());
        this.moves = Counter.builder("tallyhook.primary.moves")
                .description("Times that another server, or the same one started anew, was found to take the writes")
                .register(registry);
        this.watching = ticks.every(PERIOD, "primary watch", this::watch);
    }

    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        watching.come();
    }

    private void watch() {
        Optional<Sighting> asked = ask().or(() -> refused);
        refused = asked.filter(sighting -> !sighting.writable());
        boolean readOnly = refused.isPresent();
        Optional<Server> found = readOnly ? look() : Optional.empty();
        Optional<Server> writable = asked.filter(Sighting::writable).map(Sighting::server);
        Optional<Server> left = primary.move(found, newest(), writable);
        Optional<Server> now = primary.known();
        if (now.isEmpty()) {
            return;
        }
        if (left.isPresent()) {
            moved(left.get(), now.get(), asked);
        } else if (found.isPresent() || writable.isPresent()) {
            pools.forEach(pool -> pool.stayWith(now.get()));
            renewIfContradicted(readOnly && now.equals(asked.map(Sighting::server)));
        }
    }

    /**
     * Before it is known where the primary is, only those count that are opened at the start: one that was opened later, as it was needed,
     * may have followed a move already, and would hide that there was one.
     */
    private Optional<Server> newest() {
        boolean isKnown = primary.known().isPresent();
        return sessions.newestWritable(pool -> isKnown || !pool.equals(Pool.DELIVERY));
    }

    private Optional<Sighting> ask() {
        try (Connection connection = processing.getConnection()) {
            return Optional.of(Sighting.by(connection));
        } catch (SQLException failure) {
            Log.debug("No session says whether it takes writes", failure);
            return Optional.empty();
        }
    }

    /** Where the URL leads now, if writes are taken there. */
    private Optional<Server> look() {
        try {
            return Optional.of(lookout.look()).filter(Sighting::writable).map(Sighting::server);
        } catch (SQLException nobody) {
            Log.debug("No server that takes writes is to be found", nobody);
            return Optional.empty();
        }
    }

    private void moved(Server left, Server now, Optional<Sighting> asked) {
        contradictions = 0;
        moves.increment();
        boolean sameAddress = left.address().equals(now.address());
        // A server that was started anew has cut its sessions; those that live are a pooler's, which has sessions of
        // its own there.
        boolean alive =
                sameAddress || (asked.isPresent() && !asked.get().server().equals(now));
        pools.forEach(pool -> pool.follow(now, alive));
        if (sameAddress) {
            Log.infof("The database at %s has been started anew; sessions from before are given up", now.address());
        } else {
            Log.infof(
                    "The primary has moved from %s to %s; sessions elsewhere are given up, in all pools",
                    left.address(), now.address());
        }
    }

    /**
     * The server takes writes, and the session on it does not, because of a setting of role or database that was there when it began.
     * What was said once may be old by a moment. From then on each try comes after twice as long, because behind a pooler it may not help.
     */
    private void renewIfContradicted(boolean contradicted) {
        contradictions = contradicted ? contradictions + 1 : 0;
        if (contradictions > 1 && Integer.bitCount(contradictions) == 1) {
            Log.info("Sessions take no writes though the database does; they are given up, in all pools");
            pools.forEach(Pool::renew);
        }
    }
}
