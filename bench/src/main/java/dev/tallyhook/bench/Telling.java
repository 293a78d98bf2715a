package dev.tallyhook.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What it takes to tell endpoints what is finished, how soon they hear of it, and what those who fail cost the others. What is held
 * against one another is measured in turns, so that the machine's moods fall on all.
 */
final class Telling {

    private static final Receiver.Manner[] ONE = {Receiver.Manner.HEALTHY};
    private static final int HEALTHY = 6;

    /** So many of a second's messages make a backlog that takes about as long as a load. */
    private static final int BACKLOG_PER_SECOND = 5_000;

    /** A difference of a few percent is less than the machine's moods, so it takes many. */
    private static final int TURNS_FOR_EACH_ROUND = 3;

    private static final int LATENESS_RATE = 1_000;

    /** Each is told to six, or ten. */
    private static final int ISOLATION_RATE = 200;

    private static final Duration WARM_UP = Duration.ofSeconds(10);

    /** Until the compiler of a JVM with two processors leaves one of them to what is measured. */
    private static final Duration RATE_WARM_UP = Duration.ofSeconds(20);

    private final Bed bed;

    Telling(Bed bed) {
        this.bed = bed;
    }

    private interface Part {
        void measure() throws Exception;
    }

    /** Those that are named, with commas between; all if none is. */
    void measure(String only) throws Exception {
        Map<String, Part> parts = new LinkedHashMap<>();
        parts.put("rate", this::rate);
        parts.put("cost", this::cost);
        parts.put("lateness", this::lateness);
        parts.put("isolation", this::isolation);
        parts.put("storage", () -> new TellingStorage(bed).measure(backlog()));
        parts.put("peer", this::peer);
        for (var part : parts.entrySet()) {
            if (only.isEmpty() || List.of(only.split(",")).contains(part.getKey())) {
                Report.progress("  " + part.getKey());
                part.getValue().measure();
            }
        }
    }

    private int backlog() {
        return Math.min(bed.backlog, BACKLOG_PER_SECOND * bed.seconds);
    }

    /** Of a queue that has gathered; and from a backlog that is finished as fast as possible, the finishing beside it. */
    private void rate() throws Exception {
        try (var receiving = new Receiving(ONE);
                var side = TellingSide.start(bed, "tallyhook_telling", "PT1H", receiving.ports())) {
            warmUp(side, receiving);
            int connections = receiving.told().get(0).connections();
            try (var bare = new Companion(BareTelling.class, Integer.toString(connections), receiving.sample())) {
                bare.ask(Long.toString(RATE_WARM_UP.toSeconds()));
                List<Double> bares = new ArrayList<>();
                List<Double> told = new ArrayList<>();
                List<Double> beside = new ArrayList<>();
                for (int round = 0; round < bed.rounds; round++) {
                    beside.add(side.told(receiving, backlog()));
                    told.add(side.toldAfterwards(receiving, backlog()));
                    bares.add(Double.parseDouble(bare.ask(Integer.toString(Math.max(1, bed.seconds / 2)))));
                    Report.progress("  round %d: %.0f/s told, %.0f/s beside finishing, %.0f/s bare, %d connections"
                            .formatted(round + 1, told.get(round), beside.get(round), bares.get(round), connections));
                }
                bed.report.figure("told while as many are finished beside it", Bed.median(beside), "/s");
                bed.report.ratio(
                        "told to one endpoint that answers at once", Bed.median(told), "/s", Bed.median(bares),
                        "a bare loop of the same HTTP client", 0.5);
            }
        }
    }

    /** As long as whom it is compared with, of telling alone. */
    private void warmUp(TellingSide side, Receiving receiving) throws Exception {
        side.told(receiving, backlog());
        for (double seconds = 0; seconds < RATE_WARM_UP.toSeconds(); ) {
            seconds += backlog() / side.toldAfterwards(receiving, backlog());
        }
    }

    /** Of one endpoint, to those who send and to finishing: while what is for it only gathers, and while it is told. */
    private void cost() throws Exception {
        try (var receiving = new Receiving(ONE);
                var none = TellingSide.start(bed, "tallyhook_none", "PT1H", List.of());
                var paused = TellingSide.start(bed, "tallyhook_paused", "PT1H", receiving.ports());
                var told = TellingSide.start(bed, "tallyhook_told", "PT1H", receiving.ports())) {
            paused.pause();
            Map<String, TellingSide> sides = new LinkedHashMap<>();
            sides.put("no endpoint", none);
            sides.put("an endpoint that is paused", paused);
            sides.put("an endpoint that is told", told);
            Duration duration = Duration.ofSeconds(Math.max(1, bed.seconds / 2));
            compare("accepts", sides, side -> Turn.of(side.database(), side.service(), bed.load(side.service()), duration).rate());
            compare("finishes", sides, side -> {
                double rate = side.drain(backlog());
                if (side == told) {
                    side.awaitTold();
                }
                side.database().empty();
                return rate;
            });
        }
    }

    private interface Rate {
        double of(TellingSide side) throws Exception;
    }

