package dev.tallyhook.intake;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.OnShards;
import dev.tallyhook.citus.Shard;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.transaction.Columns;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * That part of a distributed ledger that one server has. A group is stored inside its shards by the statements of a plain ledger, in one
 * transaction of that server alone: its commit needs no other one, so there is no second phase, and what is answered 202 is on its disk.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-prepare-transaction.html">Two-phase commit</a>
 */
final class ShardLedger implements Ledger {

    /** A shard that changes over takes well under a second. */
    private static final Duration LOCKED_FOR = Duration.ofMillis(200);

    private final Node node;
    private final Distribution distribution;
    private final NodeSessions sessions;
    private final Duration delay;
    private final Telling telling;

    /** Numbers of shards, and when they were met locked, by the monotonic clock. For the writer's thread alone. */
    private final Map<Long, Long> locked = new HashMap<>();

    ShardLedger(Node node, Distribution distribution, NodeSessions sessions, Duration delay, Telling telling) {
        this.node = node;
        this.distribution = distribution;
        this.sessions = sessions;
        this.delay = delay;
        this.telling = telling;
    }

    private Connection connect() throws SQLException {
        return sessions.intake(node).getConnection();
    }

    private void failed(SQLException failure) {
        sessions.failed(node, failure);
        distribution.mayBeOtherwise(failure);
    }

    @Override
    public List<Receipt> write(List<Webhook> webhooks) throws SQLException {
        Shards shards = Shards.of(node, distribution);
        List<Webhook> firsts = LedgerWriter.firstOfEachId(webhooks);
        Map<Shard, List<Webhook>> parts = shards.divided(firsts, Webhook::transactionId);
        requireFree(parts);
        try (Connection connection = connect()) {
            Set<String> inserted = insertNew(connection, shards, firsts, parts);
            if (inserted.size() == webhooks.size()) {
                return Collections.nCopies(webhooks.size(), Receipt.ACCEPTED);
            }
            List<Receipt> receipts =
                    LedgerWriter.settle(webhooks, inserted, known(connection, shards, firsts.size(), parts));
            return new ShardConflictWriter(shards, telling).record(connection, webhooks, receipts);
        } catch (SQLException failure) {
            failed(failure);
            throw OnShards.isBusy(failure) && !(failure instanceof BusyException)
                    ? new BusyException(failure, busy(parts))
                    : failure;
        }
    }

    /** Those that were met locked a moment ago are not waited for again, so that others of their groups are stored at once. */
    private void requireFree(Map<Shard, List<Webhook>> parts) throws BusyException {
        if (locked.isEmpty()) {
            return;
        }
        locked.values().removeIf(since -> System.nanoTime() - since > LOCKED_FOR.toNanos());
        Set<String> ids = new HashSet<>();
        parts.forEach((shard, webhooks) -> {
            if (locked.containsKey(shard.number())) {
                webhooks.forEach(webhook -> ids.add(webhook.transactionId()));
            }
        });
        if (!ids.isEmpty()) {
            throw new BusyException(
                    new SQLException("A shard of the ledger was just being moved", OnShards.BUSY),
                    webhook -> ids.contains(webhook.transactionId()));
        }
    }

    /** Whose shards are being moved: each that has a part is asked alone, because one that is not locked answers at once. */
    private Predicate<Webhook> busy(Map<Shard, List<Webhook>> parts) {
        Set<String> ids = new HashSet<>();
        try (Connection connection = connect()) {
            for (Map.Entry<Shard, List<Webhook>> part : parts.entrySet()) {
                try {
                    OnShards.guarded(connection, List.of(part.getKey()), () -> true);
                } catch (SQLException busy) {
                    locked.put(part.getKey().number(), System.nanoTime());
                    part.getValue().forEach(webhook -> ids.add(webhook.transactionId()));
                }
            }
        } catch (SQLException away) {
            return webhook -> true;
        }
        return webhook -> ids.contains(webhook.transactionId());
    }

    private Set<String> insertNew(
            Connection connection, Shards shards, List<Webhook> webhooks, Map<Shard, List<Webhook>> parts)
            throws SQLException {
        boolean hasEvents = webhooks.stream().anyMatch(webhook -> webhook.event() != null);
        boolean tells = telling.isWanted(EventKind.ACCEPTED);
        Set<String> inserted = shards.guarded(
                connection,
                parts,
                () -> hasEvents
                        ? insertEvents(connection, shards, webhooks, parts, tells)
                        : insertBuiltIn(connection, shards, parts, tells));
        if (tells && !inserted.isEmpty()) {
            telling.kept();
        }
        return inserted;
    }

    private Set<String> insertBuiltIn(
            Connection connection, Shards shards, Map<Shard, List<Webhook>> parts, boolean tells) throws SQLException {
        return insert(connection, shards, ShardInsert.BUILT_IN, parts, tells, (insert, first, webhooks) -> {
            insert.setArray(first, Columns.of(connection, "text", webhooks, Webhook::traceparent));
            return first + 1;
        });
    }

