package dev.tallyhook.bench;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What it costs to know who sends, what a refusal tells, and what slow senders do to others. */
final class Access {

    private static final Map<String, String> SECURED = Map.of("TALLYHOOK_WEBHOOK_SECRETS", Payload.SECRET);
    private static final int TIMING_TRIES = 10_000;
    /** Of each kind, because the arithmetic of ed25519 takes longer for some numbers than for others. */
    private static final int TIMING_VARIANTS = 250;

    private static final int SIGNATURES_LENGTH = 250;
    private static final int SLOW_CONNECTIONS = 2_000;

    /** Welch's t beyond which two means count as different: about one chance in 10,000 that they are not. */
    private static final double T_MAX = 4;

    private static final String PLAINEST = "a secret not in the list";
    private static final String ONCE_MORE = "webhook-signature: ";
    private static final String BODY =
            """
            {"transaction_id":"txn_abc123def456","source_account":"acc_user_789","destination_account":"acc_merchant_456","amount":1500.50,"currency":"INR"}""";

    private final Bed bed;

    Access(Bed bed) {
        this.bed = bed;
    }

    /** Both services run side by side and are loaded in turns, so that the machine's moods fall on both. */
    void signatures() throws Exception {
        try (var open = bed.service("PT1H");
                var secured = bed.service("PT1H", SECURED)) {
            var unsigned = bed.load(open);
            var signed = new LoadGenerator(secured.port, Bed.CONNECTIONS, Payload.signed()::next);
            bed.warm(open);
            signed.closed(Duration.ofSeconds(Math.max(5, bed.seconds / 2)));
            List<Double> without = new ArrayList<>();
            List<Double> with = new ArrayList<>();
            for (int round = 0; round < bed.rounds; round++) {
                without.add(bed.closedRate(unsigned));
                with.add(bed.closedRate(signed));
                Report.progress("  round " + (round + 1) + ": " + Math.round(with.get(round)) + "/s signed, "
                        + Math.round(without.get(round)) + "/s not");
            }
            bed.report.ratio(
                    "accepts of signed webhooks (v1)", Bed.median(with), "/s", Bed.median(without), "accepts without signatures", 0.9);
        }
    }

    /**
     * Whether a stranger can tell by the time which of the things that are wrong is wrong. Each kind of refusal is sent
     * 10,000 times over one connection, in an order that turns, and held against the plainest: a secret that is not ours.
     */
    void timing() throws Exception {
        var ours = new Sender.Shared(Payload.SECRET);
        timing("v1", ours, new Sender.Shared("whsec_" + Base64.getEncoder().encodeToString(new byte[24])));
        timing("v1a", new Sender.Asymmetric(), new Sender.Asymmetric());
    }

    private void timing(String label, Sender ours, Sender stranger) throws Exception {
        try (var service = bed.service("PT1H", Map.of("TALLYHOOK_WEBHOOK_SECRETS", ours.verificationKey()));
                var line = new Line(service.port)) {
            List<Map<String, byte[]>> variants = new ArrayList<>();
            for (int i = 0; i < TIMING_VARIANTS; i++) {
                variants.add(refusals("msg_" + (10_000 + i), ours, stranger));
            }
            List<String> kinds = List.copyOf(variants.get(0).keySet());
            int repeats = TIMING_TRIES / TIMING_VARIANTS;
            double[][][] micros = new double[kinds.size()][TIMING_VARIANTS][repeats];
            for (int repeat = -repeats / 5; repeat < repeats; repeat++) {
                for (int variant = 0; variant < TIMING_VARIANTS; variant++) {
                    for (int turn = 0; turn < kinds.size(); turn++) {
                        int kind = (turn + variant) % kinds.size();
                        double took = line.refusedMicros(variants.get(variant).get(kinds.get(kind)));
                        if (repeat >= 0) {
                            micros[kind][variant][repeat] = took;
                        }
                    }
                }
            }
            double[] plainest = medians(micros[kinds.indexOf(PLAINEST)]);
            for (int kind = 0; kind < kinds.size(); kind++) {
                double[] own = medians(micros[kind]);
                String what = label + " refused for " + kinds.get(kind);
                bed.report.figure(what + ", mean", mean(own), "us");
                if (!kinds.get(kind).equals(PLAINEST)) {
                    bed.report.atMost(what + ", |t|", Math.abs(t(own, plainest)), "", T_MAX);
                }
            }
        }
    }

