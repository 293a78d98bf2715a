package dev.tallyhook.processing;

import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.transaction.TransactionLine;
import io.quarkus.logging.Log;
import jakarta.inject.Singleton;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The transactions that are due and that the database does not let be finished, as this replica has found: a trigger or a CHECK that
 * somebody has added refuses them. They are left out of what is claimed, so that they keep no others, and tried again now and then. A
 * replica that starts knows of none, and finds them by its sweep.
 */
@Singleton
class SteppedOver {

    /** About so long before one is tried again, and each time twice as long as before, up to a minute. */
    private static final Duration RETRY_PAUSE_FIRST = Duration.ofSeconds(8);

    private static final Duration RETRY_PAUSE_MAX = Duration.ofMinutes(1);

    /** Of more than these it is no longer said that they are the exception: what is refused then is refused to all, and health says so. */
    static final int MAX = 1_000;

    /** The class of SQLSTATEs whose message names a constraint, and no value. */
    private static final String CONSTRAINT_VIOLATION = "23";

    private final Map<String, Turn> turns = new ConcurrentHashMap<>();

    /**
     * When one is to be tried again.
     *
     * @param nanos by the monotonic clock
     * @param pause about how long that is after it was tried
     */
    private record Turn(long nanos, Duration pause) {

        static Turn after(Duration pause) {
            return new Turn(
                    System.nanoTime() + DatabaseFailure.retryPause(pause).toNanos(), pause);
        }

        Turn next() {
            Duration twice = pause.multipliedBy(2);
            return after(twice.compareTo(RETRY_PAUSE_MAX) < 0 ? twice : RETRY_PAUSE_MAX);
        }
    }

    SteppedOver(ProcessingMetrics metrics) {
        metrics.show(
                "tallyhook.transactions.stuck",
                "Transactions that are due and that the database does not let this replica finish",
                turns,
                Map::size);
    }

    boolean isFull() {
        return turns.size() >= MAX;
    }

    List<String> ids() {
        return turns.isEmpty() ? List.of() : List.copyOf(turns.keySet());
    }

    /** Those that are to be tried again. */
    List<String> whoseTurnItIs() {
        long now = System.nanoTime();
        return turns.entrySet().stream()
                .filter(entry -> now - entry.getValue().nanos() >= 0)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** It has been tried alone, and the database has refused it. */
    void add(String id, SQLException failure) {
        Turn before = turns.get(id);
        turns.put(id, before == null ? Turn.after(RETRY_PAUSE_FIRST) : before.next());
        if (before == null) {
            String state = String.valueOf(failure.getSQLState());
            // What else PostgreSQL, or somebody's trigger, says may repeat an amount or an account.
            String why = state.startsWith(CONSTRAINT_VIOLATION) ? failure.getMessage() : "SQLSTATE " + state;
            TransactionLine.tell(
                    id,
                    printable -> Log.errorf(
                            "Transaction %s cannot be finished; others are, and it is tried again about once a minute: %s",
                            printable, why));
        }
    }

    /** They are finished, or no longer what waits and is due. */
    void remove(List<String> ids) {
        for (String id : ids) {
            if (turns.remove(id) != null) {
                TransactionLine.tell(
                        id, printable -> Log.infof("Transaction %s is no longer kept from being finished", printable));
            }
        }
    }
}
