package dev.tallyhook.database;

import io.quarkus.logging.Log;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The sessions of a pool that its connections have left behind: while a synchronous standby is away a commit waits for it, without a
 * limit of time and without noticing that its client has given up. Whoever tried again on another connection would leave a session at each
 * try, until the server has no more to give. So a pool that has left such sessions gets no others in their place until they are done.
 *
 * @see <a href="https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION-HA">Synchronous replication</a>
 */
final class Stranded {

    /** So long the answer is believed before a connection is opened to ask again. */
    private static final Duration BELIEVED_FOR = Duration.ofMillis(500);

    /** One that has begun later has only the same number. Of another server's sessions nothing is found. */
    private static final String STILL_THERE = """
            SELECT pid, coalesce(wait_event = 'SyncRep', false)
            FROM unnest(?::int[], ?::text[]) AS left_behind (pid, noted) JOIN pg_stat_activity USING (pid)
            WHERE extract(epoch FROM backend_start) <= noted::numeric
            """;

    private static final String NOT_ALLOWED = "42501";

    private static final Map<String, Stranded> OF_POOLS = new ConcurrentHashMap<>();

    private final String url;
    private final String name;
    private final int most;
    private final List<Session> sessions = new CopyOnWriteArrayList<>();
    private volatile boolean waiting;
    private volatile long askedNanos;

    private Stranded(String url, String name, int most) {
        this.url = url;
        this.name = name;
        this.most = most;
    }

    private record Session(Connection connection, int pid, String noted) {

        boolean isLeft() {
            try {
                return connection.isClosed();
            } catch (SQLException broken) {
                return true;
            }
        }
    }

    /**
     * Of the pool whose sessions have this name on that server.
     *
     * @param most so many may be left behind before there are no others
     */
    static Stranded of(String url, String name, int most) {
        return OF_POOLS.computeIfAbsent(name + " " + url, key -> new Stranded(url, name, most));
    }

    /** Those of a server that may have left any, as far as is known without asking. */
    static List<Stranded> perhapsOn(String url) {
        return OF_POOLS.values().stream()
                .filter(pool -> pool.url.equals(url) && pool.mayHaveLeft())
                .toList();
    }

    private boolean mayHaveLeft() {
        return sessions.stream().anyMatch(Session::isLeft);
    }

    /** Whether any is left that waits for a standby, as the server says. */
    boolean waits(Connection anyOnThatServer) throws SQLException {
        return waitingLeft(anyOnThatServer) > 0;
    }

    /**
     * Passes unless it was just found that there is to be no other session.
     *
     * @throws SQLException if there is to be none
     */
    void passUnlessJustRefused() throws SQLException {
        if (waiting && System.nanoTime() - askedNanos < BELIEVED_FOR.toNanos()) {
            throw refusal();
        }
    }

    /**
     * Takes note of a new session, or refuses it.
     *
     * @param connection its own, on which it is asked what became of the others
     * @param noted the server's clock, in seconds of the epoch
     * @throws SQLException if others are left behind that wait for a standby
     */
    void opened(Connection connection, int pid, String noted) throws SQLException {
        boolean waited = waiting;
        waiting = waitingLeft(connection) > most;
        askedNanos = System.nanoTime();
        if (waiting) {
            if (!waited) {
                Log.warnf(
                        "A commit of a session %s waits for a synchronous standby that does not confirm; there is no other"
                                + " session in its place until it is done",
                        name);
            }
            throw refusal();
        }
        sessions.add(new Session(connection, pid, noted));
    }

    private static SQLException refusal() {
        return new SQLTransientConnectionException("An earlier commit still waits for a synchronous standby", "08006");
    }

    /** How many of those that are left still wait; those that are gone are forgotten. */
    private int waitingLeft(Connection connection) throws SQLException {
        List<Session> left = sessions.stream().filter(Session::isLeft).toList();
        if (left.isEmpty()) {
            return 0;
        }
        Map<Integer, Boolean> stillThere = new HashMap<>();
        try (PreparedStatement ask = connection.prepareStatement(STILL_THERE)) {
            ask.setArray(
                    1,
                    connection.createArrayOf(
                            "int4", left.stream().map(Session::pid).toArray()));
            ask.setArray(
                    2,
                    connection.createArrayOf(
                            "text", left.stream().map(Session::noted).toArray()));
            try (ResultSet rows = ask.executeQuery()) {
                while (rows.next()) {
                    stillThere.put(rows.getInt(1), rows.getBoolean(2));
                }
            }
        } catch (SQLException failure) {
            if (!NOT_ALLOWED.equals(failure.getSQLState())) {
                throw failure;
            }
            // Somebody has taken the right to look away from everybody: then nothing is known of them.
        }
        sessions.removeIf(session -> left.contains(session) && !stillThere.containsKey(session.pid()));
        return (int) stillThere.values().stream().filter(isWaiting -> isWaiting).count();
    }
}
