package dev.tallyhook.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What events of a named source cost, which are signed, many times as large and kept as they came; and that who uses none pays
 * nothing for them. All services run side by side and are loaded in turns, so that the machine's moods fall on all.
 */
final class Sources {

    private static final String NAME = "shop";

    private static final Map<String, String> SETTINGS = Map.of(
            "TALLYHOOK_WEBHOOK_SECRETS", Payload.SECRET,
            "TALLYHOOK_SOURCES_SHOP_SCHEME", "stripe",
            "TALLYHOOK_SOURCES_SHOP_SECRETS", StripeEvents.SECRET);

    private static final String BUILT_IN = "built-in contract";
    private static final String SIGNED = "built-in contract, signed";
    private static final String EARLIER = "built-in contract, the earlier build";
    private static final String EVENTS = "signed Stripe events";

    private static final String RATIO = ", median ratio of the rounds";

    private static final int TURNS_FOR_EACH_ROUND = 5;

    /** Which count for nobody: the longer way of an event takes longer to be compiled. */
    private static final int WARM_UP_TURNS = 3;

    /** Of the built-in contract's rate. */
    private static final double EVENTS_RATIO_MIN = 0.6;

    /** Of the earlier build's rate. */
    private static final double BUILT_IN_RATIO_MIN = 0.97;

    /** Rows, their indexes and the share of a commit. */
    private static final int WAL_BEYOND_BODY_MAX = 900;

    /** Slowly enough that each has a commit of its own. */
    private static final int LONE_PER_SECOND = 300;

    private static final Duration LONE_DURATION = Duration.ofSeconds(10);
    private static final long LONE_IDS = 1;

    /** A server counts what a session writes with its next statement that comes a second later. */
    private static final Duration UNTIL_COUNTED = Duration.ofMillis(1_500);

    private static final int COUNTS_BY_SESSION_SINCE = 18;
    private static final double LONE_WAL_TOLERANCE = 0.1;

    private static final String WRITERS_WAL =
            """
            SELECT sum(wal_bytes) FROM pg_stat_activity, pg_stat_get_backend_wal(pid)
            WHERE datname = current_database() AND application_name = 'tallyhook-intake'""";

    private final Bed bed;
    private final Optional<Path> earlier;

    Sources(Bed bed, Optional<Path> earlier) {
        this.bed = bed;
        this.earlier = earlier;
    }

    /** Each service has a ledger of its own, which no other polls and counts. */
    void measure() throws Exception {
        try (var plain = side("tallyhook_plain", bed.command(), Map.of());
                var withSource = side("tallyhook_sources", bed.command(), SETTINGS)) {
            if (earlier.isEmpty()) {
                measure(plain, withSource, Map.of());
                return;
            }
            try (var before = side("tallyhook_earlier", Service.command(earlier.get(), bed.nativeBinary), Map.of())) {
                measure(plain, withSource, Map.of(EARLIER, () -> before.turn(seconds(), new Payload()::next)));
                lone(before, plain);
            }
        }
    }

    private Side side(String database, List<String> command, Map<String, String> settings) throws Exception {
        Map<String, String> all = new HashMap<>(settings);
        all.put("TALLYHOOK_PROCESSING_DELAY", "PT1H");
        Database own = bed.database.beside(database);
        return new Side(own, Service.start(command, own, all));
    }

    private Duration seconds() {
        return Duration.ofSeconds(bed.seconds / 2);
    }

    private record Side(Database database, Service service) implements AutoCloseable {

        Turn turn(Duration duration, Supplier<ByteBuffer> requests) throws Exception {
            return Turn.of(database, service, new LoadGenerator(service.port, Bed.CONNECTIONS, requests), duration);
        }

        @Override
        public void close() {
            service.close();
        }
    }

    private interface Load {
        Turn turn() throws Exception;
    }

