package dev.tallyhook.intake;

import dev.tallyhook.citus.Shard;
import dev.tallyhook.delivery.Telling;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** The same inside the shards of one server: a conflict stands where the transaction does that it contradicts. */
final class ShardConflictWriter extends ConflictWriter {

    private final Shards shards;
    private final Telling telling;

    ShardConflictWriter(Shards shards, Telling telling) {
        super(telling);
        this.shards = shards;
        this.telling = telling;
    }

    @Override
    boolean[] countAgain(Connection connection, List<Repeated> conflicts) throws SQLException {
        boolean[] known = new boolean[conflicts.size()];
        Map<Shard, List<Repeated>> parts = divided(conflicts);
        shards.run(
                connection,
                parts,
                COUNT_AGAIN,
                (count, first, part) -> bind(count, first, part),
                (rows, part) -> readPlaces(rows, part, conflicts, known));
        return known;
    }

    private static void readPlaces(ResultSet places, List<Repeated> part, List<Repeated> conflicts, boolean[] known)
            throws SQLException {
        while (places.next()) {
            known[conflicts.indexOf(part.get(places.getInt(1) - 1))] = true; // SQL counts from 1.
        }
    }

    @Override
    void recordNew(Connection connection, List<Repeated> conflicts) throws SQLException {
        if (conflicts.isEmpty()) {
            return;
        }
        boolean tells = tells();
        shards.run(
                connection,
                divided(conflicts),
                tells ? RECORD_NEW_IN_SHARD_TOLD : RECORD_NEW_IN_SHARD,
                (insert, first, part) -> bind(insert, first, part),
                (rows, part) -> {});
        if (tells) {
            telling.kept();
        }
    }

    private Map<Shard, List<Repeated>> divided(List<Repeated> conflicts) throws SQLException {
        return shards.divided(conflicts, conflict -> conflict.webhook().transactionId());
    }
}
