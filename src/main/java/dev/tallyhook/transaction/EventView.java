package dev.tallyhook.transaction;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a named sender's event beside its transaction.
 *
 * @param occurredAt by the provider's clock
 * @param unmapped why not all of it could be mapped
 * @param amountSent as the provider wrote it
 * @param amountUnit {@code MINOR} or {@code MAJOR}, what that counts
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record EventView(
        String source,
        @Nullable String type,
        @Nullable String subject,
        @Nullable Instant occurredAt,
        @Nullable String unmapped,
        @Nullable String amountSent,
        @Nullable String amountUnit) {

    /** One of which only the sender is known yet, or null if that is the built-in source. */
    static @Nullable EventView of(@Nullable String source) {
        return source == null ? null : new EventView(source, null, null, null, null, null, null);
    }
}
