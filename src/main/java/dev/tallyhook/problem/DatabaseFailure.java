package dev.tallyhook.problem;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** Tells a database that is away, and that a retry may find again, from a statement that is wrong, and when to try again. */
public final class DatabaseFailure {

    /** No chain of causes is longer; the bound guards against one that runs in a circle. */
    private static final int CAUSES_MAX = 20;

    /**
     * SQLSTATE classes of a server that is away, going away, out of resources, or that lets nobody in: connection
     * exception, invalid authorization, invalid catalog name, transaction rollback, insufficient resources, operator
     * intervention, system error.
     *
     * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
     */
    private static final Set<String> AWAY_CLASSES = Set.of("08", "28", "3D", "40", "53", "57", "58");

    /** A standby, or a server that was told to refuse writes: {@code read_only_sql_transaction}. */
    private static final String READ_ONLY = "25006";

    /** {@code lock_not_available}: a lock was not to be had within its timeout. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    /** Class 42, syntax error or access rule violation: a table, a column or a right is missing, whatever the row. */
    private static final String NO_STATEMENT_OF_THIS_SCHEMA = "42";

    private DatabaseFailure() {}

    /** Whether the same request may succeed later, because the database and not the request is the reason. */
    public static boolean isTransient(Throwable failure) {
        return causes(failure).anyMatch(DatabaseFailure::isTransient);
    }

    /** What the database or the driver said: the message of the first {@link SQLException} among the causes. */
    static String reason(Throwable failure) {
        return causes(failure)
                .findFirst()
                .map(cause -> String.valueOf(cause.getMessage()))
                .orElseGet(failure::toString);
    }

    /** What the driver threw, among the failure and its causes, outermost first. */
    private static Stream<SQLException> causes(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .limit(CAUSES_MAX)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast);
    }

    /** Whether a lock that another session holds was not to be had in time. */
    public static boolean isLocked(SQLException failure) {
        return LOCK_NOT_AVAILABLE.equals(failure.getSQLState());
    }

    /**
     * How long to wait before a database that failed is asked again: from half to one and a half times what is given, so that
     * replicas that lost it together do not come back together.
     */
    public static Duration retryPause(Duration about) {
        return Duration.ofNanos(ThreadLocalRandom.current().nextLong(about.toNanos()) + about.toNanos() / 2);
    }

    /** Whether one row of a statement may be the reason, so that the others would succeed without it. */
    public static boolean mayBeOneRows(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        return isLocked(failure)
                || (!isTransient((Throwable) failure) && !state.startsWith(NO_STATEMENT_OF_THIS_SCHEMA));
    }

    private static boolean isTransient(SQLException failure) {
        if (failure instanceof SQLTransientConnectionException
                || failure instanceof SQLNonTransientConnectionException
                || failure instanceof SQLTimeoutException) {
            return true;
        }
        String state = failure.getSQLState();
        if (state == null || state.length() < 2) {
            // The connection pool gives no SQLSTATE when no connection is to be had in time.
            return true;
        }
        return AWAY_CLASSES.contains(state.substring(0, 2))
                || state.equals(READ_ONLY)
                || state.equals(LOCK_NOT_AVAILABLE);
    }
}
