package dev.tallyhook.problem;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** Tells a database that cannot, and that a retry may find better, from what no retry changes, and when to try again. */
public final class DatabaseFailure {

    /** No chain of causes is longer; the bound guards against one that runs in a circle. */
    private static final int CAUSES_MAX = 20;

    private static final int SQLSTATE_LENGTH = 5;

    private DatabaseFailure() {}

    /** Whether the same request may succeed later, because the database and not the request is the reason. */
    public static boolean isTransient(Throwable failure) {
        return causes(failure).anyMatch(DatabaseFailure::isTransient);
    }

    /**
     * What the database or the driver said: the message of the first {@link SQLException} among the causes, and its SQLSTATE, by
     * which {@code docs/sqlstates.md} tells what it means.
     */
    public static String reason(Throwable failure) {
        return causes(failure)
                .findFirst()
                .map(cause -> cause.getSQLState() == null
                        ? String.valueOf(cause.getMessage())
                        : "%s (SQLSTATE %s)".formatted(cause.getMessage(), cause.getSQLState()))
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
        return SqlState.LOCK_NOT_AVAILABLE.code().equals(failure.getSQLState());
    }

    /**
     * How long to wait before a database that failed is asked again: from half to one and a half times what is given, so that
     * replicas that lost it together do not come back together.
     */
    public static Duration retryPause(Duration about) {
        return Duration.ofNanos(ThreadLocalRandom.current().nextLong(about.toNanos()) + about.toNanos() / 2);
    }

    /** Whose fault it is, as far as the failure itself tells. */
    public static Blame blame(SQLException failure) {
        if (failure instanceof SQLTransientConnectionException
                || failure instanceof SQLNonTransientConnectionException
                || failure instanceof SQLTimeoutException) {
            return Blame.THE_DATABASE;
        }
        String state = failure.getSQLState();
        // The connection pool gives no SQLSTATE when no connection is to be had in time.
        return state == null || state.length() < SQLSTATE_LENGTH ? Blame.THE_DATABASE : SqlState.blame(state);
    }

    /** Whether the statement itself is refused, by a database that answers: something that it asks for is missing, or not allowed. */
    public static boolean isOfTheStatement(SQLException failure) {
        String state = failure.getSQLState();
        return state != null && state.startsWith(SqlState.SYNTAX_OR_ACCESS_RULE.code());
    }

    /** Whether the database cannot, whatever it is asked: it is away, or full, or takes too long. */
    public static boolean isOfTheServer(SQLException failure) {
        return blame(failure) == Blame.THE_DATABASE && !isOfTheStatement(failure);
    }

    private static boolean isTransient(SQLException failure) {
        Blame blame = blame(failure);
        return blame == Blame.THE_DATABASE || blame == Blame.PERHAPS_THE_ROW;
    }
}
