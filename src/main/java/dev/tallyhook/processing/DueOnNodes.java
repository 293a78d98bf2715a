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
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.transaction.Trial;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

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
    private final SteppedOver steppedOver;
    private final ProcessingConfig config;
    private final Map<Node, Refusals> refusalsOf = new ConcurrentHashMap<>();

    DueOnNodes(
            Distribution distribution,
            NodeSessions sessions,
            DueTransactions plain,
            Telling telling,
            SteppedOver steppedOver,
            ProcessingConfig config) {
        this.distribution = distribution;
        this.sessions = sessions;
        this.plain = plain;
        this.telling = telling;
        this.steppedOver = steppedOver;
        this.config = config;
    }

    /** Whatever shards that server has, each time that it is asked. */
    Due on(Node node) {
        return new OnNode(node, sessions.processing(node));
    }

    /** The same by sessions of their own, for who sweeps. */
    OnNode toSweep(Node node) {
        return new OnNode(node, sessions.sweep(node));
    }

    /** Whether every server refuses to have anything finished, for longer than may be; of one that has had nothing to finish nobody knows. */
    boolean allRefuse() {
        List<Node> nodes = distribution.nodes();
        return !nodes.isEmpty()
                && nodes.stream().allMatch(node -> refusals(node).goOn());
    }

    private Refusals refusals(Node node) {
        return refusalsOf.computeIfAbsent(node, of -> new Refusals(config));
    }

    /** On one server. */
    final class OnNode implements Due {

        private final Node node;
        private final DataSource dataSource;
        private final Refusals refusals;

        OnNode(Node node, DataSource dataSource) {
            this.node = node;
            this.dataSource = dataSource;
            this.refusals = refusals(node);
        }

        @Override
        public Batch finish(OffsetDateTime watermark, int batchSize) throws SQLException {
            Optional<ShardMap> map = distribution.map();
            List<Shard> shards = map.map(known -> known.on(node)).orElse(List.of()); // Of that very map.
            if (map.isEmpty() || shards.isEmpty()) {
                return new Batch(0, false, watermark);
            }
            return finish(map.get(), shards, watermark, batchSize);
        }

        private List<Shard> shards() {
            return distribution.map().map(known -> known.on(node)).orElse(List.of());
        }

        /** The same for each of its shards by itself. */
        List<SweepPass.Finish> shardByShard() {
            ShardMap map = distribution.map().orElse(null);
            return map == null
                    ? List.of()
                    : map.on(node).stream()
                            .map(shard -> (SweepPass.Finish)
                                    (watermark, batchSize) -> finish(map, List.of(shard), watermark, batchSize))
                            .toList();
        }

        private Batch finish(ShardMap map, List<Shard> shards, OffsetDateTime watermark, int batchSize)
                throws SQLException {
            // A sweep that looks for what cannot be read makes small batches.
            int ofShard = Math.max(Math.min(OF_SHARD_MIN, batchSize), batchSize / shards.size());
            var claim = new Claim(map, steppedOver.ids(), watermark, ofShard);
            Batch finished;
            try {
                finished = claim.finish(shards);
            } catch (SQLException failure) {
                sessions.failed(node, failure);
                if (isOfTheServer(failure)) {
                    throw refusals.noted(failure);
                }
                finished = claim.finishOneByOne(shards, failure);
            }
            if (finished.isFull()) {
                telling.moreIsDue();
            }
            return finished;
        }

        /** Tries those of this server again that have been stepped over for a while, and says how many are finished. */
        int tryAgain() throws SQLException {
            ShardMap map = distribution.map().orElse(null);
            if (map == null) {
                return 0;
            }
            Map<Shard, List<String>> parts =
                    steppedOver.whoseTurnItIs().stream().collect(Collectors.groupingBy(map::shardOf));
            parts.keySet().removeIf(shard -> !shard.node().equals(node));
            List<Shard> shards = new ArrayList<>(parts.keySet());
            // What may be spent may not last for all.
            Collections.shuffle(shards);
            Narrowing.Effort effort = Narrowing.again();
            int count = 0;
            for (Shard shard : shards) {
                count += narrowing(map, shard).tryAgain(parts.getOrDefault(shard, List.of()), effort);
            }
            return count;
        }

        private Narrowing narrowing(ShardMap map, Shard shard) {
            return new Narrowing(new ById(map, shard), steppedOver, refusals);
        }

        /** Inside all shards the same statement, in one transaction. */
        private Batch finish(
                ShardMap map,
                List<Shard> shards,
                Wanted wanted,
                OffsetDateTime watermark,
                int ofShard,
                OnShards.Binder binder)
                throws SQLException {
            int[] counts = new int[shards.size()];
            OffsetDateTime[] reached = new OffsetDateTime[shards.size()];
            List<DueTransactions.Finished> told = new ArrayList<>();
            Arrays.fill(reached, watermark);
            String text = map.together(shards, wanted, of -> text(of, wanted));
            try (Connection connection = dataSource.getConnection()) {
                OnShards.guarded(connection, shards, () -> {
                    try (PreparedStatement finish = connection.prepareStatement(text)) {
                        int place = 1;
                        for (Shard shard : shards) {
                            place = binder.bind(finish, place, shard);
                        }
                        try (ResultSet rows = finish.executeQuery()) {
                            while (rows.next()) {
                                int shard = rows.getInt(wanted.place());
                                DueTransactions.Finished ofRow = plain.read(rows);
                                told.add(ofRow);
                                counts[shard] += ofRow.count();
                                reached[shard] = DueTransactions.above(rows, reached[shard]);
                            }
                        }
                    }
                    return true;
                });
            }
            told.forEach(committed -> committed.record().run());
            Batch finished = together(counts, reached, ofShard, watermark);
            if (finished.count() > 0) {
                refusals.over();
                if (wanted.tells()) {
                    telling.kept();
                }
            }
            return finished;
        }

        /** What is due in shards above a watermark, but for what is stepped over. */
        private final class Claim {

            private final ShardMap map;
            private final List<String> left;
            private final OffsetDateTime watermark;
            private final int ofShard;
            private final Wanted wanted;

            Claim(ShardMap map, List<String> left, OffsetDateTime watermark, int ofShard) {
                this.map = map;
                this.left = left;
                this.watermark = watermark;
                this.ofShard = ofShard;
                this.wanted = wanted(DueTransactions.due(left));
            }

            Batch finish(List<Shard> shards) throws SQLException {
                return OnNode.this.finish(
                        map,
                        shards,
                        wanted,
                        watermark,
                        ofShard,
                        (finish, first, shard) -> DueTransactions.bind(finish, first, watermark, left, ofShard));
            }

            /**
             * One is just being moved, or refuses what is due in it, and keeps none of the others. What is left in it is above the watermark
             * for a second; then the sweep finds it.
             *
             * @param failure of all of them
             * @throws SQLException if one has failed, and none has finished anything
             * @throws UnreadableException with the clock of before, because what becomes due meanwhile may be passed over by others
             */
            Batch finishOneByOne(List<Shard> shards, SQLException failure) throws SQLException {
                int count = 0;
                boolean isFull = false;
                SQLException ofPart = null;
                OffsetDateTime begun = now();
                for (Shard shard : shards) {
                    try {
                        Batch ofOne = shards.size() == 1 ? narrowed(shard, failure) : finishOrNarrow(shard, ofPart);
                        count += ofOne.count();
                        isFull |= ofOne.isFull();
                    } catch (SQLException ofOne) {
                        if (OnShards.isBusy(ofOne)) {
                            ofPart = shards.size() == 1 ? ofOne : ofPart;
                        } else if (isOfTheServer(ofOne)) {
                            ofPart = ofOne;
                            break; // Which is away for the others too.
                        } else if (!(ofPart instanceof UnreadableException)) {
                            // What cannot be read keeps what comes after it, and so the watermark has to pass it.
                            ofPart = ofOne;
                        }
                    }
                }
                if (ofPart instanceof UnreadableException) {
                    ofPart = new UnreadableException(ofPart, begun);
                }
                if (ofPart != null && count == 0) {
                    throw ofPart;
                }
                return new Batch(count, isFull, watermark, ofPart);
            }

            /** @param before what came of those before it: where one waits for a lock in vain, so do the trials and parts of each other */
            private Batch finishOrNarrow(Shard shard, @Nullable SQLException before) throws SQLException {
                try {
                    return finish(List.of(shard));
                } catch (SQLException failure) {
                    if (before != null && DatabaseFailure.isLocked(before) && DatabaseFailure.isLocked(failure)) {
                        throw failure;
                    }
                    return narrowed(shard, failure);
                }
            }

            private Batch narrowed(Shard shard, SQLException failure) throws SQLException {
                return narrowing(map, shard).finish(watermark, ofShard, failure);
            }
        }

        /** What a claim would take in one shard, one by one. */
        private final class ById implements Narrowing.Rows {

            private final ShardMap map;
            private final Shard shard;

            ById(ShardMap map, Shard shard) {
                this.map = map;
                this.shard = shard;
            }

            @Override
            public void tryOut() throws SQLException {
                String id = Stream.generate(DueTransactions::trialId)
                        .filter(any -> map.shardOf(any).equals(shard))
                        .findFirst()
                        .orElseThrow();
                Wanted wanted = wanted(DueTransactions.DUE_OF_THESE);
                Trial.of(dataSource, connection -> {
                    OnShards.guard(connection, List.of(shard));
                    try (PreparedStatement insert =
                                    connection.prepareStatement(shard.statement(DueTransactions.INSERT_TRIAL));
                            PreparedStatement finish = connection.prepareStatement(text(List.of(shard), wanted))) {
                        insert.setString(1, id);
                        insert.executeUpdate();
                        finish.setArray(1, DueTransactions.ids(finish, List.of(id)));
                        finish.executeQuery().close();
                    }
                    return true;
                });
            }

            @Override
            public OffsetDateTime now() throws SQLException {
                return OnNode.this.now();
            }

            @Override
            public List<String> due(OffsetDateTime watermark, int batchSize) throws SQLException {
                List<String> left = steppedOver.ids();
                return select(
                        DueTransactions.IDS.formatted(DueTransactions.due(left)),
                        (select, first, of) -> DueTransactions.bind(select, first, watermark, left, batchSize));
            }

            @Override
            public List<String> waiting(List<String> ids) throws SQLException {
                return select(DueTransactions.WAITING, bindIds(ids));
            }

            @Override
            public Batch finish(List<String> ids, OffsetDateTime watermark) throws SQLException {
                return OnNode.this.finish(
                        map,
                        List.of(shard),
                        wanted(DueTransactions.DUE_OF_THESE),
                        watermark,
                        Integer.MAX_VALUE,
                        bindIds(ids));
            }

            private OnShards.Binder bindIds(List<String> ids) {
                return (statement, first, of) -> {
                    statement.setArray(first, DueTransactions.ids(statement, ids));
                    return first + 1;
                };
            }

            private List<String> select(String plain, OnShards.Binder binder) throws SQLException {
                List<String> ids = new ArrayList<>();
                try (Connection connection = dataSource.getConnection()) {
                    return OnShards.guarded(connection, List.of(shard), () -> {
                        OnShards.run(connection, map, List.of(shard), plain, binder, (rows, of) -> {
                            while (rows.next()) {
                                ids.add(rows.getString(1));
                            }
                        });
                        return ids;
                    });
                }
            }
        }

        @Override
        public Outlook outlook(OffsetDateTime watermark) throws SQLException {
            List<Shard> shards = shards();
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

    private static boolean isOfTheServer(SQLException failure) {
        return DatabaseFailure.isOfTheServer(failure) && !OnShards.isBusy(failure);
    }

    private Wanted wanted(String due) {
        return new Wanted(due, plain.traces(), plain.tells());
    }

    /**
     * What a statement is made for.
     *
     * @param due selects the ctid of what it finishes in a shard
     */
    private record Wanted(String due, boolean traces, boolean tells) {

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
                        .statement(FINISHED.formatted(place, wanted.due(), columns)
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
