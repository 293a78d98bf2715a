package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The primary dies and its synchronous standby is promoted: a URL that names both is all that the service is told of it. */
class FailoverIT {

    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final Duration REPLICATION_MAX = Duration.ofSeconds(20);
    private static final int PER_SECOND = 300;

    @TempDir
    Path directory;

    @Test
    void after_a_failover_every_202_is_there_and_webhooks_are_accepted_again() throws Exception {
        try (var primary = Stage.server();
                var standby = standbyOf(primary);
                var stage = new Stage(2, DELAY, directory, primary, (server, wire) -> environment(server, standby))) {
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
            primary.execute("SELECT pg_reload_conf()");
            stage.send(PER_SECOND, 1);
            Thread.sleep(2 * DELAY.toMillis());
            Verdict verdict =
                    stage.judge(stage.strike(List.of(Fault.outage("the primary killed, its standby promoted", () -> {
                        primary.crash();
                        standby.execute("SELECT pg_promote()");
                        standby.use(Stage.DATABASE);
                        stage.database = standby;
                    }))));
            System.out.println(verdict.table());
            assertEquals(List.of(), verdict.violations(), stage.logs::toString);
        }
    }

    private static Map<String, String> environment(DatabaseServer primary, DatabaseServer standby) {
        return Stage.environment(
                "localhost:%d,localhost:%d/%s?targetServerType=primary"
                        .formatted(primary.port(), standby.port(), Stage.DATABASE),
                DELAY);
    }

    private DatabaseServer standbyOf(DatabaseServer primary) throws Exception {
        Path data = Files.createDirectory(directory.resolve("standby"));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        // A copy of a server that is down needs no backup mode, and so no program that Maven does not bring.
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
}
