package dev.tallyhook.bench;

import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one load of a service came to, as fast as its connections are answered, on an empty ledger and after a checkpoint: the
 * pages are new, so the WAL has hardly a full image of one, which a ledger in use writes after each checkpoint.
 *
 * @param rate what was accepted in a second
 * @param cpuMicros processor time of the service for each of them
 * @param walBytes for each of them, with its share of the commits and of all that the service writes meanwhile
 * @param notAccepted answers of another kind, such as 503 while the machine's disk stands still
 */
record Turn(double rate, double cpuMicros, double walBytes, long notAccepted) {

    /** Leaves the ledger empty as well. */
    static Turn of(Database database, Service service, LoadGenerator load, Duration duration) throws Exception {
        database.empty();
        double cpu = service.cpuSeconds();
        double wal = database.walBytes();
        var result = load.closed(duration);
        double accepted = result.accepted.getTotalCount();
        var turn = new Turn(
                result.acceptedPerSecond(),
                1e6 * (service.cpuSeconds() - cpu) / accepted,
                (database.walBytes() - wal) / accepted,
                Bed.notAccepted(result));
        database.empty();
        return turn;
    }

    static double median(List<Turn> turns, ToDoubleFunction<Turn> figure) {
        return Bed.median(turns.stream().map(figure::applyAsDouble).toList());
    }

    @Override
    public String toString() {
        return "%.0f/s, %.1f us, %.0f bytes".formatted(rate, cpuMicros, walBytes)
                + (notAccepted == 0 ? "" : ", " + notAccepted + " not accepted");
    }
}
