package dev.tallyhook.intake;

import static java.util.stream.Collectors.groupingBy;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.citus.Node;
import dev.tallyhook.citus.NodeSessions;
import dev.tallyhook.citus.ShardMap;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.LedgerConfig;
import jakarta.inject.Singleton;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * One lane for a ledger, and one for each server of a distributed one: there a webhook waits for the writer of the server that has its
 * shard, so a server that is away, or slow, keeps nobody waiting whose webhook belongs to another one.
 */
@Singleton
class Lanes {

    private final Lane plain;

    /** Of the one lane: where there are several, each packs what its own groups bring, because what is packed together is kept in one place. */
    private final Packs packs = new Packs();

    private final Map<Node, Lane> ofNodes = new ConcurrentHashMap<>();
    private final Distribution distribution;
    private final NodeSessions sessions;
    private final IntakeMetrics metrics;
    private final IntakeConfig config;
    private final Duration delay;
    private final Telling telling;
    private volatile boolean closed;

    Lanes(
            LedgerWriter ledger,
            Distribution distribution,
            NodeSessions sessions,
            IntakeMetrics metrics,
            IntakeConfig config,
            LedgerConfig ledgerConfig,
            Telling telling) {
        this.distribution = distribution;
        this.sessions = sessions;
        this.metrics = metrics;
        this.config = config;
        this.delay = ledgerConfig.delay();
        this.telling = telling;
        this.plain = new Lane(ledger, "", () -> distribution.map().isEmpty(), this::stayPlain, metrics, config);
    }

    void start() {
        plain.start();
        distribution.map().ifPresent(map -> map.nodes().forEach(this::of));
    }

    private Lane of(Node node) {
        return ofNodes.computeIfAbsent(node, this::open);
    }

    private Lane open(Node node) {
        var ledger = new ShardLedger(node, distribution, sessions, delay, telling);
        Lane lane = new Lane(
                        ledger,
                        " on " + node,
                        () -> distribution.nodes().contains(node),
                        group -> stayOn(node, group),
                        metrics,
                        config)
                .start();
        if (closed) {
            lane.close();
        }
        return lane;
    }

    private Collection<Lane> inUse() {
        Optional<ShardMap> map = distribution.map();
        return map.isEmpty()
                ? List.of(plain)
                : map.get().nodes().stream().map(this::of).toList();
    }

    /** Those too that have only just been left, by webhooks that came before. */
    private List<Lane> all() {
        List<Lane> all = new ArrayList<>(ofNodes.values());
        all.add(plain);
        return all;
    }

    /**
     * Takes one in where it belongs; one that belongs to several servers in parts, and it is answered when all of them are stored.
     *
     * @throws ProblemException 503 if there is no room; some parts may be stored all the same, and a retry tells
     */
    void enter(Pending pending) {
        Optional<ShardMap> map = distribution.map();
        if (map.isEmpty()) {
            EventRow event = pending.webhooks().get(0).event();
            if (event != null) {
                packs.add(event.raw()); // Which all of them share.
            }
            plain.enter(pending);
            return;
        }
        List<Node> nodes = nodes(map.get(), pending);
        if (nodes.stream().distinct().count() == 1) {
            of(nodes.get(0)).enter(pending);
        } else {
            enterInParts(pending, nodes);
        }
    }

    /** Of each webhook. */
    private static List<Node> nodes(ShardMap map, Pending pending) {
        return pending.webhooks().stream()
                .map(webhook -> map.shardOf(webhook.transactionId()).node())
                .toList();
    }

