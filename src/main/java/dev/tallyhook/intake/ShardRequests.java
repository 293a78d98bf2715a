package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The requests that brought a group's events, of a distributed ledger. They are distributed by their own numbers, which are chosen such
 * that each is kept on the server that has the events it brought: then one transaction of that server alone keeps both.
 */
final class ShardRequests {

    /** Of a number: the lower bits are chance, above them is the time in milliseconds at which what it brought was created. */
    private static final int CHANCE_BITS = 20;

    /** One of a number of servers is met after about as many tries; where it has none of their shards, another server keeps them. */
    private static final int TRIES_MAX = 1_000;

    private static final String NOW = "SELECT (extract(epoch FROM now()) * 1000)::bigint";

    /** Routed by Citus: mostly to this very server. */
    private static final String KEEP = "INSERT INTO requests (id, raw) VALUES (?, ?)";

    /** {@code object_in_use}: its shard is just being moved, and another try may find it. */
    private static final String BUSY = "55006";

    private ShardRequests() {}

    /** Packed and numbered. */
    static final class Numbered {

        private final KeptRequests requests;
        private final List<Long> numbers;

        Numbered(KeptRequests requests, List<Long> numbers) {
            this.requests = requests;
            this.numbers = numbers;
        }

        /** That of the row in which it is kept. */
        Long of(RawDelivery raw) {
            return numbers.get(requests.number(raw) - 1);
        }

        /** Keeps those that brought one of these. */
        void keep(Connection connection, Stream<Webhook> inserted) throws SQLException {
            Set<Integer> wanted = inserted.map(Webhook::event)
                    .filter(event -> event != null)
                    .map(event -> requests.number(event.raw()) - 1)
                    .collect(Collectors.toSet());
            byte[][] rows = requests.compressed();
            for (int place : wanted) {
                try (PreparedStatement keep = connection.prepareStatement(KEEP)) {
                    keep.setLong(1, numbers.get(place));
                    keep.setBytes(2, rows[place]);
                    keep.executeUpdate();
                } catch (SQLException failure) {
                    throw DatabaseFailure.isLocked(failure)
                            ? busy(new SQLException("A shard of requests is just being moved", BUSY, failure))
                            : failure;
                }
            }
        }
    }

    /** In the transaction that is going to keep them. */
    static Numbered number(Connection connection, Shards shards, List<Webhook> webhooks) throws SQLException {
        var requests = KeptRequests.of(webhooks);
        var map = shards.map();
        if (!map.hasRequests()) {
            throw BusyException.forLong(
                    new SQLException(
                            "Requests are not distributed yet, and events cannot be kept until they are", BUSY),
                    ShardRequests::hasEvent);
        }
        long millis = now(connection);
        List<Long> numbers = Stream.of(requests.compressed())
                .map(row -> Stream.generate(() -> any(millis))
                        .limit(TRIES_MAX)
                        .filter(number -> map.nodeOfRequest(number).equals(shards.node()))
                        .findFirst()
                        .orElseGet(() -> any(millis)))
                .toList();
        return new Numbered(requests, numbers);
    }

    /** Which keeps no built-in webhook from being stored. */
    private static BusyException busy(SQLException why) {
        return new BusyException(why, ShardRequests::hasEvent);
    }

    private static boolean hasEvent(Webhook webhook) {
        return webhook.event() != null;
    }

    private static long now(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(NOW);
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    private static Long any(long millis) {
        return (millis << CHANCE_BITS) + ThreadLocalRandom.current().nextLong(1L << CHANCE_BITS);
    }
}
