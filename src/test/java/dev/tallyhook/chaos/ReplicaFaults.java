package dev.tallyhook.chaos;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Random;

/** What happens to a replica: it is killed, stopped, paused, or has a wrong clock. */
final class ReplicaFaults {

    /** So long it is waited for a replica to be in the middle of what it is to be killed in. */
    private static final Duration MOMENT_MAX = Duration.ofMillis(500);

    private final Stage stage;
    private final Random random;
    private final Duration pause;

    /** With a pause so long for what is stopped where it stands. */
    ReplicaFaults(Stage stage, Random random, Duration pause) {
        this.stage = stage;
        this.random = random;
        this.pause = pause;
    }

    Fault killedMidCommit() {
        return killed("replica killed while it commits a group", "tallyhook-intake");
    }

    Fault killedMidBatch() {
        return killed("replica killed while it finishes a batch", "tallyhook-processing");
    }

    Fault killed() {
        int victim = victim();
        return restarted(
                "replica killed", victim, () -> stage.replicas.get(victim).kill());
    }

    private Fault killed(String name, String session) {
        int victim = victim();
        return restarted(name, victim, () -> {
            awaitActive(victim, session);
            stage.replicas.get(victim).kill();
        });
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
        int victim = victim();
        String seconds = random.nextBoolean() ? "3600" : "-3600";
        return new Fault(
                "replica's clock an hour wrong",
                alone(),
                () -> stage.replicas.get(victim).kill(),
                () -> {
                    stage.replicas.get(victim).launch(WrongClock.of(seconds));
                    stage.replicas.get(victim).running().awaitHealthy();
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

    private void awaitActive(int victim, String session) throws SQLException {
        Integer[] ports = stage.wires.get(victim).sessionPorts();
        try (var connection = stage.database.connect();
                var select = connection.prepareStatement("""
                        SELECT count(*) FROM pg_stat_activity
                        WHERE application_name = ? AND client_port = ANY (?) AND state = 'active'""")) {
            select.setString(1, session);
            select.setArray(2, connection.createArrayOf("int", ports));
            long deadline = System.nanoTime() + MOMENT_MAX.toNanos();
            boolean active = false;
            while (!active && System.nanoTime() < deadline) {
                try (var row = select.executeQuery()) {
                    row.next();
                    active = row.getInt(1) > 0;
                }
            }
            if (active) {
                stage.inTheMoment++;
            }
        }
    }
}