    private void compare(String what, Map<String, TellingSide> sides, Rate rate) throws Exception {
        Map<String, List<Double>> rates = new LinkedHashMap<>();
        List<String> order = new ArrayList<>(sides.keySet());
        for (int turn = -1; turn < TURNS_FOR_EACH_ROUND * bed.rounds; turn++) {
            for (String name : order) {
                double perSecond = rate.of(sides.get(name));
                if (turn >= 0) { // The first counts for nobody.
                    rates.computeIfAbsent(name, unused -> new ArrayList<>()).add(perSecond);
                }
                Report.progress("  %s with %s: %.0f/s".formatted(what, name, perSecond));
            }
            Collections.reverse(order);
        }
        List<String> names = List.copyOf(sides.keySet());
        List<Double> references = rates.get(names.get(0));
        bed.report.figure(what + " with " + names.get(0), Bed.median(references), "/s");
        for (String name : names.subList(1, names.size())) {
            List<Double> ratios = new ArrayList<>();
            for (int turn = 0; turn < references.size(); turn++) {
                ratios.add(rates.get(name).get(turn) / references.get(turn));
            }
            bed.report.figure(what + " with " + name, Bed.median(rates.get(name)), "/s");
            bed.report.atLeast("the same, median ratio of " + ratios.size() + " turns", Bed.median(ratios), "x", 0.9);
        }
    }

    private void lateness() throws Exception {
        try (var receiving = new Receiving(ONE);
                var side = TellingSide.start(bed, "tallyhook_telling", "PT3S", receiving.ports())) {
            Receiving.Told told = load(side, receiving, LATENESS_RATE).get(0);
            bed.report.figure("finished to acknowledged at 1,000/s, median", told.p50Millis(), "ms");
            bed.report.atMost("finished to acknowledged at 1,000/s, p99", told.p99Millis(), "ms", 50);
            bed.report.figure("finished to acknowledged at 1,000/s, max", told.maxMillis(), "ms");
        }
    }

    /** What comes of webhooks at a rate, once it has warmed up. */
    private List<Receiving.Told> load(TellingSide side, Receiving receiving, int perSecond) throws Exception {
        bed.load(side.service()).open(perSecond, WARM_UP);
        Thread.sleep(5_000);
        return loadOn(side, receiving, perSecond);
    }

    private List<Receiving.Told> loadOn(TellingSide side, Receiving receiving, int perSecond) throws Exception {
        receiving.forget();
        bed.load(side.service()).open(perSecond, Duration.ofSeconds(bed.seconds));
        Thread.sleep(5_000);
        return receiving.told();
    }

    /** The same six endpoints, alone and beside four that fail in four ways. */
    private void isolation() throws Exception {
        try (var alone = new Receiving(healthy());
                var beside = new Receiving(healthy());
                var failing = new Receiving(Receiver.Manner.REFUSING, Receiver.Manner.CUTTING, Receiver.Manner.HANGING);
                var good = TellingSide.start(bed, "tallyhook_good", "PT3S", alone.ports())) {
            List<Integer> ports = new ArrayList<>(beside.ports());
            ports.addAll(failing.ports());
            ports.add(Service.freePort()); // Where nobody is.
            try (var mixed = TellingSide.start(bed, "tallyhook_mixed", "PT3S", ports)) {
                load(good, alone, ISOLATION_RATE);
                load(mixed, beside, ISOLATION_RATE);
                List<Double> without = new ArrayList<>();
                List<Double> with = new ArrayList<>();
                for (int round = 0; round < bed.rounds; round++) {
                    without.add(p99(loadOn(good, alone, ISOLATION_RATE)));
                    with.add(p99(loadOn(mixed, beside, ISOLATION_RATE)));
                    Report.progress("  round %d: p99 %.1f ms beside four that fail, %.1f ms without them"
                            .formatted(round + 1, with.get(round), without.get(round)));
                }
                bed.report.figure("finished to acknowledged, p99 of six endpoints", Bed.median(without), "ms");
                bed.report.figure("the same beside four that fail", Bed.median(with), "ms");
                bed.report.atMost("so many times as long", Bed.median(with) / Bed.median(without), "x", 1.2);
            }
        }
    }

    private static Receiver.Manner[] healthy() {
        return Collections.nCopies(HEALTHY, Receiver.Manner.HEALTHY).toArray(Receiver.Manner[]::new);
    }

    /** Of the one that fares worst. */
    private static double p99(List<Receiving.Told> told) {
        return told.stream().mapToDouble(Receiving.Told::p99Millis).max().orElseThrow();
    }

    /** A scheduler of jobs that does one HTTP call for each; either has a queue that has gathered. */
    private void peer() throws Exception {
        try (var receiving = new Receiving(ONE);
                var side = TellingSide.start(bed, "tallyhook_telling", "PT1H", receiving.ports());
                var peer = new TellingPeer(bed.database.beside("tallyhook_peer"))) {
            warmUp(side, receiving);
            String sample = receiving.sample();
            peer.perSecond(sample, receiving, bed.seconds); // It warms up as well.
            List<Double> told = new ArrayList<>();
            List<Double> jobs = new ArrayList<>();
            for (int round = 0; round < bed.rounds; round++) {
                told.add(side.toldAfterwards(receiving, backlog()));
                jobs.add(peer.perSecond(sample, receiving, bed.seconds));
                Report.progress("  round %d: %.0f/s told, %.0f/s by db-scheduler".formatted(round + 1, told.get(round), jobs.get(round)));
            }
            bed.report.ratio("told", Bed.median(told), "/s", Bed.median(jobs), "db-scheduler, an HTTP call for each job", 10);
        }
    }
}
