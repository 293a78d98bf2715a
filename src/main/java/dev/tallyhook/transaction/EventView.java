package dev.tallyhook.transaction;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a named sender's event beyond its transaction.
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

    /** Reads source, type, subject, time and reason, which begin at this column; null if it is the built-in source's. */
    static @Nullable EventView of(ResultSet row, int first) throws SQLException {
        String source = row.getString(first);
        return source == null
                ? null
                : new EventView(
                        source,
                        row.getString(first + 1),
                        row.getString(first + 2),
                        Timestamps.orNull(row, first + 3),
                        row.getString(first + 4),
                        null,
                        null);
    }

    static @Nullable EventView of(Transaction row) {
        return row.source == null
                ? null
                : new EventView(row.source, row.type, row.subject, row.occurredAt, row.unmapped, null, null);
    }

    EventView sent(@Nullable String amount, @Nullable String unit) {
        return new EventView(source, type, subject, occurredAt, unmapped, amount, unit);
    }
}
