package dev.tallyhook.intake;

import java.sql.SQLException;
import java.util.function.Predicate;

/** Some webhooks of a group cannot be stored for a moment, and that is neither their fault nor the others'. */
final class BusyException extends SQLException {

    private static final long serialVersionUID = 1;

    private final transient Predicate<Webhook> which;
    private final boolean isLong;

    BusyException(SQLException cause, Predicate<Webhook> which) {
        this(cause, which, false);
    }

    private BusyException(SQLException cause, Predicate<Webhook> which, boolean isLong) {
        super(cause.getMessage(), cause.getSQLState(), cause);
        this.which = which;
        this.isLong = isLong;
    }

    /** It may last for minutes. */
    static BusyException forLong(SQLException cause, Predicate<Webhook> which) {
        return new BusyException(cause, which, true);
    }

    /** Whether it makes no sense to try again before they are answered. */
    boolean isLong() {
        return isLong;
    }

    /** Whether one of a request's is among them: what it brought is stored together. */
    boolean concerns(Pending pending) {
        return pending.webhooks().stream().anyMatch(which);
    }
}
