package dev.tallyhook.delivery;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * A message on its way to one endpoint.
 *
 * @param timestamp of this attempt, in seconds since 1970
 * @param signature the value of {@code webhook-signature}
 * @param body JSON
 * @param traceparent of W3C Trace Context; null if it is not traced
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared, and nobody changes it.
record OutgoingRequest(
        URI url,
        String webhookId,
        long timestamp,
        String signature,
        byte[] body,
        @Nullable String traceparent) {}