    private static Map<String, byte[]> refusals(String id, Sender ours, Sender stranger) throws Exception {
        long now = System.currentTimeMillis() / 1_000;
        String body = BODY;
        String good = ours.sign(id, now, body);
        String label = good.substring(0, good.indexOf(',') + 1);
        String other = label.equals("v1,") ? "v1a," : "v1,";
        Map<String, byte[]> refusals = new LinkedHashMap<>();
        refusals.put(PLAINEST, request(id, now, stranger.sign(id, now, body), body));
        refusals.put("one bit of the body", request(id, now, good, body.replace("INR", "INS")));
        refusals.put("another id", request(id.replace('_', '-'), now, good, body));
        refusals.put("another timestamp", request(id, now - 1, good, body));
        refusals.put("a timestamp too old", request(id, now - 301, ours.sign(id, now - 301, body), body));
        refusals.put("a timestamp ahead", request(id, now + 900, ours.sign(id, now + 900, body), body));
        refusals.put("a signature cut short", request(id, now, good.substring(0, good.length() - 4), body));
        refusals.put("a signature too long", request(id, now, good + "AAAA", body));
        refusals.put("the other label", request(id, now, other + good.substring(label.length()), body));
        refusals.put("a header twice", request(id, now, good + "\r\n" + ONCE_MORE + good, body));
        return refusals;
    }

    /** All of one length: reading more bytes takes longer, and that is no secret. */
    private static byte[] request(String id, long timestamp, String signature, String body) {
        String padding = "webhook-padding: " + "x".repeat(SIGNATURES_LENGTH - signature.length()) + "\r\n";
        return ("POST /v1/webhooks/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "webhook-id: " + id + "\r\nwebhook-timestamp: " + timestamp + "\r\nwebhook-signature: "
                        + signature + "\r\n" + padding + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Of each variant: what the machine did meanwhile does not count, and neither do repeats count as if they were others. */
    private static double[] medians(double[][] micros) {
        return Arrays.stream(micros)
                .mapToDouble(repeats -> Arrays.stream(repeats).sorted().toArray()[repeats.length / 2])
                .toArray();
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    /** Welch's t. */
    private static double t(double[] left, double[] right) {
        return (mean(left) - mean(right))
                / Math.sqrt(variance(left) / left.length + variance(right) / right.length);
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        return Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum() / (values.length - 1);
    }

    /** Latency at half of capacity, alone and then beside senders who say one byte a second. */
    void slow() throws Exception {
        int rate = (int) (bed.capacity() / 2);
        try (var service = bed.service("PT1H")) {
            bed.warm(service);
            bed.database.empty();
            var alone = bed.load(service).open(rate, Duration.ofSeconds(bed.seconds));
            bed.database.empty();
            try (var slow = new SlowSenders(service.port, SLOW_CONNECTIONS)) {
                // The first that are cut off run code that the JVM has not compiled yet.
                bed.load(service).open(rate, Duration.ofSeconds(Math.max(5, bed.seconds / 2)));
                bed.database.empty();
                var beside = bed.load(service).open(rate, Duration.ofSeconds(bed.seconds));
                bed.report.figure("accept latency alone, p99", alone.millis(99), "ms");
                bed.report.figure("slow connections held open", SLOW_CONNECTIONS, "");
                bed.report.figure("of them cut off, and there again at once", slow.cutOff(), "");
                bed.report.atMost("accept latency beside them, p99", beside.millis(99), "ms", 25);
                bed.report.atMost("accept latency beside them, p99.9", beside.millis(99.9), "ms", 100);
                bed.report.atMost("answers other than 202 beside them", Bed.notAccepted(beside), "", 0);
            }
        }
    }

    /** One connection, one request at a time. */
    private static final class Line implements AutoCloseable {
        private final Socket socket;
        private final byte[] buffer = new byte[4096];

        Line(int port) throws IOException {
            socket = new Socket("localhost", port);
            socket.setTcpNoDelay(true);
        }

        /** How long it took until it was answered 401. */
        double refusedMicros(byte[] request) throws IOException {
            long start = System.nanoTime();
            socket.getOutputStream().write(request);
            int length = 0;
            do {
                int read = socket.getInputStream().read(buffer, length, buffer.length - length);
                if (read < 0) {
                    throw new IOException("The connection was closed");
                }
                length += read;
            } while (buffer[length - 1] != '}'); // Every answer here ends with its JSON.
            double took = (System.nanoTime() - start) / 1e3;
            String status = new String(buffer, 9, 3, StandardCharsets.US_ASCII);
            if (!status.equals("401")) {
                throw new IllegalStateException("Answered " + status);
            }
            return took;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