    /** What brought them is kept in the same transaction, unless nothing of it was new. */
    private Set<String> insertEvents(
            Connection connection,
            Shards shards,
            List<Webhook> webhooks,
            Map<Shard, List<Webhook>> parts,
            boolean tells)
            throws SQLException {
        var numbered = ShardRequests.number(connection, shards, webhooks);
        Set<String> inserted =
                insert(connection, shards, ShardInsert.WITH_EVENTS, parts, tells, (insert, first, rows) -> {
                    int next = EventInsert.bindEvents(insert, first, rows);
                    insert.setArray(
                            next, EventInsert.ofEvents(connection, "bigint", rows, event -> numbered.of(event.raw())));
                    insert.setArray(next + 1, EventInsert.ofEvents(connection, "int", rows, event -> event.raw()
                            .place()));
                    return next + 2;
                });
        numbered.keep(connection, webhooks.stream().filter(webhook -> inserted.contains(webhook.transactionId())));
        return inserted;
    }

    /** Binds what is beyond the columns that every webhook has. */
    private interface More {
        int bind(PreparedStatement insert, int first, List<Webhook> webhooks) throws SQLException;
    }

    /** In the order of the shards, and of the ids in each, so that two writers that share ids lock them in the same order. */
    private Set<String> insert(
            Connection connection,
            Shards shards,
            ShardInsert kind,
            Map<Shard, List<Webhook>> parts,
            boolean tells,
            More more)
            throws SQLException {
        List<Shard> asked = shards.asked(parts);
        List<Webhook> webhooks = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int place = 0; place < asked.size(); place++) {
            List<Webhook> part = parts.getOrDefault(asked.get(place), List.of());
            webhooks.addAll(part);
            places.addAll(Collections.nCopies(part.size(), place));
        }
        String text = shards.map().together(asked, new ShardInsert.Wanted(kind, tells), of -> kind.text(of, tells));
        try (PreparedStatement insert = connection.prepareStatement(text)) {
            insert.setLong(1, delay.toNanos() / 1_000);
            LedgerWriter.bindColumns(insert, 2, webhooks);
            int next = more.bind(insert, 2 + LedgerWriter.COLUMNS, webhooks);
            insert.setArray(next, Columns.of(connection, "int", places, place -> place));
            insert.setInt(next + 1, webhooks.size());
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return LedgerWriter.whichWereNew(row, webhooks);
            }
        }
    }

    private Map<String, Predicate<Webhook>> known(
            Connection connection, Shards shards, int ids, Map<Shard, List<Webhook>> parts) throws SQLException {
        Map<String, Predicate<Webhook>> known = new HashMap<>();
        shards.run(
                connection,
                parts,
                LedgerWriter.SELECT_STORED,
                ShardLedger::bindIds,
                (rows, part) -> LedgerWriter.readStored(rows, known));
        if (known.size() < ids) {
            shards.run(
                    connection,
                    parts,
                    LedgerWriter.SELECT_GONE,
                    ShardLedger::bindIds,
                    (rows, part) -> LedgerWriter.readGone(rows, known));
        }
        return known;
    }

    private static int bindIds(PreparedStatement select, int first, List<Webhook> part) throws SQLException {
        select.setArray(first, Columns.of(select.getConnection(), "text", part, Webhook::transactionId));
        return first + 1;
    }

    @Override
    public void ask() throws SQLException {
        Shards shards = Shards.of(node, distribution);
        try (Connection connection = connect()) {
            insertNew(connection, shards, List.of(), Map.of());
        } catch (SQLException failure) {
            throwUnlessBusy(failure);
        }
    }

    @Override
    public void tryOut(int rows) throws SQLException {
        Shards shards = Shards.of(node, distribution);
        List<Webhook> trials = trials(shards, rows);
        try (Connection connection = connect()) {
            Map<Shard, List<Webhook>> parts =
                    shards.divided(LedgerWriter.firstOfEachId(trials), Webhook::transactionId);
            shards.guarded(connection, parts, () -> {
                Savepoint before = connection.setSavepoint();
                insertBuiltIn(connection, shards, parts, false);
                connection.rollback(before);
                return true;
            });
        } catch (SQLException failure) {
            throwUnlessBusy(failure);
        }
    }

    /** A server of which one shard is just being moved takes webhooks. */
    private void throwUnlessBusy(SQLException failure) throws SQLException {
        failed(failure);
        if (!OnShards.isBusy(failure)) {
            throw failure;
        }
    }

    /** With ids that belong to this server. */
    private List<Webhook> trials(Shards shards, int rows) {
        return Stream.generate(LedgerWriter::trial)
                .filter(trial ->
                        shards.map().shardOf(trial.transactionId()).node().equals(node))
                .limit(rows)
                .toList();
    }
}
