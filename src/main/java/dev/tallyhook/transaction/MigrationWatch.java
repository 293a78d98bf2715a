package dev.tallyhook.transaction;

import io.quarkus.logging.Log;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Says in the log for whom a migration waits, which no one else does: its own sessions are held up themselves. */
final class MigrationWatch implements Runnable {

    /** A start that has nothing to wait for is over by then, and never opens the connection that this needs. */
    private static final Duration BEGINS_AFTER = Duration.ofSeconds(3);

    private static final Duration LOOKS_EVERY = Duration.ofSeconds(1);

    /** A wait that is told after so many looks is one that a person notices. */
    private static final int LOOKS_UNTIL_FIRST_TOLD = 3;

    private static final int LOOKS_UNTIL_TOLD_AGAIN = 30;

    /** A migration that has no session for so long, after it had one, has ended or failed. */
    private static final int LOOKS_WITHOUT_SESSION_MAX = 10;

    /** A look that takes longer does not come back, and the next one has a connection of its own. */
    private static final Duration LOOK_MAX = Duration.ofSeconds(10);

    /** The functions of migrations, which tell who a session is. */
    private static final String FUNCTIONS = "/db/migration/beforeEachMigrate.sql";

    /**
     * Sessions of the migration there are, and for whom they wait. Flyway's lock is asked for once a second and not waited for; its
     * holder is told of with what else it has under way. A migration that asks for a table in short tries holds another lock of it.
     */
    private static final String LOOK = """
            WITH own AS MATERIALIZED (
                SELECT * FROM pg_stat_activity WHERE application_name = ? AND datname = current_database()),
            asked AS (
                SELECT DISTINCT substring(query FROM 'pg_try_advisory_lock\\((-?[0-9]+)\\)')::bigint AS key FROM own),
            migrating AS (
                SELECT holder.pid, session.application_name
                FROM asked
                JOIN pg_locks AS holder ON (holder.classid::bigint << 32) | holder.objid::bigint = asked.key
                JOIN pg_stat_activity AS session ON session.pid = holder.pid
                WHERE holder.locktype = 'advisory' AND holder.objsubid = 1 AND holder.granted
                  AND holder.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND holder.pid NOT IN (SELECT pid FROM own)),
            tries AS (
                SELECT own.pid, held.relation::regclass AS changed
                FROM own
                JOIN pg_locks AS held ON held.pid = own.pid
                 AND held.locktype = 'relation' AND held.mode = 'ShareUpdateExclusiveLock' AND held.granted
                LEFT JOIN pg_locks AS waited ON waited.pid = own.pid AND NOT waited.granted
                WHERE own.wait_event = 'PgSleep' OR waited.relation = held.relation),
            waits AS (
                SELECT own.pid, blocker, waited.relation::regclass AS wanted
                FROM own
                CROSS JOIN unnest(pg_blocking_pids(own.pid)) AS blocker
                LEFT JOIN pg_locks AS waited ON waited.pid = own.pid AND NOT waited.granted
                WHERE own.pid NOT IN (SELECT pid FROM tries)),
            told AS (
                SELECT 'the migration of another replica, ' || pg_temp.session_told(pid) AS whom FROM migrating
                UNION
                SELECT 'which has also ' || pg_temp.session_told(pid) FROM pg_stat_activity
                WHERE state <> 'idle' AND pid NOT IN (SELECT pid FROM own)
                  AND application_name IN (SELECT application_name FROM migrating)
                  AND pid NOT IN (SELECT pid FROM migrating)
                UNION
                SELECT 'the table ' || changed || ', held by ' || pg_temp.holders_told(changed, 'ACCESS EXCLUSIVE', pid) FROM tries
                UNION
                SELECT CASE WHEN blocker = 0 THEN 'a prepared transaction; SELECT gid FROM pg_prepared_xacts tells which'
                       ELSE pg_temp.session_told(blocker, wanted) END
                FROM waits)
            SELECT (SELECT count(*) FROM own), (SELECT string_agg(whom, '; and ' ORDER BY whom) FROM told)
            """;

    private final DataSource database;
    private final String initSql;
    private final String application;

    private final CountDownLatch end = new CountDownLatch(1);

    private boolean begun;
    private int looksWithoutSession;
    private int looksThatWaited;

    /**
     * Watches from now on, on a thread of its own.
     *
     * @param database where the migration is at work
     * @param initSql what the migration's sessions begin with, and the watch's too: a network may forget it as well
     * @param application what the migration's sessions are called, and no others
     */
    static MigrationWatch begin(DataSource database, String initSql, String application) {
        var watch = new MigrationWatch(database, initSql, application);
        var thread = new Thread(watch, "migration-watch");
        thread.setDaemon(true);
        thread.start();
        return watch;
    }

    private MigrationWatch(DataSource database, String initSql, String application) {
        this.database = database;
        this.initSql = initSql;
        this.application = application;
    }

    void end() {
        end.countDown();
    }

    /** Nothing that happens here is the migration's matter: what it cannot see it does not tell. */
    @Override
    public void run() {
        try {
            Duration pause = BEGINS_AFTER;
            while (goesOnAfter(pause)) {
                watch();
                pause = LOOKS_EVERY;
            }
            tell(null);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() throws InterruptedException {
        try (var connection = database.getConnection()) {
            watch(connection);
        } catch (SQLException | IOException | RuntimeException unseen) {
            Log.debugf("Whom the migration waits for cannot be seen: %s", unseen.getMessage());
        }
    }

    private void watch(Connection connection) throws SQLException, IOException, InterruptedException {
        connection.setNetworkTimeout(Runnable::run, Math.toIntExact(LOOK_MAX.toMillis()));
        try (var statement = connection.createStatement()) {
            statement.execute(initSql);
            statement.execute("SET application_name = 'tallyhook-migration-watch'");
            statement.execute(functions());
        }
        try (var look = connection.prepareStatement(LOOK)) {
            look.setString(1, application);
            do {
                look(look);
            } while (goesOnAfter(LOOKS_EVERY));
        }
    }

    private void look(PreparedStatement look) throws SQLException {
        try (var row = look.executeQuery()) {
            row.next();
            if (row.getInt(1) > 0) {
                begun = true;
                looksWithoutSession = 0;
                tell(row.getString(2));
            } else if (begun && ++looksWithoutSession >= LOOKS_WITHOUT_SESSION_MAX) {
                end();
                looksThatWaited = 0; // What failed does not go on.
            }
        }
    }

    private void tell(@Nullable String whom) {
        if (whom != null) {
            if (looksThatWaited++ % LOOKS_UNTIL_TOLD_AGAIN == LOOKS_UNTIL_FIRST_TOLD) {
                Log.warnf("The migration of the schema waits for %s", whom);
            }
        } else {
            if (looksThatWaited > LOOKS_UNTIL_FIRST_TOLD) {
                Log.info("The migration of the schema goes on");
            }
            looksThatWaited = 0;
        }
    }

    private static String functions() throws IOException {
        try (InputStream file =
                Objects.requireNonNull(MigrationWatch.class.getResourceAsStream(FUNCTIONS), FUNCTIONS)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Whether the migration has not ended by then. */
    private boolean goesOnAfter(Duration duration) throws InterruptedException {
        return !end.await(duration.toMillis(), TimeUnit.MILLISECONDS);
    }
}
