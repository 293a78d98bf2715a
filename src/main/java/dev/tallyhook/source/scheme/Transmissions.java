package dev.tallyhook.source.scheme;

import io.quarkus.logging.Log;
import java.util.Map;

/**
 * Which body each of PayPal's transmissions came with first, so that another one under it is known to be another. In this replica's
 * memory, and so of the newest ones and since its start alone. Only digests are kept and logged, because a body may be as large as
 * it likes and say what it likes.
 */
final class Transmissions {

    /** Of 400 bytes each. */
    static final int MAX = 4096;

    /**
     * The body that came first.
     *
     * @param told whether the log has been told that another one came
     */
    private record First(String digest, boolean told) {}

    private final Map<String, First> first = new Recent<>(MAX);

    /**
     * Remembers what came first, and tells the log once if this is something else.
     *
     * @param transmission its id, of a form that may be logged
     * @param digest of the body that it came with and that its signature fits
     */
    synchronized void came(String transmission, String digest) {
        First before = first.putIfAbsent(transmission, new First(digest, false));
        if (before != null && !before.told() && !before.digest().equals(digest)) {
            first.put(transmission, new First(before.digest(), true));
            Log.warnf(
                    "PayPal's transmission %s came with the body %s, and comes with another one now, %s. At most one of the two is PayPal's: ask its API which",
                    transmission, before.digest(), digest);
        }
    }

    /** Whether that transmission came with another body before; no if nobody remembers. */
    synchronized boolean cameWithAnother(String transmission, String digest) {
        First before = first.get(transmission);
        return before != null && !before.digest().equals(digest);
    }
}
