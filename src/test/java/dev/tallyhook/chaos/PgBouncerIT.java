package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Through PgBouncer in transaction mode, set up as {@code deploy/pgbouncer} says, every promise holds too. */
class PgBouncerIT {

    private static final Path CONFIGURATION = Path.of("deploy", "pgbouncer", "pgbouncer.ini");
    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final int PER_SECOND = 300;

    @TempDir
    Path directory;

    private final int port = DatabaseServer.freePort();
    private Process pgBouncer;

    @BeforeEach
    void is_installed() {
        Programs.assumeInstalled("pgbouncer", "pgbouncer");
    }

    @Test
    void through_a_pooler_that_gives_each_statement_another_session_nothing_is_lost_doubled_or_early()
            throws Exception {
        try (var database = Stage.server()) {
            start(database.port());
            try (var stage = new Stage(2, DELAY, directory, database, (server, wire) -> environment())) {
                stage.send(PER_SECOND, 1);
                Thread.sleep(2 * DELAY.toMillis());
                var faults = new DatabaseFaults(stage, new Random(1), DELAY);
                Verdict verdict = stage.judge(stage.strike(List.of(
                        Fault.outage("PgBouncer killed and started again", () -> {
                            pgBouncer.destroyForcibly().waitFor();
                            start(database.port());
                        }),
                        faults.killed(),
                        faults.dueRowsLocked(),
                        faults.sessionsTerminated())));
                System.out.println(verdict.table());
                verdict.assertNoViolation("PgBouncer");
            } finally {
                pgBouncer.destroyForcibly().waitFor();
            }
        }
    }

    private Map<String, String> environment() {
        var environment = new HashMap<>(Stage.environment(hosts("reading"), DELAY));
        for (String pool : List.of("intake", "processing", "sweep", "delivery")) {
            environment.put(
                    "QUARKUS_DATASOURCE_%s_JDBC_URL".formatted(pool.toUpperCase(java.util.Locale.ROOT)),
                    "jdbc:postgresql://" + hosts(pool));
        }
        environment.put(
                "QUARKUS_FLYWAY_JDBC_URL",
                "jdbc:postgresql://localhost:%d/tallyhook?prepareThreshold=0".formatted(port));
        return environment;
    }

    /** Without prepared statements, which a PgBouncer older than 1.21 cannot follow from one session to the next. */
    private String hosts(String pool) {
        return "localhost:%d/tallyhook_%s?prepareThreshold=0".formatted(port, pool);
    }

    private void start(int databasePort) throws Exception {
        Path users = directory.resolve("userlist.txt");
        Files.writeString(users, "\"tallyhook\" \"tallyhook\"\n");
        Path configuration = directory.resolve("pgbouncer.ini");
        Files.writeString(
                configuration,
                Files.readString(CONFIGURATION)
                        .replace("host=postgres port=5432", "host=127.0.0.1 port=" + databasePort)
                        .replace("listen_port = 6432", "listen_port = " + port + "\nunix_socket_dir =")
                        .replace("/etc/pgbouncer/userlist.txt", users.toString()));
        List<String> command = new ArrayList<>(List.of("pgbouncer", configuration.toString()));
        if (System.getProperty("user.name").equals("root")) { // Which it refuses to run as.
            command.addAll(1, List.of("-u", "nobody"));
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        pgBouncer = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("pgbouncer.log").toFile())
                .start();
        Programs.awaitPort(port);
    }
}
