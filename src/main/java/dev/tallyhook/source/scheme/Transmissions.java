package dev.tallyhook.source.scheme;

import io.quarkus.logging.Log;
import java.util.Map;

/**
 * Which event a transmission of PayPal's has told of, so that it tells of no other. In this replica's memory, and so of the newest ones
 * and since its start alone.
 */
final class Transmissions {

    /** Of 300 bytes each. */
    static final int MAX = 4096;

    /**
     * The event that came first.
     *
     * @param told whether the log has been told that another one came
     */
    private record First(String identity, boolean told) {}

    private final Map<String, First> first = new Recent<>(MAX);

    /**
     * Which event that is: itself if the transmission has told of none yet, or else the first one, so that the ledger takes no new
     * event of it and keeps what differs as a conflict.
     */
    synchronized String identity(String transmission, String itself) {
        First before = first.putIfAbsent(transmission, new First(itself, false));
        if (before == null || before.identity().equals(itself)) {
            return itself;
        }
        if (!before.told()) {
            Log.warnf(
                    "PayPal's transmission %s has told of %s, and comes with another body now. At most one of the two is PayPal's: ask its API which",
                    transmission, before.identity());
            first.put(transmission, new First(before.identity(), true));
        }
        return before.identity();
    }
}
