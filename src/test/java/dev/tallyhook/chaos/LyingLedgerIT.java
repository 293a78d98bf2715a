package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The suite itself is held to this: a ledger that says committed before it is, is found out. */
class LyingLedgerIT {

    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final int PER_SECOND = 300;

    /** Each is told to ten endpoints. */
    private static final int FEW_PER_SECOND = 60;

    @TempDir
    Path directory;

    @Test
    void with_a_ledger_that_is_not_logged_a_killed_postgres_loses_what_was_answered_202() throws Exception {
        try (var stage = new Stage(1, DELAY, directory)) {
            stage.database.execute("ALTER TABLE transactions SET UNLOGGED; ALTER TABLE requests SET UNLOGGED");
            stage.send(PER_SECOND, 1);
            Thread.sleep(2 * DELAY.toMillis());
            Verdict verdict =
                    stage.judge(stage.strike(List.of(new DatabaseFaults(stage, new Random(1), DELAY).killed())));
            assertTrue(
                    verdict.violations().stream().anyMatch(violation -> violation.contains("lost")),
                    () -> "nothing was found out:\n" + verdict.table());
        }
    }

    @Test
    void with_an_archive_that_loses_a_file_what_was_answered_202_is_lost() throws Exception {
        Path archive = Files.createDirectory(directory.resolve("archive"));
        var retention = new Retention(Duration.ofSeconds(1), archive);
        try (var stage = Stage.with(1, DELAY, directory, null, retention)) {
            stage.send(PER_SECOND, 1);
            Thread.sleep(3 * DELAY.toMillis());
            Eventually.within(
                    Duration.ofSeconds(30),
                    () -> stage.database.number("SELECT count(*) FROM archives WHERE state = 'DONE'") > 0,
                    () -> "nothing was archived");
            String lost = stage.database.texts("SELECT name FROM archives WHERE state = 'DONE' LIMIT 1").stream()
                    .findFirst()
                    .orElseThrow();
            Files.delete(archive.resolve(lost));
            Verdict verdict = stage.judge(List.of());
            for (String found : List.of("lost", "gone and in no file")) {
                assertTrue(
                        verdict.violations().stream().anyMatch(violation -> violation.contains(found)),
                        () -> found + " was not found out:\n" + verdict.table());
            }
        }
    }

    @Test
    void with_a_queue_that_is_not_logged_a_killed_postgres_forgets_what_endpoints_are_to_be_told() throws Exception {
        var receivers = Receivers.all();
        try (var stage = Stage.telling(1, DELAY, directory, receivers)) {
            stage.database.execute("ALTER TABLE deliveries SET UNLOGGED");
            stage.send(FEW_PER_SECOND, 1);
            receivers.awaitTold();
            Verdict verdict =
                    stage.judge(stage.strike(List.of(new DatabaseFaults(stage, new Random(1), DELAY).killed())));
            assertTrue(
                    verdict.violations().stream().anyMatch(violation -> violation.contains("forgotten")),
                    () -> "nothing was found out:\n" + verdict.table());
        }
    }
}
