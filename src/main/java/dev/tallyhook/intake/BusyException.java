package dev.tallyhook.intake;

import java.sql.SQLException;
import java.util.function.Predicate;

/** Some webhooks of a group cannot be stored for a moment, and that is neither their fault nor the others'. */
final class BusyException extends SQLException {

    private static final long serialVersionUID = 1;

    private final transient Predicate<Webhook> which;

    BusyException(SQLException cause, Predicate<Webhook> which) {
        super(cause.getMessage(), cause.getSQLState(), cause);
        this.which = which;
    }

    /** Whether one of a request's is among them: what it brought is stored together. */
    boolean concerns(Pending pending) {
        return pending.webhooks().stream().anyMatch(which);
    }
}
