package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.DatabaseServer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL's disk runs full, and has room again later. The disk is a small one in memory, which takes root to mount. */
class DiskFullIT {

    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final Duration FULL = Duration.ofSeconds(6);
    private static final int PER_SECOND = 300;
    private static final int CHUNK_BYTES = 1 << 20;

    @TempDir
    Path directory;

    private Path disk;

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(directory.resolve("disk"));
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=300m,mode=0700", "tmpfs", disk.toString()),
                "a disk in memory cannot be mounted here: that takes root");
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", disk.toString());
    }

    @Test
    void a_full_disk_costs_answers_503_and_nothing_that_was_answered_202() throws Exception {
        var settings = new HashMap<>(Stage.POSTGRES);
        settings.put("shared_buffers", "32MB");
        settings.put("max_wal_size", "64MB");
        try (var database = new DatabaseServer(disk.resolve("data"), settings);
                var stage = new Stage(
                        2,
                        DELAY,
                        directory,
                        database,
                        (server, wire) ->
                                Stage.environment("localhost:%d/%s".formatted(wire.port(), Stage.DATABASE), DELAY))) {
            stage.send(PER_SECOND, 1);
            Thread.sleep(2 * DELAY.toMillis());
            Verdict verdict = stage.judge(stage.strike(List.of(Fault.outage("PostgreSQL's disk full", () -> {
                fill();
                Thread.sleep(FULL.toMillis());
                Files.delete(disk.resolve("filler"));
                database.recover();
            }))));
            System.out.println(verdict.table());
            verdict.assertNoViolation("a full disk");
            assertTrue(
                    verdict.history().outcomes().keySet().stream().anyMatch(outcome -> outcome.startsWith("503")),
                    "the disk was full, and nobody noticed");
        }
    }

    private void fill() throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (OutputStream filler = Files.newOutputStream(disk.resolve("filler"))) {
            while (Files.getFileStore(disk).getUsableSpace() > 0) {
                filler.write(chunk);
            }
        } catch (IOException full) {
            // Which is what was wanted.
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
