package dev.tallyhook.delivery;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message to one endpoint.
 *
 * @param parcel that it is part of
 * @param id of the transaction, or the number of the conflict
 * @param webhookId what it is called, and the same each time, as is the body
 * @param timestamp when it came to be so, by the database's clock
 * @param traceparent of the request that brought it, if that was traced
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody, and changed by nobody.
record Message(
        Parcel parcel,
        String id,
        String webhookId,
        byte[] body,
        Instant timestamp,
        @Nullable String traceparent) {}