    private void measure(Side plain, Side withSource, Map<String, Load> before) throws Exception {
        var stripe = new StripeEvents(NAME);
        Map<String, Load> loads = new LinkedHashMap<>(before);
        loads.put(BUILT_IN, () -> plain.turn(seconds(), new Payload()::next));
        loads.put(EVENTS, () -> withSource.turn(seconds(), stripe::next));
        loads.put(SIGNED, () -> withSource.turn(seconds(), Payload.signed()::next)); // Anew: its time is that of its making.
        Map<String, List<Turn>> turns = new LinkedHashMap<>();
        for (var load : loads.entrySet()) {
            for (int i = 0; i < WARM_UP_TURNS; i++) {
                load.getValue().turn();
            }
            turns.put(load.getKey(), new ArrayList<>());
        }
        List<String> order = new ArrayList<>(loads.keySet());
        for (int round = 0; round < TURNS_FOR_EACH_ROUND * bed.rounds; round++) {
            for (String name : order) {
                turns.get(name).add(loads.get(name).turn());
                Report.progress("  " + name + ": " + turns.get(name).get(round));
            }
            Collections.reverse(order); // Who is measured first changes, so that a machine that slows down is nobody's fault.
        }
        turns.forEach(this::figures);
        bed.report.atLeast(
                EVENTS + " beside the " + BUILT_IN + RATIO, ratio(turns, EVENTS, BUILT_IN), "x", EVENTS_RATIO_MIN);
        bed.report.figure(EVENTS + " beside the " + SIGNED + RATIO, ratio(turns, EVENTS, SIGNED), "x");
        if (turns.containsKey(EARLIER)) {
            bed.report.atLeast(BUILT_IN + " beside the earlier build's" + RATIO, ratio(turns, BUILT_IN, EARLIER), "x", BUILT_IN_RATIO_MIN);
        }
        double notAccepted = turns.values().stream().flatMap(List::stream).mapToLong(Turn::notAccepted).sum();
        bed.report.figure("answers other than success, of all of them", notAccepted, "");
        double deflated = stripe.deflatedSize();
        bed.report.figure("body of an event", stripe.bodySize(), "bytes");
        bed.report.figure("the same by deflate alone", deflated, "bytes");
        bed.report.atMost("WAL of an event beyond that", Turn.median(turns.get(EVENTS), Turn::walBytes) - deflated, "bytes", WAL_BEYOND_BODY_MAX);
        kept(withSource, stripe);
    }

    private void figures(String name, List<Turn> turns) {
        bed.report.figure(name + ", accepts", Turn.median(turns, Turn::rate), "/s");
        bed.report.figure(name + ", processor time of the service for each", Turn.median(turns, Turn::cpuMicros), "us");
        bed.report.figure(name + ", WAL for each", Turn.median(turns, Turn::walBytes), "bytes");
    }

    private static double ratio(Map<String, List<Turn>> turns, String name, String reference) {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < turns.get(name).size(); round++) {
            ratios.add(turns.get(name).get(round).rate() / turns.get(reference).get(round).rate());
        }
        return Bed.median(ratios);
    }

    /** What the table of requests has of each. */
    private void kept(Side side, StripeEvents stripe) throws Exception {
        side.database().empty();
        new LoadGenerator(side.service().port, Bed.CONNECTIONS, stripe::next).closed(Duration.ofSeconds(2));
        bed.report.figure("request of an event, as it is kept", side.database().number("SELECT (SELECT sum(octet_length(raw)) FROM requests)::float8 / count(*) FROM transactions"), "bytes");
        bed.report.figure(
                "tables and indexes for each event",
                side.database().number("SELECT (pg_total_relation_size('transactions') + pg_total_relation_size('requests')) / count(*) FROM transactions"),
                "bytes");
        side.database().empty();
    }

    /**
     * The same webhooks for both builds, each in a commit of its own, and only what the sessions that write them write. What then
     * still differs from one time to the next, such as a page of a system table, only adds to it: the least that is seen tells.
     */
    private void lone(Side before, Side now) throws Exception {
        if (bed.database.number("SHOW server_version_num") / 10_000 < COUNTS_BY_SESSION_SINCE) {
            Report.progress("  WAL by session is not compared: only PostgreSQL " + COUNTS_BY_SESSION_SINCE + " and later count it");
            return;
        }
        double least = Double.MAX_VALUE;
        double leastBefore = Double.MAX_VALUE;
        for (int round = 0; round < bed.rounds; round++) {
            leastBefore = Math.min(leastBefore, loneWal(before));
            least = Math.min(least, loneWal(now));
        }
        bed.report.figure("WAL of a lone webhook, the earlier build", leastBefore, "bytes");
        bed.report.atMost("so much more of it by this build", least - leastBefore, "bytes", LONE_WAL_TOLERANCE);
    }

    private static double loneWal(Side side) throws Exception {
        side.database().empty();
        var load = new LoadGenerator(side.service().port, 1, new Payload(LONE_IDS)::next);
        load.open(1, UNTIL_COUNTED);
        double start = side.database().number(WRITERS_WAL);
        var sent = load.open(LONE_PER_SECOND, LONE_DURATION);
        var last = load.open(1, UNTIL_COUNTED);
        double wal = side.database().number(WRITERS_WAL) - start;
        side.database().empty();
        return wal / (sent.accepted.getTotalCount() + last.accepted.getTotalCount());
    }
}
