package dev.tallyhook.database;

import static io.agroal.api.AgroalDataSource.FlushMode.GRACEFUL;

import dev.tallyhook.database.Sessions.Session;
import dev.tallyhook.database.Sighting.Server;
import io.agroal.api.AgroalDataSource;
import java.util.List;

/**
 * Gives up the sessions of a pool that are elsewhere than on the primary. New ones may come to be elsewhere too, because an old
 * address is still remembered somewhere, or because the pool's own URL means another server; so it is tried again, but not for ever.
 */
final class Pool {

    static final String READING = "reading";
    static final String INTAKE = "intake";
    static final String PROCESSING = "processing";
    static final String SWEEP = "sweep";
    static final String DELIVERY = "delivery";

    /** At 1, 2, 4, 8 and 16 s: longer than addresses are commonly remembered. Each is as many connections as the pool has. */
    private static final int TRIES_MAX = 5;

    /** What a session that was given up has under way is given so long, in ticks of a second. */
    private static final int TICKS_TO_END = 2;

    private final String name;
    private final AgroalDataSource dataSource;
    private final Sessions sessions;
    private int tries;
    private int ticksToWait = 1;

    /** Of the first session that began after the others were given up. */
    private long givenUpBelow;

    private int ticksSinceGivenUp;

    Pool(String name, AgroalDataSource dataSource, Sessions sessions) {
        this.name = name;
        this.dataSource = dataSource;
        this.sessions = sessions;
    }

    /**
     * Follows a primary that has moved.
     *
     * @param alive whether those on the server that it has left are answered: then what is under way there may end, and else it
     *     would keep whoever waits for it, until a timeout
     */
    void follow(Server primary, boolean alive) {
        tries = 0;
        ticksToWait = 1;
        List<Session> noted = sessions.of(name);
        List<Session> strangers = strangersTo(primary, noted);
        if (!alive) {
            strangers.forEach(Session::abort);
        }
        // Of those that were never borrowed nothing may be noted. A pool that opens them as they are needed may have
        // none.
        if (!strangers.isEmpty() || noted.size() < size()) {
            renew();
        }
    }

    private int size() {
        return dataSource.getConfiguration().connectionPoolConfiguration().minSize();
    }

    /** While the primary stays where it is, and takes writes: to be called once a second. */
    void stayWith(Server primary) {
        List<Session> noted = sessions.of(name);
        List<Session> strangers = strangersTo(primary, noted);
        if (++ticksSinceGivenUp >= TICKS_TO_END) {
            strangers.stream()
                    .filter(session -> session.number() < givenUpBelow)
                    .forEach(Session::abort);
        }
        if (noted.isEmpty()) {
            return; // Just being opened anew.
        }
        if (strangers.isEmpty()) {
            tries = 0;
            ticksToWait = 1;
        } else if (ticksToWait > 0) {
            ticksToWait--;
        } else if (tries < TRIES_MAX) {
            tries++;
            ticksToWait = (1 << tries) - 1;
            renew();
        }
    }

    /** Gives every session up, those in use when they are returned, and opens new ones. */
    void renew() {
        givenUpBelow = sessions.nextNumber();
        ticksSinceGivenUp = 0;
        dataSource.flush(GRACEFUL);
    }

    private static List<Session> strangersTo(Server primary, List<Session> noted) {
        return noted.stream().filter(session -> session.isStrangerTo(primary)).toList();
    }
}
