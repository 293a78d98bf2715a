package dev.tallyhook.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is finished reaches each endpoint that takes it, at least once and never before, whatever dies, and whatever four other
 * endpoints do. {@code chaos/run --receivers true} has all faults strike.
 */
@Tag("whole-machine")
class TellingChaosIT {

    private static final Duration DELAY = Duration.ofSeconds(2);

    /** Longer than an attempt may take, so that those of a replica that is stopped where it stands are over when it goes on. */
    private static final Duration PAUSE = Duration.ofSeconds(6);

    private static final int PER_SECOND = 60;

    @TempDir
    Path directory;

    @Test
    void what_is_finished_is_told_at_least_once_and_never_before_whatever_dies() throws Exception {
        var receivers = Receivers.all();
        try (var stage = Stage.telling(2, DELAY, directory, receivers)) {
            var replica = new ReplicaFaults(stage, new Random(1), PAUSE);
            var database = new DatabaseFaults(stage, new Random(1), PAUSE);
            stage.send(PER_SECOND, 1);
            receivers.awaitTold();
            Verdict verdict = stage.judge(stage.strike(List.of(
                    replica.killedMidTelling(),
                    replica.killed(),
                    database.killed(),
                    replica.paused(),
                    new NetworkFaults(stage, new Random(1), PAUSE).answersSwallowed())));
            System.out.println(verdict.table());
            verdict.assertNoViolation("told");
        }
    }
}
