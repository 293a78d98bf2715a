package dev.tallyhook.intake;

import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import org.jspecify.annotations.Nullable;

/**
 * Requests that are compressed together as they come, each by who reads it, so that the writer finds that done: it writes for all, and
 * all wait for it. For threads side by side.
 */
final class Pack {

    /** There is none for it: another pack has to be begun. */
    static final int NO_PLACE = -1;

    private final RawRequests.Together requests = new RawRequests.Together();
    private int count;
    private long size;
    private byte @Nullable [] closed;

    /**
     * Takes one more.
     *
     * @return its place, from 0, or {@link #NO_PLACE} if this is closed; it closes by itself when it has enough
     */
    synchronized int add(RawRequest request) {
        if (count > 0 && size + request.size() > RawRequests.SIZE_ENOUGH) {
            close();
        }
        if (closed != null) {
            return NO_PLACE;
        }
        requests.add(request);
        size += request.size();
        return count++;
    }

    /** Lets nothing in from now on, and tells what is stored of it. */
    synchronized byte[] close() {
        if (closed == null) {
            closed = requests.finish();
        }
        return closed;
    }

    /** How many requests it has. */
    synchronized int count() {
        return count;
    }
}
