package dev.tallyhook.citus;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Which shards there are, and which server has each, as Citus said last. It may be out of date as soon as it is read: whatever is done
 * in a shard by it is guarded ({@link OnShards}).
 */
public final class ShardMap {

    /** In the order of their hashes. */
    private final List<Shard> shards;

    private final int[] leasts;
    private final Map<Node, List<Shard>> ofNodes;

    /** Those that requests are kept in, which are distributed by their own ids. */
    private final List<Shard> ofRequests;

    private final int[] leastsOfRequests;

    private final Map<Key, String> texts = new ConcurrentHashMap<>();

    /** @param number of the first shard; of a server's shards either one is meant or all */
    private record Key(long number, int shards, Object what) {}

    /** Makes one statement for all of some shards. */
    @FunctionalInterface
    public interface Maker {
        /** Makes it. */
        String of(List<Shard> shards);
    }

    /** Of shards that leave no hash out. */
    ShardMap(List<Shard> shards, List<Shard> ofRequests) {
        this.shards = sorted(shards);
        this.ofRequests = sorted(ofRequests);
        leasts = leasts(this.shards);
        leastsOfRequests = leasts(this.ofRequests);
        ofNodes = this.shards.stream().collect(Collectors.groupingBy(Shard::node));
    }

    private static List<Shard> sorted(List<Shard> shards) {
        return shards.stream().sorted(Comparator.comparingInt(Shard::least)).toList();
    }

    private static int[] leasts(List<Shard> sorted) {
        return sorted.stream().mapToInt(Shard::least).toArray();
    }

    /** In the order of their hashes. */
    public List<Shard> shards() {
        return shards;
    }

    /** Where a transaction is, or would be. */
    public Shard shardOf(String transactionId) {
        return shards.get(place(leasts, DistributionHash.of(transactionId)));
    }

    /** The server that keeps a request with this number. */
    public Node nodeOfRequest(long number) {
        return ofRequests
                .get(place(leastsOfRequests, DistributionHash.of(number)))
                .node();
    }

    private static int place(int[] leasts, int hash) {
        int place = Arrays.binarySearch(leasts, hash);
        return place >= 0 ? place : -place - 2;
    }

    /** Those that have shards. */
    public List<Node> nodes() {
        return List.copyOf(ofNodes.keySet());
    }

    /** Which a server has, in the order of their hashes; none if it has none, or none any more. */
    public List<Shard> on(Node node) {
        return ofNodes.getOrDefault(node, List.of());
    }

    /**
     * A statement that is made for some shards of one server.
     *
     * @param of one shard, or all that a server has: another number of them would be another statement to prepare each time
     * @param what is made, by which it is found again
     */
    public String together(List<Shard> of, Object what, Maker maker) {
        return texts.computeIfAbsent(new Key(of.get(0).number(), of.size(), what), key -> maker.of(of));
    }

    /** A statement of a plain ledger for each of them, one after the other. */
    public String each(List<Shard> of, String plain) {
        return together(of, plain, shards -> shards.stream()
                .map(shard -> shard.statement(plain))
                .collect(Collectors.joining(";\n")));
    }

    /** Whether requests are distributed too, which is done last. */
    public boolean hasRequests() {
        return !ofRequests.isEmpty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ShardMap map && shards.equals(map.shards) && ofRequests.equals(map.ofRequests);
    }

    @Override
    public int hashCode() {
        return shards.hashCode();
    }
}
