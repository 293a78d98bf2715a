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

/** The shards of one server, as they are when a group is written: what the group brings is divided among them. */
final class Shards {

    /** {@code serialization_failure}: another try finds the shard where it is now. */
    private static final String MOVED = "40001";

    private final Distribution distribution;
    private final Node node;

    Shards(Distribution distribution, Node node) {
        this.distribution = distribution;
        this.node = node;
    }

    Node node() {
        return node;
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

    /** All of this server's shards, with none in them. */
    List<Shard> all() throws SQLException {
        List<Shard> all = map().on(node);
        if (all.isEmpty()) {
            throw new SQLException("No shard of the ledger is on " + node + " any more", MOVED);
        }
        return all;
    }

    /**
     * Divides them.
     *
     * @throws SQLException if one of them belongs to a shard that is elsewhere
     */
    <T> Map<Shard, List<T>> divided(List<T> all, Function<T, String> transactionId) throws SQLException {
        ShardMap map = map();
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
    <T> List<Shard> asked(Map<Shard, List<T>> parts) throws SQLException {
        return parts.size() == 1 ? List.copyOf(parts.keySet()) : all();
    }

    /** Runs a statement of a plain ledger in each shard that has a part, all in one transaction. */
    <T> void run(Connection connection, Map<Shard, List<T>> parts, String plain, Binder<T> binder, Reader<T> reader)
            throws SQLException {
        // One shard, or all of them: of more than one, those that have nothing cost less than a statement of its own
        // for each choice.
        List<Shard> shards = parts.size() == 1 ? List.copyOf(parts.keySet()) : all();
        OnShards.run(
                connection,
                map(),
                shards,
                plain,
                (statement, first, shard) -> binder.bind(statement, first, parts.getOrDefault(shard, List.of())),
                (rows, shard) -> reader.read(rows, parts.getOrDefault(shard, List.of())));
    }

    ShardMap map() throws SQLException {
        return distribution.map().orElseThrow(() -> new SQLException("The ledger is no longer distributed", MOVED));
    }

    /** After a statement failed. */
    void lookAgain(SQLException failure) {
        distribution.mayBeOtherwise(failure);
    }
}
