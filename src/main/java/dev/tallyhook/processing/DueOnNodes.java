package dev.tallyhook.processing;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.citus.ShardMap;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

    private static final String FINISHED = """
            due_%1$d AS MATERIALIZED (%2$s),
            finished_%1$d AS (
                UPDATE transactions
                SET status = 'PROCESSED',
                    processed_at = greatest(clock_timestamp(), due_at)
                WHERE ctid = ANY (ARRAY (SELECT ctid FROM due_%1$d))
                RETURNING due_at, processed_at %3$s)""";

    private static final String ANSWER = """

            SELECT width_bucket(processed_at - due_at, %1$s) AS lateness,
                   count(*),
                   extract(epoch FROM sum(processed_at - due_at)),
                   max(due_at)
                   %2$s,
                   %3$d
            FROM finished_%3$d
            WHERE\s""" + DURABLY + """

            GROUP BY lateness
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

    /** The same by sessions of their own, for who sweeps. */
    Due toSweep(Node node) {
        return new OnNode(node, sessions.sweep(node));
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
            var wanted = new Wanted(plain.traces(), plain.tells());
            int ofShard = Math.max(OF_SHARD_MIN, batchSize / shards.size());
            Batch finished;
            try (Connection connection = dataSource.getConnection()) {
                finished = finish(connection, map.get(), shards, wanted, watermark, ofShard);
            } catch (SQLException failure) {
                sessions.failed(node, failure);
                if (!OnShards.isBusy(failure) || shards.size() == 1) {
                    throw failure;
                }
                finished = finishOneByOne(map.get(), shards, wanted, watermark, ofShard);
            }
            if (finished.isFull()) {
                telling.moreIsDue();
            }
            if (wanted.tells() && finished.count() > 0) {
                telling.kept();
            }
            return finished;
        }

        /** One is just being moved, and keeps none of the others. What is left in it is above the watermark for a second; then the sweep finds it. */
        private Batch finishOneByOne(
                ShardMap map, List<Shard> shards, Wanted wanted, OffsetDateTime watermark, int ofShard)
                throws SQLException {
            int count = 0;
            boolean isFull = false;
            try (Connection connection = dataSource.getConnection()) {
                for (Shard shard : shards) {
                    try {
                        Batch ofOne = finish(connection, map, List.of(shard), wanted, watermark, ofShard);
                        count += ofOne.count();
                        isFull |= ofOne.isFull();
                    } catch (SQLException failure) {
                        if (!OnShards.isBusy(failure)) {
                            throw failure;
                        }
                    }
                }
            }
            return new Batch(count, isFull, watermark);
        }

        private Batch finish(
                Connection connection,
                ShardMap map,
                List<Shard> shards,
                Wanted wanted,
                OffsetDateTime watermark,
                int ofShard)
                throws SQLException {
            int[] counts = new int[shards.size()];
            OffsetDateTime[] reached = new OffsetDateTime[shards.size()];
            Arrays.fill(reached, watermark);
            String text = map.together(shards, wanted, of -> text(of, wanted));
            return OnShards.guarded(connection, shards, () -> {
                try (PreparedStatement finish = connection.prepareStatement(text)) {
                    for (int i = 0; i < shards.size(); i++) {
                        finish.setObject(2 * i + 1, watermark);
                        finish.setInt(2 * i + 2, ofShard);
                    }
                    try (ResultSet rows = finish.executeQuery()) {
                        while (rows.next()) {
                            int place = rows.getInt(wanted.place());
                            counts[place] += plain.record(rows);
                            reached[place] = DueTransactions.above(rows, reached[place]);
                        }
                    }
                }
                return together(counts, reached, ofShard, watermark);
            });
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
    static Due.Batch together(int[] counts, OffsetDateTime[] reached, int ofShard, OffsetDateTime from) {
        OffsetDateTime last = from;
        OffsetDateTime limit = null;
        for (int i = 0; i < counts.length; i++) {
            last = reached[i].isAfter(last) ? reached[i] : last;
            if (counts[i] == ofShard) {
                limit = limit == null || reached[i].isBefore(limit) ? reached[i] : limit;
            }
        }
        return new Due.Batch(Arrays.stream(counts).sum(), limit != null, limit == null ? last : limit);
    }

    /** What a statement is made for. */
    private record Wanted(boolean traces, boolean tells) {

        /** The column behind all others, which says of which shard a row is. */
        int place() {
            return DueTransactions.FIRST_ANSWER + (traces ? DueTransactions.TRACE_COLUMNS : 0);
        }
    }

    /** Claim and finish of all shards, by one statement: one for each would cost as much again for each, before it has found a row. */
    private static String text(List<Shard> shards, Wanted wanted) {
        String columns = (wanted.traces() ? wanted.tells() ? ", traceparent" : DueTransactions.TRACED_COLUMNS : "")
                + (wanted.tells() ? ", " + Telling.COLUMNS : "");
        String parts = IntStream.range(0, shards.size())
                .mapToObj(place -> shards.get(place)
                        .statement(FINISHED.formatted(place, DueTransactions.DUE, columns)
                                + (wanted.tells()
                                        ? Telling.keep(
                                                        "told_" + place,
                                                        EventKind.PROCESSED,
                                                        "finished_" + place,
                                                        "transaction_id")
                                                .stripTrailing()
                                        : "")))
                .collect(Collectors.joining(",\n", "WITH ", ""));
        String answers = IntStream.range(0, shards.size())
                .mapToObj(place ->
                        ANSWER.formatted(Lateness.BOUNDS_SQL, wanted.traces() ? DueTransactions.TRACES : "", place))
                .collect(Collectors.joining("UNION ALL"));
        return parts + answers;
    }
}
