package dev.tallyhook.transaction;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Times as they stand in a row and in a URL: RFC 3339 section 5.6, with any offset, in the years 1 to 9999. */
public final class Timestamps {

    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

    /** In 2025-10-29T10:30:00Z. */
    private static final int SECONDS_COLON = 16;

    /** What is said of a text that is none. */
    public static final String VIOLATION =
            "must be an RFC 3339 time, such as 2025-10-29T10:30:00Z (the + of an offset is written %2B in a URL)";

    private Timestamps() {}

    /** Nothing if the text is no such time. */
    public static Optional<Instant> parse(String text) {
        // Java would take a time without its seconds too.
        if (text.length() <= SECONDS_COLON || text.charAt(SECONDS_COLON) != ':') {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant()).filter(Timestamps::isInRange);
        } catch (DateTimeException wrong) {
            return Optional.empty();
        }
    }

    /** Of a column that is not null. */
    public static Instant of(ResultSet row, int column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }

    /** Of a column that may be. */
    public static @Nullable Instant orNull(ResultSet row, int column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    static boolean isInRange(Instant time) {
        return !time.isBefore(EARLIEST) && !time.isAfter(LATEST);
    }
}
