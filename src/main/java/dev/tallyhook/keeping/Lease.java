package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Who deletes: one replica, or the command of a person, who goes first. That is no lock, because a process may be paused for longer than it
 * holds: what must not be done by two asks for it in its own statement ({@link #IS_HELD}).
 */
class Lease {

    /** A condition of a statement, with the name of who asks: that it is his. */
    static final String IS_HELD = "EXISTS (SELECT FROM keeping WHERE replica = ? AND until > now())";

    /** Said again after so long. */
    static final Duration RENEWED = Duration.ofSeconds(5);

    /** For a minute from the last time that it was said; what is further ahead was said by a clock that was ahead. */
    private static final String TAKE = """
            UPDATE keeping
            SET replica = ?, until = now() + interval '60 seconds'
            WHERE replica = ? OR until < now() OR until > now() + interval '61 seconds' OR ?
            RETURNING 1
            """;

    private static final String HOLD_ON =
            "UPDATE keeping SET until = until WHERE replica = ? AND until > now() RETURNING 1";

    private static final String IS_SOMEBODYS = "SELECT FROM keeping WHERE replica <> ? AND until > now()";

    private static final String GIVE_BACK = "UPDATE keeping SET until = '-infinity' WHERE replica = ? RETURNING 1";

    /** Somebody else has it. */
    static final class LostException extends SQLException {

        private static final long serialVersionUID = 1L;

        LostException() {
            super("Somebody else has taken over");
        }
    }

    private final DataSource dataSource;
    private final String name;
    private boolean taken;
    private long saidNanos;

    /** @param who for people who look */
    Lease(DataSource dataSource, String who) {
        this.dataSource = dataSource;
        this.name = who + '-' + UUID.randomUUID();
    }

    String name() {
        return name;
    }

    /** Whether it was this one's when it was said last. */
    boolean isTaken() {
        return taken;
    }

    /** Whether it is this one's. To be asked while something takes long, too. */
    boolean take() throws SQLException {
        return take(false);
    }

    /** Takes it from whoever has it, and waits as long as he needs to notice it; a statement that takes longer may still be under way then. */
    void takeOver() throws SQLException, InterruptedException {
        boolean isSomebodys = !new Sql()
                .add(IS_SOMEBODYS, name)
                .query(dataSource, row -> true)
                .isEmpty();
        take(true);
        if (isSomebodys) {
            Thread.sleep(2 * RENEWED.toMillis());
        }
    }

    /**
     * Says again that it is this one's.
     *
     * @throws LostException if it is not
     */
    void keep() throws SQLException {
        if (!take()) {
            throw new LostException();
        }
    }

    /**
     * Nobody else takes it before this transaction is over.
     *
     * @throws LostException if it is not this one's
     */
    void holdOn(Connection connection) throws SQLException {
        if (new Sql().add(HOLD_ON, name).query(connection, row -> true).isEmpty()) {
            throw new LostException();
        }
    }

    private boolean take(boolean over) throws SQLException {
        long now = System.nanoTime();
        if (!taken || now - saidNanos > RENEWED.toNanos()) {
            taken = !new Sql()
                    .add(TAKE, name, name, over)
                    .query(dataSource, row -> true)
                    .isEmpty();
            saidNanos = now;
        }
        return taken;
    }

    /** Another one may go on at once. */
    void giveBack() throws SQLException {
        if (taken) {
            taken = false;
            new Sql().add(GIVE_BACK, name).query(dataSource, row -> true);
        }
    }
}
