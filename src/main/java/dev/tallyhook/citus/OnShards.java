package dev.tallyhook.citus;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * Runs statements inside shards of one server, in one transaction, behind a guard: while it is open no shard of them is moved or divided, and if one
 * was before, it fails and nothing is done.
 *
 * <p>The guard and what it guards are two statements, because the second must see what was committed before the first one had its lock. So they
 * need a transaction that somebody opens and commits: sent together without one, the driver may divide them, where it cannot know how long an
 * answer is.
 */
public final class OnShards {

    /** What {@code on_shards} says of a shard that is being moved: who has locked it will be over soon. */
    public static final String BUSY = "55006";

    /** Waits for the lock of a shard for 100 ms. */
    private static final String GUARD = "SELECT on_shards(?)";

    private OnShards() {}

    /** What is done in a transaction. */
    @FunctionalInterface
    public interface Work<T> {
        /** Does it. */
        T run() throws SQLException;
    }

    /** Binds what one shard is asked. */
    @FunctionalInterface
    public interface Binder {
        /**
         * Binds it.
         *
         * @param first the place of this shard's first placeholder
         * @return that of the next shard's
         */
        int bind(PreparedStatement statement, int first, Shard shard) throws SQLException;
    }

    /** Reads what one shard answers. */
    @FunctionalInterface
    public interface Reader {
        /** Reads it; an update has no rows. */
        void read(ResultSet rows, Shard shard) throws SQLException;
    }

    /**
     * Does something in a transaction in which shards stay where they are, and commits it.
     *
     * @param connection to the server that has these shards, in autocommit mode
     * @throws SQLException also if one of the shards is not there or is just being moved; then nothing was done
     */
    public static <T> T guarded(Connection connection, List<Shard> shards, Work<T> work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            guard(connection, shards);
            T done = work.run();
            connection.commit();
            connection.setAutoCommit(true);
            return done;
        } catch (SQLException | RuntimeException | Error failure) {
            undo(connection, failure);
            throw failure;
        }
    }

    /** What fails in here, as on a connection that is lost, must not hide why. */
    private static void undo(Connection connection, Throwable failure) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException another) {
            failure.addSuppressed(another);
        }
    }

    /** For a transaction that is open: from now on these shards stay where they are until it is over. */
    public static void guard(Connection connection, List<Shard> shards) throws SQLException {
        try (PreparedStatement guard = connection.prepareStatement(GUARD)) {
            guard.setArray(
                    1,
                    connection.createArrayOf(
                            "bigint", shards.stream().map(Shard::number).toArray(Long[]::new)));
            guard.executeQuery().close();
        }
    }

    /**
     * Runs a statement of a plain ledger in each of the shards, in a transaction that is open and {@linkplain #guard guarded}.
     *
     * @param shards one, or all of a server
     * @param plain the statement as it is for a plain ledger
     */
    public static void run(
            Connection connection, ShardMap map, List<Shard> shards, String plain, Binder binder, Reader reader)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(map.each(shards, plain))) {
            int place = 1;
            for (Shard shard : shards) {
                place = binder.bind(statement, place, shard);
            }
            boolean hasRows = statement.execute();
            for (Shard shard : shards) {
                if (hasRows) {
                    try (ResultSet rows = statement.getResultSet()) {
                        reader.read(rows, shard);
                    }
                }
                hasRows = statement.getMoreResults();
            }
        }
    }

    /** Whether a shard is just being moved or divided, and the same may be done soon. */
    public static boolean isBusy(SQLException failure) {
        return BUSY.equals(failure.getSQLState());
    }
}
