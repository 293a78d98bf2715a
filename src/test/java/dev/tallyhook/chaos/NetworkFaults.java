package dev.tallyhook.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** What happens to the network between replicas and PostgreSQL. */
final class NetworkFaults {

    /** Longer than the service takes between two statements, so that it loses an answer on every connection that it uses. */
    private static final Duration SWALLOWING = Duration.ofMillis(500);

    private final Stage stage;
    private final Random random;
    private final Duration hold;

    /** With a network that is gone so long. */
    NetworkFaults(Stage stage, Random random, Duration hold) {
        this.stage = stage;
        this.random = random;
        this.hold = hold;
    }

    Fault cut() {
        return Fault.passing("connections to PostgreSQL cut", () -> hit(stage.wires, Wire::cut, Duration.ZERO));
    }

    Fault down() {
        return everywhere("network down: connections cut, and new ones too", Wire::takeDown, hold);
    }

    Fault stalled() {
        return everywhere("network stalled: connections open, nothing comes through", Wire::stall, hold);
    }

    Fault answersSwallowed() {
        return Fault.passing(
                "answers of PostgreSQL lost after it has committed",
                () -> hit(stage.wires, Wire::swallowAnswers, SWALLOWING));
    }

    Fault stalledForOneReplica() {
        Wire wire = stage.wires.get(random.nextInt(stage.wires.size()));
        return new Fault(
                "network stalled for one replica",
                stage.wires.size() == 1,
                () -> hit(List.of(wire), Wire::stall, hold),
                () -> {});
    }

    Fault halfOpenForReplicas() {
        return everywhere("connections half open: PostgreSQL has forgotten them", Wire::loseServerSide, hold);
    }

    Fault halfOpenForPostgres() {
        return Fault.passing(
                "connections half open: the replicas have forgotten them",
                () -> hit(stage.wires, Wire::loseClientSide, hold));
    }

    private Fault everywhere(String name, Consumer<Wire> fault, Duration hold) {
        return Fault.outage(name, () -> hit(stage.wires, fault, hold));
    }

    private static void hit(List<Wire> wires, Consumer<Wire> fault, Duration hold) throws InterruptedException {
        wires.forEach(fault);
        Thread.sleep(hold.toMillis());
        wires.forEach(Wire::mend);
    }
}
