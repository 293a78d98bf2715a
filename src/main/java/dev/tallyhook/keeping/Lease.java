package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Sql;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * Which replica deletes, so that not all of them do the same. Where two do all the same, because one was paused for long, nothing is lost by it: a row
 * is deleted once, and a file of the archive is finished by who has begun it.
 */
class Lease {

    /** From the last time that it was said. */
    private static final int SECONDS = 60;

    /** Said again after so long. */
    private static final Duration RENEWED = Duration.ofSeconds(15);

    private static final String TAKE = """
            UPDATE keeping
            SET replica = ?, until = now() + interval '%d seconds'
            WHERE replica = ? OR until < now()
            RETURNING 1
            """.formatted(SECONDS);

    private static final String GIVE_BACK = "UPDATE keeping SET until = '-infinity' WHERE replica = ? RETURNING 1";

    private final DataSource dataSource;
    private final String replica;
    private boolean taken;
    private long takenNanos;

    Lease(DataSource dataSource, String replica) {
        this.dataSource = dataSource;
        this.replica = replica;
    }

    /** Whether this replica deletes. */
    boolean take() throws SQLException {
        long now = System.nanoTime();
        if (!taken || now - takenNanos > RENEWED.toNanos()) {
            taken = !new Sql()
                    .add(TAKE, replica, replica)
                    .query(dataSource, row -> true)
                    .isEmpty();
            takenNanos = now;
        }
        return taken;
    }

    /** Another one may go on at once. */
    void giveBack() throws SQLException {
        if (taken) {
            taken = false;
            new Sql().add(GIVE_BACK, replica).query(dataSource, row -> true);
        }
    }
}
