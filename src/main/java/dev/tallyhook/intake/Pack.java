package dev.tallyhook.intake;

import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Requests that are compressed together as they come, one after the other, each by whoever has read it. So the writer finds that done,
 * who writes for all, and for whom all wait. For threads side by side.
 */
final class Pack {

    /** There is none for it: another pack has to be begun. */
    static final int NO_PLACE = -1;

    private final RawRequests.Together requests = new RawRequests.Together();
    private int count;
    private long size;
    private byte @Nullable [] closed;

    /** While something is done to the stream; it stays so if that fails, as it may for want of memory, and then nobody knows what is in it. */
    private boolean broken;

    /**
     * Takes one more.
     *
     * @return its place, from 0, or {@link #NO_PLACE} if this is closed or broken; it closes by itself when it has enough
     */
    synchronized int add(RawRequest request) {
        if (closed != null || broken) {
            return NO_PLACE;
        }
        if (count > 0 && size + request.size() > RawRequests.SIZE_ENOUGH) {
            close();
            return NO_PLACE;
        }
        broken = true;
        requests.add(request);
        broken = false;
        size += request.size();
        return count++;
    }

    /** Lets nothing in from now on, and tells what is stored of it, which a broken one cannot. */
    synchronized byte[] close() {
        if (closed == null && !broken) {
            broken = true;
            closed = requests.finish();
            broken = false;
        }
        return Objects.requireNonNull(closed, "is broken");
    }

    /** Lets nothing in from now on, and says whether it is whole, and half of it at least is those so many requests. */
    synchronized boolean closeFor(int requestsInIt) {
        if (!broken) {
            close();
        }
        return !broken && 2 * requestsInIt >= count;
    }
}