    private void enterInParts(Pending pending, List<Node> nodes) {
        var receipts = new Receipt[nodes.size()];
        Map<Node, List<Integer>> places =
                IntStream.range(0, nodes.size()).boxed().collect(groupingBy(nodes::get));
        List<CompletableFuture<?>> parts = new ArrayList<>();
        places.forEach((node, of) -> {
            List<Webhook> webhooks =
                    onTheirOwn(of.stream().map(pending.webhooks()::get).toList());
            var part = new Pending(webhooks, pending.since(), new CompletableFuture<>());
            of(node).enter(part);
            parts.add(part.receipts().thenAccept(stored -> {
                for (int i = 0; i < of.size(); i++) {
                    receipts[of.get(i)] = stored.get(i);
                }
            }));
        });
        var unused = CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
                .whenComplete((stored, failure) -> {
                    if (failure == null) {
                        pending.receipts().complete(Arrays.asList(receipts));
                    } else {
                        pending.receipts().completeExceptionally(failure.getCause());
                    }
                });
    }

    /** With a request that no other writer packs at the same time. */
    private static List<Webhook> onTheirOwn(List<Webhook> webhooks) {
        EventRow first = webhooks.get(0).event();
        if (first == null) {
            return webhooks;
        }
        RawDelivery own = first.raw().again();
        return webhooks.stream().map(webhook -> webhook.broughtBy(own)).toList();
    }

    /** While the ledger is not distributed everything belongs to the one lane. */
    private List<Pending> stayPlain(List<Pending> group) {
        if (distribution.map().isEmpty()) {
            return group;
        }
        group.forEach(this::enterAgain);
        return List.of();
    }

    /** A shard may have moved since they came in. */
    private List<Pending> stayOn(Node node, List<Pending> group) {
        Optional<ShardMap> map = distribution.map();
        List<Pending> stay = new ArrayList<>();
        for (Pending pending : group) {
            if (map.isPresent() && nodes(map.get(), pending).stream().allMatch(node::equals)) {
                stay.add(pending);
            } else {
                enterAgain(pending);
            }
        }
        return stay;
    }

    private void enterAgain(Pending pending) {
        try {
            enter(pending);
        } catch (ProblemException full) {
            pending.receipts().completeExceptionally(full);
        }
    }

    /**
     * Passes if one that comes now might be taken in, whichever it is.
     *
     * @throws ProblemException 503 if not
     */
    void requireRoom() {
        ProblemException none = null;
        for (Lane lane : inUse()) {
            try {
                lane.requireRoom();
                return;
            } catch (ProblemException full) {
                none = full;
            }
        }
        if (none != null) {
            throw none;
        }
    }

    /** Whether any server takes webhooks: what belongs to another one is answered 503, and no replica can do better. */
    CompletionStage<Boolean> takeWebhooks() {
        CompletionStage<Boolean> any = CompletableFuture.completedFuture(false);
        for (Lane lane : inUse()) {
            any = any.thenCombine(lane.takesWebhooks(), (one, other) -> one || other);
        }
        return any;
    }

    /** Whether a writer does not work, for whatever reason in here. */
    boolean stalled() {
        return inUse().stream().anyMatch(Lane::stalled);
    }

    /** Of the servers of a distributed ledger those that take nothing, as their writers have found last. */
    int away() {
        return distribution.map().isEmpty()
                ? 0
                : (int) inUse().stream().filter(Lane::isAway).count();
    }

    int gathering() {
        return all().stream().mapToInt(Lane::gathering).sum();
    }

    int committing() {
        return all().stream().mapToInt(Lane::committing).sum();
    }

    void refuseWhatWaitsSinceBefore(long nanos) {
        all().forEach(lane -> lane.refuseWhatWaitsSinceBefore(nanos));
    }

    void close() {
        closed = true;
        all().forEach(Lane::close);
    }

    boolean areOverWithin(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        boolean over = true;
        for (Lane lane : all()) {
            long left = Math.max(1_000_000, deadline - System.nanoTime());
            over &= lane.isOverWithin(Duration.ofNanos(left));
        }
        return over;
    }

    /** With rows that are not kept, on each server. */
    void tryOut(int rows) throws SQLException {
        for (Lane lane : inUse()) {
            lane.tryOut(rows);
        }
    }
}
