package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import org.apache.commons.io.FileUtils;

/** A second server that follows a first one, and takes its place. */
final class Standby {

    private static final Duration REPLICATION_MAX = Duration.ofSeconds(20);

    private Standby() {}

    /** A standby that follows, on a copy of the data, which a server that is down gives without a program that Maven does not bring. */
    static DatabaseServer of(DatabaseServer primary, Path directory) throws Exception {
        Path data = Files.createDirectory(directory.resolve("standby"));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        primary.stop();
        FileUtils.copyDirectory(primary.data().toFile(), data.toFile());
        primary.start();
        Files.createFile(data.resolve("standby.signal"));
        var settings = new HashMap<>(Stage.POSTGRES);
        settings.put("primary_conninfo", "'host=127.0.0.1 port=%d user=postgres'".formatted(primary.port()));
        var standby = new DatabaseServer(data, settings);
        Eventually.within(
                REPLICATION_MAX,
                () -> primary.number("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1,
                () -> "the standby does not follow");
        return standby;
    }

    /** From now on it takes no writes, and cuts no session: what managed services and operators do before they promote another one. */
    static void demote(DatabaseServer primary) throws SQLException {
        primary.execute("ALTER SYSTEM SET default_transaction_read_only = on");
        primary.execute("SELECT pg_reload_conf()");
    }

    /** Takes writes again. */
    static void reinstate(DatabaseServer primary) throws SQLException {
        primary.execute("ALTER SYSTEM RESET default_transaction_read_only");
        primary.execute("SELECT pg_reload_conf()");
    }

    /** In the place of one that was demoted and stays up, once all is there that the other one has. */
    static void promote(DatabaseServer standby, DatabaseServer demoted) throws Exception {
        Eventually.within(REPLICATION_MAX, () -> demoted.number("""
                        SELECT count(*) FROM pg_stat_activity
                        WHERE backend_xid IS NOT NULL OR wait_event = 'SyncRep'""") == 0, () -> "what was under way does not end");
        long written = demoted.number("SELECT pg_current_wal_lsn() - '0/0'");
        Eventually.within(
                REPLICATION_MAX,
                () -> standby.number("SELECT pg_last_wal_replay_lsn() - '0/0'") >= written,
                () -> "the standby lags");
        standby.execute("SELECT pg_promote()");
    }
}
