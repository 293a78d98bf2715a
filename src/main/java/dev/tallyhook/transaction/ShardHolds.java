package dev.tallyhook.transaction;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.citus.ShardMap;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Of a ledger that may be distributed: then a transaction and the record of who held it are in one shard, and are changed there. */
@Singleton
class ShardHolds extends Holds {

    private final Distribution distribution;
    private final NodeSessions sessions;

    ShardHolds(DataSource dataSource, Distribution distribution, NodeSessions sessions) {
        super(dataSource);
        this.distribution = distribution;
        this.sessions = sessions;
    }

    @Override
    List<TransactionView> change(
            Connection connection, Action action, String transactionId, String by, @Nullable String reason)
            throws SQLException {
        Optional<ShardMap> map = distribution.map();
        return map.isEmpty()
                ? super.change(connection, action, transactionId, by, reason)
                : changeInShard(map.get(), action, transactionId, by, reason);
    }

    /** Their numbers grow on each server for itself. */
    @Override
    String list() {
        return distribution.map().isEmpty()
                ? super.list()
                : super.list().replace("ORDER BY hold_id DESC", "ORDER BY at DESC, hold_id DESC");
    }

    private List<TransactionView> changeInShard(
            ShardMap map, Action action, String transactionId, String by, @Nullable String reason) throws SQLException {
        Shard shard = map.shardOf(transactionId);
        try (Connection connection = sessions.delivery(shard.node()).getConnection()) {
            return OnShards.guarded(connection, List.of(shard), () -> new Sql()
                    .add(shard.statement(action.inShard()), transactionId, by, reason)
                    .query(connection, row -> TransactionView.of(row, 1)));
        } catch (SQLException failure) {
            sessions.failed(shard.node(), failure);
            distribution.mayBeOtherwise(failure);
            throw failure;
        }
    }
}
