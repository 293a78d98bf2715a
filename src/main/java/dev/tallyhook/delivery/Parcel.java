package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.EventKind;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of the queue that this replica has claimed, and what has come of its messages. When something has come of each, it is to be
 * written down.
 */
final class Parcel {

    private final long deliveryId;
    private final String endpointId;
    private final EventKind event;
    private final List<String> ids;
    private final boolean replay;
    private final OffsetDateTime nextAt;
    private final int attempts;
    private final OffsetDateTime leasedUntil;
    private final long claimedNanos;

    private int open;
    private final List<Failure> failures = new ArrayList<>();
    private final List<String> returned = new ArrayList<>();

    /**
     * A claim.
     *
     * @param nextAt since when it may be told
     * @param attempts that failed before
     * @param leasedUntil by the database's clock; it tells this claim from a later one
     * @param claimedNanos when it was claimed, or a little earlier, by the monotonic clock
     */
    Parcel(
            long deliveryId,
            String endpointId,
            EventKind event,
            List<String> ids,
            boolean replay,
            OffsetDateTime nextAt,
            int attempts,
            OffsetDateTime leasedUntil,
            long claimedNanos) {
        this.deliveryId = deliveryId;
        this.endpointId = endpointId;
        this.event = event;
        this.ids = ids;
        this.replay = replay;
        this.nextAt = nextAt;
        this.attempts = attempts;
        this.leasedUntil = leasedUntil;
        this.claimedNanos = claimedNanos;
        this.open = ids.size();
    }

    /**
     * A message that was not delivered.
     *
     * @param attempts that failed, with this one
     * @param retryIn until the next one; null if there is none
     */
    record Failure(
            String id,
            int attempts,
            Attempt attempt,
            @Nullable Duration retryIn) {}

    long deliveryId() {
        return deliveryId;
    }

    String endpointId() {
        return endpointId;
    }

    EventKind event() {
        return event;
    }

    List<String> ids() {
        return ids;
    }

    boolean isReplay() {
        return replay;
    }

    OffsetDateTime nextAt() {
        return nextAt;
    }

    int attempts() {
        return attempts;
    }

    OffsetDateTime leasedUntil() {
        return leasedUntil;
    }

    long claimedNanos() {
        return claimedNanos;
    }

    /** One is delivered, and says whether that was the last. */
    synchronized boolean delivered() {
        return --open == 0;
    }

    /** One is not, and says whether that was the last. */
    synchronized boolean failed(Failure failure) {
        failures.add(failure);
        return --open == 0;
    }

    /** One was not tried, and says whether that was the last. */
    synchronized boolean returned(String id) {
        returned.add(id);
        return --open == 0;
    }

    synchronized List<Failure> failures() {
        return List.copyOf(failures);
    }

    synchronized List<String> returned() {
        return List.copyOf(returned);
    }
}
