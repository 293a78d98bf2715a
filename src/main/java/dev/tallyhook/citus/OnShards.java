package dev.tallyhook.citus;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Runs a statement of a plain ledger inside shards of one server, all of it in one transaction and in one round trip. */
public final class OnShards {

    /** What {@code on_shards} says of a shard that is being moved: who has locked it will be over soon. */
    private static final String BUSY = "55006";

    private OnShards() {}

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
     * Runs it.
     *
     * @param connection to the server that has these shards; in autocommit mode each call is a transaction
     * @param shards one, or all of a server
     * @param plain the statement as it is for a plain ledger
     * @throws SQLException also if one of the shards is not there, is just being moved, or does not answer; then nothing was done
     */
    public static void run(
            Connection connection, ShardMap map, List<Shard> shards, String plain, Binder binder, Reader reader)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(map.guarded(shards, plain))) {
            int place = 1;
            for (Shard shard : shards) {
                place = binder.bind(statement, place, shard);
            }
            statement.execute();
            for (Shard shard : shards) {
                if (statement.getMoreResults()) { // The first answer is the guard's.
                    try (ResultSet rows = statement.getResultSet()) {
                        reader.read(rows, shard);
                    }
                }
            }
        }
    }

    /** Executes what {@link ShardMap#guarded(List, Object, ShardMap.Maker)} has made, and gives the answer behind the guard's. */
    public static ResultSet answer(PreparedStatement guarded) throws SQLException {
        guarded.execute();
        if (!guarded.getMoreResults()) {
            throw new SQLException("A statement behind a guard has not answered", "XX000");
        }
        return guarded.getResultSet();
    }

    /** Whether a shard is just being moved or divided, and the same may be done soon. */
    public static boolean isBusy(SQLException failure) {
        return BUSY.equals(failure.getSQLState());
    }
}
