package dev.tallyhook.intake;

import static java.util.stream.Collectors.groupingBy;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.citus.ShardMap;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The shards of one server, as they are known when a group is written: what the group brings is divided among them. */
record Shards(Node node, ShardMap map) {

    /** {@code serialization_failure}: another try finds the shard where it is now. */
    private static final String MOVED = "40001";

    /**
     * As they are known now.
     *
     * @throws SQLException if there are none
     */
    static Shards of(Node node, Distribution distribution) throws SQLException {
        ShardMap map =
                distribution.map().orElseThrow(() -> new SQLException("The ledger is no longer distributed", MOVED));
        if (map.on(node).isEmpty()) {
            throw new SQLException("No shard of the ledger is on " + node + " any more", MOVED);
        }
        return new Shards(node, map);
    }

    /** Binds what one shard is asked of its part. */
    @FunctionalInterface
    interface Binder<T> {
        int bind(PreparedStatement statement, int first, List<T> part) throws SQLException;
    }

    /** Reads what it answers. */
    @FunctionalInterface
    interface Reader<T> {
        void read(ResultSet rows, List<T> part) throws SQLException;
    }

    /**
     * Divides them.
     *
     * @throws SQLException if one of them belongs to a shard that is elsewhere
     */
    <T> Map<Shard, List<T>> divided(List<T> all, Function<T, String> transactionId) throws SQLException {
        Map<Shard, List<T>> parts = all.stream().collect(groupingBy(one -> map.shardOf(transactionId.apply(one))));
        for (Shard shard : parts.keySet()) {
            if (!shard.node().equals(node)) {
                throw new SQLException("A shard of the ledger is on " + shard.node() + " and not on " + node, MOVED);
            }
        }
        return parts;
    }

    /**
     * Those that a statement is made for: one, or all of them, because of more than one those that have nothing to do cost less than a
     * statement for each choice.
     */
    <T> List<Shard> asked(Map<Shard, List<T>> parts) {
        return parts.size() == 1 ? List.copyOf(parts.keySet()) : map.on(node);
    }

    /** Does something in one transaction, in which the shards that have a part stay where they are; without parts, all. */
    <T, R> R guarded(Connection connection, Map<Shard, List<T>> parts, OnShards.Work<R> work) throws SQLException {
        return OnShards.guarded(connection, parts.isEmpty() ? map.on(node) : List.copyOf(parts.keySet()), work);
    }

    /** Runs a statement of a plain ledger in each shard that has a part, in one transaction. */
    <T> void run(Connection connection, Map<Shard, List<T>> parts, String plain, Binder<T> binder, Reader<T> reader)
            throws SQLException {
        guarded(connection, parts, () -> {
            OnShards.run(
                    connection,
                    map,
                    asked(parts),
                    plain,
                    (statement, first, shard) -> binder.bind(statement, first, parts.getOrDefault(shard, List.of())),
                    (rows, shard) -> reader.read(rows, parts.getOrDefault(shard, List.of())));
            return true;
        });
    }
}
