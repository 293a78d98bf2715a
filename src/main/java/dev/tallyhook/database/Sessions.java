package dev.tallyhook.database;

import dev.tallyhook.database.Sighting.Server;
import io.agroal.api.AgroalPoolInterceptor;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/** Which server each session of the pools is on, as it said when it began. */
@Singleton
class Sessions {

    /** The driver's own connections: a pool wraps them anew for each that borrows one. */
    private final Map<Connection, Session> begun = new ConcurrentHashMap<>();

    private final AtomicLong numbers = new AtomicLong();

    /**
     * A session of a pool.
     *
     * @param number higher than those of all that began before it
     * @param sighting of its server, at its beginning
     */
    record Session(long number, String pool, Sighting sighting, Connection connection) {

        boolean isOn(Server server) {
            return sighting.server().equals(server);
        }

        /** Whether it cannot be of use: it is on another server than the primary, or began where nothing could be written. */
        boolean isStrangerTo(Server primary) {
            return !isOn(primary) || !sighting.writable();
        }

        /** Ends it as it is, whoever waits for it; the pool notices. Not on this thread, because TLS says goodbye first, to a server that may be mute. */
        void abort() {
            try {
                connection.abort(Session::onAThreadOfItsOwn);
            } catch (SQLException gone) {
                Log.debug("A session could not be ended", gone);
            }
        }

        private static void onAThreadOfItsOwn(Runnable task) {
            var thread = new Thread(task, "session-end");
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Produces
    @Singleton
    AgroalPoolInterceptor ofReading() {
        return notedAs(Pool.READING);
    }

    @Produces
    @Singleton
    @DataSource(Pool.INTAKE)
    AgroalPoolInterceptor ofIntake() {
        return notedAs(Pool.INTAKE);
    }

    @Produces
    @Singleton
    @DataSource(Pool.PROCESSING)
    AgroalPoolInterceptor ofProcessing() {
        return notedAs(Pool.PROCESSING);
    }

    @Produces
    @Singleton
    @DataSource(Pool.SWEEP)
    AgroalPoolInterceptor ofSweep() {
        return notedAs(Pool.SWEEP);
    }

    @Produces
    @Singleton
    @DataSource(Pool.DELIVERY)
    AgroalPoolInterceptor ofDelivery() {
        return notedAs(Pool.DELIVERY);
    }

    private AgroalPoolInterceptor notedAs(String pool) {
        return new AgroalPoolInterceptor() {
            @Override
            public void onConnectionCreate(Connection connection) {
                note(pool, connection);
            }

            /** Those that the pool opens first may be open before it knows of this. */
            @Override
            public void onConnectionAcquire(Connection connection) {
                note(pool, connection);
            }
        };
    }

    /** One that cannot say where it is will fail whoever borrows it, and is not noted. */
    private void note(String pool, Connection connection) {
        try {
            Connection own = (Connection) connection.unwrap(PGConnection.class);
            if (!begun.containsKey(own)) {
                begun.put(own, new Session(numbers.incrementAndGet(), pool, Sighting.by(own), own));
            }
        } catch (SQLException broken) {
            Log.debug("A session does not say which server it is on", broken);
        }
    }

    /** Higher than the numbers of all that have begun. */
    long nextNumber() {
        return numbers.get() + 1;
    }

    List<Session> of(String pool) {
        return open().filter(session -> session.pool().equals(pool)).toList();
    }

    /** Where the newest of those of these pools is that took writes at their beginning. */
    Optional<Server> newestWritable(Predicate<String> pool) {
        return open().filter(session -> pool.test(session.pool()))
                .filter(session -> session.sighting().writable())
                .max(Comparator.comparingLong(Session::number))
                .map(session -> session.sighting().server());
    }

    private Stream<Session> open() {
        begun.keySet().removeIf(Sessions::isClosed);
        return begun.values().stream();
    }

    /** As the driver knows without asking. */
    private static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException broken) {
            return true;
        }
    }
}
