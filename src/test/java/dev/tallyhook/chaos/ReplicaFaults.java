package dev.tallyhook.chaos;

import dev.tallyhook.packaged.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** What happens to a replica: it is killed, stopped, paused, or has a wrong clock. */
final class ReplicaFaults {

    /** So long it is waited for a replica to be in the middle of what it is to be killed in. */
    private static final Duration MOMENT_MAX = Duration.ofSeconds(10);

    /** The same of one that tells, which is met by chance: on a quiet machine a message is on its way for some milliseconds only. */
    private static final Duration TELLS_MAX = Duration.ofSeconds(60);

    /** Enough for a session to be most likely in the middle of one of them, and few enough for the others to fit in, too. */
    private static final int FULL_CALLS = 4;

    /** Longer than a message takes, and shorter than the service waits for a lock: nothing may be on its way when rows are locked, so that is done again. */
    private static final int LOOKS = 5;

    private static final long LOOK_MILLIS = 20;

    private static final String WAITS_TO_WRITE_WHAT_IT_TOLD = """
            SELECT pid, client_port FROM pg_stat_activity
            WHERE application_name = 'tallyhook-delivery' AND state = 'active' AND wait_event_type = 'Lock'
            """;

    private final Stage stage;
    private final Random random;
    private final Duration pause;

    /** With a pause so long for what is stopped where it stands. */
    ReplicaFaults(Stage stage, Random random, Duration pause) {
        this.stage = stage;
        this.random = random;
        this.pause = pause;
    }

    /** While it is sent calls of many events. */
    Fault killedMidCommit() {
        int victim = victim();
        return restarted("replica killed while it commits a group", victim, () -> {
            stage.sendFullCalls(FULL_CALLS, victim);
            killInTheMiddle(victim, "tallyhook-intake");
        });
    }

    Fault killedMidBatch() {
        int victim = victim();
        return restarted(
                "replica killed while it finishes a batch",
                victim,
                () -> killInTheMiddle(victim, "tallyhook-processing"));
    }

    /** One that has told endpoints something, and writes down what came of it: whether that is written, nobody is there to hear of it. */
    Fault killedMidTelling() {
        var victim = new AtomicInteger();
        return new Fault(
                "replica killed while it writes down what it has told",
                alone(),
                () -> victim.set(killWhoTells()),
                () -> stage.replicas.get(victim.get()).start());
    }

    Fault killed() {
        int victim = victim();
        return restarted(
                "replica killed", victim, () -> stage.replicas.get(victim).kill());
    }

    Fault terminated() {
        int victim = victim();
        return restarted("replica stopped (SIGTERM)", victim, () -> stage.replicas
                .get(victim)
                .stop());
    }

    Fault paused() {
        var replica = stage.replicas.get(victim());
        return new Fault(
                "replica paused (SIGSTOP)",
                alone(),
                () -> {
                    replica.running().freeze();
                    Thread.sleep(pause.toMillis());
                    replica.running().thaw();
                },
                () -> {});
    }

    /** Until it is restarted the next time. */
    Fault withAWrongClock() {
        var replica = stage.replicas.get(victim());
        Duration wrong = Duration.ofHours(random.nextBoolean() ? 1 : -1);
        return new Fault("replica's clock an hour wrong", alone(), replica::kill, () -> replica.start(wrong));
    }

    /** Back or forward, and right again: a schedule that goes by it would be silent for longer than the fault lasts. */
    Fault clockSet() {
        var replica = stage.replicas.get(victim());
        Duration wrong = Duration.ofMinutes(random.nextBoolean() ? 10 : -10);
        return Fault.passing("replica's clock set by ten minutes while it runs", () -> {
            replica.setClock(wrong);
            Thread.sleep(pause.toMillis());
            replica.setClock(Duration.ZERO);
        });
    }

    private Fault restarted(String name, int victim, Fault.Action strike) {
        return new Fault(name, alone(), strike, () -> stage.replicas.get(victim).start());
    }

    private int victim() {
        return random.nextInt(stage.replicas.size());
    }

    private boolean alone() {
        return stage.replicas.size() == 1;
    }

    /**
     * Stops PostgreSQL's process for a session of the replica in the middle of a statement or its commit, kills the replica, and
     * lets the process go on: whether it commits, nobody is there to hear of it.
     */
    private void killInTheMiddle(int victim, String session) throws Exception {
        Replica replica = stage.replicas.get(victim);
        long deadline = System.nanoTime() + MOMENT_MAX.toNanos();
        try (var connection = stage.database.connect();
                var select = connection.prepareStatement("""
                        SELECT pid FROM pg_stat_activity
                        WHERE application_name = ? AND client_port = ANY (?) AND state = 'active'""")) {
            select.setString(1, session);
            while (System.nanoTime() < deadline) {
                // Each time, because a pool may open a session when it has something to do.
                Integer[] ports = stage.wires.get(victim).sessionPorts();
                select.setArray(2, connection.createArrayOf("int", ports));
                long pid;
                try (var row = select.executeQuery()) {
                    pid = row.next() ? row.getLong(1) : 0;
                }
                if (pid != 0 && killWhileAtWork(replica, ProcessHandle.of(pid).orElseThrow())) {
                    return;
                }
            }
        }
        throw new AssertionError("no session " + session + " of the replica was at work within " + MOMENT_MAX);
    }

    /** What it writes takes too short a time to be met, so rows of the queue are locked, for which it waits. */
    private int killWhoTells() throws Exception {
        long deadline = System.nanoTime() + TELLS_MAX.toNanos();
        try (var locking = stage.database.connect();
                var connection = stage.database.connect();
                var lock = locking.createStatement();
                var select = connection.createStatement()) {
            while (System.nanoTime() < deadline) {
                lock.execute("BEGIN");
                lock.execute("SELECT FROM deliveries WHERE leased_until > now() FOR UPDATE SKIP LOCKED");
                for (int look = 0; look < LOOKS; look++) {
                    try (var row = select.executeQuery(WAITS_TO_WRITE_WHAT_IT_TOLD)) {
                        if (row.next()) {
                            int victim = replicaOf(row.getInt(2));
                            var backend = ProcessHandle.of(row.getLong(1)).orElseThrow();
                            if (killWhileAtWork(stage.replicas.get(victim), backend)) {
                                return victim;
                            }
                        }
                    }
                    Thread.sleep(LOOK_MILLIS);
                }
                lock.execute("ROLLBACK");
            }
        }
        throw new AssertionError("no replica told endpoints anything within " + TELLS_MAX);
    }

    /** Whose session that is. */
    private int replicaOf(int port) {
        return IntStream.range(0, stage.wires.size())
                .filter(i -> List.of(stage.wires.get(i).sessionPorts()).contains(port))
                .findFirst()
                .orElseThrow();
    }

    private static boolean killWhileAtWork(Replica replica, ProcessHandle backend) throws IOException {
        Processes.signal("STOP", backend);
        try {
            if (!isAtWork(backend)) {
                return false;
            }
            replica.kill();
            return true;
        } finally {
            Processes.signal("CONT", backend);
        }
    }

    /** By the title that PostgreSQL gives its process, because a session may wait for a lock that the stopped one holds. */
    private static boolean isAtWork(ProcessHandle backend) throws IOException {
        Path process = Path.of("/proc", Long.toString(backend.pid()));
        while (!Files.readString(process.resolve("stat")).contains(") T ")) {
            Thread.onSpinWait();
        }
        return !Files.readString(process.resolve("cmdline")).contains("idle");
    }
}
