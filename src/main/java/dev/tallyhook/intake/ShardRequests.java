package dev.tallyhook.intake;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
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

    /** Of a number: the lower bits are chance, above the time in milliseconds. */
    private static final int CHANCE_BITS = 20;

    /** One of a number of servers is met after about as many tries; where it has none of their shards, another server keeps them. */
    private static final int TRIES_MAX = 1_000;

    /** Routed by Citus: mostly to this very server. */
    private static final String KEEP = "INSERT INTO requests (id, raw) VALUES (?, ?)";

    private final Shards shards;

    ShardRequests(Shards shards) {
        this.shards = shards;
    }

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
                }
            }
        }
    }

    Numbered number(List<Webhook> webhooks) throws SQLException {
        var requests = KeptRequests.of(webhooks);
        var map = shards.map();
        List<Long> numbers = Stream.of(requests.compressed())
                .map(row -> Stream.generate(ShardRequests::any)
                        .limit(TRIES_MAX)
                        .filter(number -> map.nodeOfRequest(number).equals(shards.node()))
                        .findFirst()
                        .orElseGet(ShardRequests::any))
                .toList();
        return new Numbered(requests, numbers);
    }

    private static Long any() {
        return (Instant.now().toEpochMilli() << CHANCE_BITS)
                + ThreadLocalRandom.current().nextLong(1L << CHANCE_BITS);
    }
}
