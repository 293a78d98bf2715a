package dev.tallyhook.processing;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.citus.ShardMap;
import dev.tallyhook.delivery.Telling;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** What is due on each server of a distributed ledger: inside each of its shards the statement of a plain one, all in one transaction. */
@ApplicationScoped
class DueOnNodes {

    /** Of what one statement finishes in one shard at least: a batch is divided among the shards of a server. */
    private static final int OF_SHARD_MIN = 100;

    /** Of all shards of a server together; each tells its first row, from the index that has what waits. */
    private static final String NEXT_DUE = """
            SELECT now, ceil(extract(epoch FROM due_at - now) * 1000)
            FROM (SELECT clock_timestamp() AS now) AS clock
            LEFT JOIN LATERAL (
                SELECT min(due_at) AS due_at
                FROM (%s) AS firsts) AS next ON true
            """;

    private static final String FIRST_DUE = """
            (SELECT due_at
             FROM transactions
             WHERE status = 'PROCESSING'
               AND due_at > greatest(?, now - interval '0.5 seconds')
               AND due_at < now + interval '1 second'
             ORDER BY due_at
             LIMIT 1)""";

    private final Distribution distribution;
    private final NodeSessions sessions;
    private final DueTransactions plain;
    private final Telling telling;

    DueOnNodes(Distribution distribution, NodeSessions sessions, DueTransactions plain, Telling telling) {
        this.distribution = distribution;
        this.sessions = sessions;
        this.plain = plain;
        this.telling = telling;
    }

    /** Whatever shards that server has, each time that it is asked. */
    Due on(Node node) {
        return new OnNode(node, sessions.processing(node));
    }

    private final class OnNode implements Due {

        private final Node node;
        private final DataSource dataSource;

        OnNode(Node node, DataSource dataSource) {
            this.node = node;
            this.dataSource = dataSource;
        }

        @Override
        public Batch finish(OffsetDateTime watermark, int batchSize) throws SQLException {
            Optional<ShardMap> map = distribution.map();
            List<Shard> shards = map.map(known -> known.on(node)).orElse(List.of());
            if (map.isEmpty() || shards.isEmpty()) {
                return new Batch(0, false, watermark);
            }
            boolean tells = plain.tells();
            int ofShard = Math.max(OF_SHARD_MIN, batchSize / shards.size());
            List<Batch> batches = new ArrayList<>();
            try (Connection connection = dataSource.getConnection()) {
                OnShards.run(
                        connection,
                        map.get(),
                        shards,
                        plain.wanted(DueTransactions.OF_SHARD, tells),
                        (statement, first, shard) -> bind(statement, first, watermark, ofShard),
                        (rows, shard) -> batches.add(plain.count(rows, watermark, ofShard, false)));
            }
            Batch together = together(batches, watermark);
            if (together.isFull()) {
                telling.moreIsDue();
            }
            if (tells && together.count() > 0) {
                telling.kept();
            }
            return together;
        }

        private static int bind(PreparedStatement statement, int first, OffsetDateTime watermark, int ofShard)
                throws SQLException {
            statement.setObject(first, watermark);
            statement.setInt(first + 1, ofShard);
            return first + 2;
        }

        @Override
        public Outlook outlook(OffsetDateTime watermark) throws SQLException {
            List<Shard> shards = distribution.map().map(known -> known.on(node)).orElse(List.of());
            String firsts =
                    shards.stream().map(shard -> shard.statement(FIRST_DUE)).collect(Collectors.joining(" UNION ALL "));
            if (shards.isEmpty()) {
                return new Outlook(now(), Optional.empty());
            }
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement next = connection.prepareStatement(NEXT_DUE.formatted(firsts))) {
                for (int i = 1; i <= shards.size(); i++) {
                    next.setObject(i, watermark);
                }
                try (ResultSet row = next.executeQuery()) {
                    return DueTransactions.outlook(row);
                }
            }
        }

        @Override
        public OffsetDateTime now() throws SQLException {
            return DueTransactions.now(dataSource);
        }
    }

    /** Beyond the watermark of a shard that may have more nothing of it may be passed over. */
    static Due.Batch together(List<Due.Batch> batches, OffsetDateTime from) {
        int count = 0;
        OffsetDateTime reached = from;
        OffsetDateTime limit = null;
        for (Due.Batch batch : batches) {
            count += batch.count();
            OffsetDateTime its = batch.watermark();
            reached = its.isAfter(reached) ? its : reached;
            if (batch.isFull()) {
                limit = limit == null || its.isBefore(limit) ? its : limit;
            }
        }
        return new Due.Batch(count, limit != null, limit == null ? reached : limit);
    }
}
