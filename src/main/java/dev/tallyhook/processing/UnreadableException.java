package dev.tallyhook.processing;

import java.io.Serial;
import java.sql.SQLException;
import java.time.OffsetDateTime;

/** What is due cannot even be read: a page of the table or of an index is damaged. */
final class UnreadableException extends SQLException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final OffsetDateTime now;

    /** @param now the database's clock, before it was read */
    UnreadableException(SQLException failure, OffsetDateTime now) {
        super(failure.getMessage(), failure.getSQLState(), failure);
        this.now = now;
    }

    OffsetDateTime now() {
        return now;
    }
}
