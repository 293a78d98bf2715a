package dev.tallyhook.intake;

import dev.tallyhook.source.Money;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of an event beside its transaction.
 *
 * @param source the name of its sender
 * @param unmapped the reason why not all of it could be mapped, or null
 * @param sent its amount as the provider wrote it, or null
 * @param raw the request that brought it, and perhaps others with it
 */
record EventRow(
        String source,
        @Nullable String type,
        @Nullable String subject,
        @Nullable Instant occurredAt,
        @Nullable String unmapped,
        @Nullable Money sent,
        RawDelivery raw) {

    /** Says whose it is, and nothing of what it holds. */
    @Override
    public String toString() {
        return "EventRow[" + source + "]";
    }
}
