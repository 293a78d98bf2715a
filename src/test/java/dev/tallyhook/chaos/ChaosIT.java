package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.WrongClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every 202 is kept, finished exactly once, never early, whatever dies. Faults strike in an order that a seed tells, each of
 * them once before any strikes again. {@code chaos/run --help} tells how to let them strike for hours.
 */
class ChaosIT {

    private static final Duration DURATION = Duration.parse(System.getProperty("chaos.duration", "PT1M"));
    private static final long SEED = Long.getLong("chaos.seed", System.nanoTime() % 1_000_000);
    private static final int REPLICAS = Integer.getInteger("chaos.replicas", 2);
    private static final int PER_SECOND = Integer.getInteger("chaos.rate", 300);
    private static final String ONLY = System.getProperty("chaos.only", "");

    private static final String NOBODY = "false";

    /** Who is told what is finished: nobody, or all ten if this is {@code true}, or those to whom nothing is owed for long if it is {@code taking}. */
    private static final String RECEIVERS = System.getProperty("chaos.receivers", NOBODY);

    private static final String FOREVER = "forever";

    /**
     * What was finished so long ago goes into an archive meanwhile; all of it stays if this is {@code forever}, and where an endpoint never
     * takes what it is told, because what is still to be told stays.
     */
    private static final String KEEP = System.getProperty("chaos.keep", RECEIVERS.equals("true") ? FOREVER : "PT5S");

    /** Short, so that rows wait, are finished and were finished long ago within every run. */
    private static final Duration DELAY = Duration.ofSeconds(3);

    /** Longer than any timeout that the service has for its database but the sweep's, so that each of them runs out. */
    private static final Duration LONG = Duration.ofSeconds(10);

    /** Longer than the socket timeout of the intake and the poller, so that they find out by themselves that nothing comes. */
    private static final Duration MEDIUM = Duration.ofSeconds(6);

    private static final Duration SHORT = Duration.ofSeconds(4);

    private static final int KILLS_PER_DECK = 24;

    private final Random random = new Random(SEED);
    private final List<Strike> strikes = new ArrayList<>();

    @TempDir
    Path archive;

    @Test
    void every_202_is_kept_finished_once_and_never_early_whatever_dies() throws Exception {
        System.out.printf(
                "chaos: seed %d, %s, %d replicas, %d/s, kept %s%s%n",
                SEED,
                DURATION,
                REPLICAS,
                PER_SECOND,
                KEEP,
                RECEIVERS.equals(NOBODY) ? "" : ", receivers: " + RECEIVERS);
        Path directory = Path.of("target", "chaos");
        var retention = KEEP.equals(FOREVER) ? null : new Retention(Duration.parse(KEEP), archive);
        try (var stage = Stage.with(REPLICAS, DELAY, directory, receivers(), retention)) {
            if (WrongClock.isToBeHad()) {
                stage.giveClocks();
            }
            stage.send(PER_SECOND, SEED);
            Thread.sleep(DELAY.toMillis());
            long end = System.nanoTime() + DURATION.toNanos();
            while (strikes.isEmpty() || System.nanoTime() < end) {
                List<Supplier<Fault>> deck = deck(stage);
                assertFalse(deck.isEmpty(), () -> "no fault has a name with " + ONLY);
                boolean first = strikes.isEmpty(); // Each fault strikes once, however short the run.
                for (Supplier<Fault> fault : deck) {
                    if (first || System.nanoTime() < end) {
                        strike(fault.get(), stage);
                    }
                }
            }
            Verdict verdict = stage.judge(strikes);
            Files.writeString(directory.resolve("verdict.md"), verdict.table());
            Files.writeString(directory.resolve("messages.txt"), stage.logs.toString());
            System.out.println(verdict.table());
            verdict.assertNoViolation("seed " + SEED);
            assertTrue(
                    retention == null || stage.database.number("SELECT count(*) FROM audit.gone") > 0, "nothing went");
            assertTrue(!ONLY.isEmpty() || verdict.cutOff().calls() > 0, "no call of several events was cut off");
        }
    }

    private static @Nullable Receivers receivers() {
        return switch (RECEIVERS) {
            case NOBODY -> null;
            case "true" -> Receivers.all();
            case "taking" -> Receivers.taking();
            default ->
                throw new IllegalArgumentException("chaos.receivers is true, taking or false, and not " + RECEIVERS);
        };
    }

    private void strike(Fault fault, Stage stage) throws Exception {
        Strike strike = stage.strike(fault);
        strikes.add(strike);
        System.out.printf(
                "chaos: %s, accepted again after %d ms, by every replica after %d ms%n",
                fault.name(), strike.recovery() / 1_000, strike.fullRecovery() / 1_000);
    }

    /** Each fault once, in an order of the seed's; from the second time on those that the promise is most about more often. */
    private List<Supplier<Fault>> deck(Stage stage) {
        var replica = new ReplicaFaults(stage, random, LONG);
        var database = new DatabaseFaults(stage, random, SHORT);
        var hanging = new DatabaseFaults(stage, random, LONG);
        var network = new NetworkFaults(stage, random, SHORT);
        var dead = new NetworkFaults(stage, random, MEDIUM);
        List<Supplier<Fault>> kills = new ArrayList<>(
                List.of(replica::killedMidCommit, replica::killedMidBatch, replica::killed, database::killed));
        if (!RECEIVERS.equals(NOBODY)) {
            kills.add(replica::killedMidTelling);
        }
        List<Supplier<Fault>> deck = new ArrayList<>(List.of(
                replica::terminated,
                replica::paused,
                database::killedWithAReplica,
                database::backendKilled,
                database::restartedFast,
                database::restartedImmediately,
                hanging::paused,
                database::sessionsTerminated,
                database::connectionsExhausted,
                database::xminPinned,
                database::dueRowsLocked,
                database::tableLocked,
                network::cut,
                network::down,
                dead::stalled,
                dead::stalledForOneReplica,
                network::answersSwallowed,
                dead::halfOpenForReplicas,
                dead::halfOpenForPostgres));
        if (WrongClock.isToBeHad()) {
            deck.add(replica::withAWrongClock);
            deck.add(new ReplicaFaults(stage, random, MEDIUM)::clockSet);
            deck.add(new DatabaseFaults(stage, random, MEDIUM)::clockSetBack);
        }
        for (int i = 0; i < (strikes.isEmpty() ? 1 : KILLS_PER_DECK); i++) {
            deck.addAll(kills);
        }
        deck.removeIf(fault -> !fault.get().name().contains(ONLY));
        Collections.shuffle(deck, random);
        return deck;
    }
}
