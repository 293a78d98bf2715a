package dev.tallyhook.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/**
 * Posts webhooks over keep-alive connections from one thread, so that it leaves the machine to what is measured.
 *
 * <p>At a rate it is an open model: each request has the time at which it was meant to be sent, and its latency counts
 * from then, even if no connection was free. A service that stalls cannot slow its own measurement down (coordinated
 * omission). Without a rate it is a closed one, in which each connection sends again as soon as it is answered.
 */
final class LoadGenerator {

    private static final int LATENCY_MAX_S = 60;
    private static final int ANSWER_SIZE_MAX = 8 * 1024;

    private final InetSocketAddress address;
    private final int connections;
    private final Supplier<ByteBuffer> requests;

    LoadGenerator(int port, int connections) {
        this(port, connections, new Payload()::next);
    }

    /** With requests of another kind, each of which is asked for when the one before is sent. */
    LoadGenerator(int port, int connections, Supplier<ByteBuffer> requests) {
        this.requests = requests;
        this.address = new InetSocketAddress("localhost", port);
        this.connections = connections;
    }

    /** What came back: latencies in microseconds of what was accepted, and counts by status. */
    static final class Result {
        final Histogram accepted = new Histogram(TimeUnit.SECONDS.toMicros(LATENCY_MAX_S), 3);
        /** The same from when it was really sent: what the service can know of its own speed. */
        final Histogram fromSending = new Histogram(TimeUnit.SECONDS.toMicros(LATENCY_MAX_S), 3);

        final Map<Integer, Long> statuses = new TreeMap<>();
        final List<Second> seconds = new ArrayList<>();
        Duration took = Duration.ZERO;
        long broken;

        double acceptedPerSecond() {
            return accepted.getTotalCount() / (took.toNanos() / 1e9);
        }

        double millis(double percentile) {
            return accepted.getValueAtPercentile(percentile) / 1e3;
        }
    }

    /** One second of a run. */
    record Second(int at, long accepted, long refused, double p50Millis, double p99Millis, double maxMillis) {}

    /** As fast as the connections are answered. */
    Result closed(Duration duration) throws IOException {
        return run(0, duration);
    }

    /** At a fixed rate, whatever the answers. */
    Result open(int perSecond, Duration duration) throws IOException {
        return run(perSecond, duration);
    }

    private Result run(int perSecond, Duration duration) throws IOException {
        var result = new Result();
        var second = new Histogram(TimeUnit.SECONDS.toMicros(LATENCY_MAX_S), 3);
        long[] refusedInSecond = {0};
        try (Selector selector = Selector.open()) {
            ArrayDeque<Connection> idle = new ArrayDeque<>();
            for (int i = 0; i < connections; i++) {
                idle.add(new Connection(selector));
            }
            long start = System.nanoTime();
            long end = start + duration.toNanos();
            long giveUp = end + TimeUnit.SECONDS.toNanos(5);
            long sent = 0;
            long answered = 0;
            long nextSecond = start + TimeUnit.SECONDS.toNanos(1);
            while (true) {
                long now = System.nanoTime();
                long due = perSecond == 0
                        ? Long.MAX_VALUE
                        : (Math.min(now, end) - start) * perSecond / TimeUnit.SECONDS.toNanos(1);
                while (!idle.isEmpty() && (now < end || perSecond > 0) && sent < due) {
                    Connection connection = idle.poll();
                    long intended = perSecond == 0 ? now : start + sent * TimeUnit.SECONDS.toNanos(1) / perSecond;
                    connection.send(intended);
                    sent++;
                }
                if (now >= nextSecond) {
                    result.seconds.add(second(result.seconds.size(), second, refusedInSecond[0]));
                    second.reset();
                    refusedInSecond[0] = 0;
                    nextSecond += TimeUnit.SECONDS.toNanos(1);
                }
                if (now >= end && (answered + result.broken >= sent && (perSecond == 0 || sent >= due) || now >= giveUp)) {
                    break;
                }
                selector.select(1);
                for (SelectionKey key : selector.selectedKeys()) {
                    var connection = (Connection) key.attachment();
                    int status = connection.receive();
                    if (status == 0) {
                        continue;
                    }
                    long received = System.nanoTime();
                    if (status < 0) {
                        result.broken++;
                        key.cancel();
                        connection = new Connection(selector);
                    } else {
                        answered++;
                        result.statuses.merge(status, 1L, Long::sum);
                        if (status == 202 || status == 200) { // Providers want to see 200.
                            long micros = (received - connection.intended) / 1_000;
                            result.accepted.recordValue(Math.min(micros, result.accepted.getHighestTrackableValue()));
                            result.fromSending.recordValue((received - connection.sent) / 1_000);
                            second.recordValue(Math.min(micros, second.getHighestTrackableValue()));
                        } else {
                            refusedInSecond[0]++;
                        }
                    }
                    if (status > 0 && connection.closing) {
                        key.cancel();
                        connection.channel.close();
                        connection = new Connection(selector);
                    }
                    idle.add(connection);
                }
                selector.selectedKeys().clear();
            }
            result.took = Duration.ofNanos(Math.min(System.nanoTime(), giveUp) - start);
            result.broken += Math.max(0, sent - answered - result.broken);
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
        return result;
    }

    private static Second second(int at, Histogram histogram, long refused) {
        return new Second(
                at,
                histogram.getTotalCount(),
                refused,
                histogram.getValueAtPercentile(50) / 1e3,
                histogram.getValueAtPercentile(99) / 1e3,
                histogram.getMaxValue() / 1e3);
    }

    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer in = ByteBuffer.allocate(ANSWER_SIZE_MAX);
        private long intended;
        private long sent;
        private boolean closing;

        Connection(Selector selector) throws IOException {
            channel = SocketChannel.open(address);
            channel.configureBlocking(false);
            channel.socket().setTcpNoDelay(true);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(long intendedNanos) throws IOException {
            intended = intendedNanos;
            sent = System.nanoTime();
            ByteBuffer out = requests.get();
            while (out.hasRemaining()) {
                channel.write(out); // A few KB on an idle connection always fit its buffer.
            }
        }

        /** The status of an answer that is complete, 0 if it is not, negative if the connection is gone. */
        int receive() {
            try {
                if (channel.read(in) < 0) {
                    return -1;
                }
            } catch (IOException gone) {
                return -1;
            }
            String text = new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
            int head = text.indexOf("\r\n\r\n");
            if (head < 0) {
                return 0;
            }
            String headers = text.substring(0, head).toLowerCase(java.util.Locale.ROOT);
            int at = headers.indexOf("content-length: ");
            int lineEnd = headers.indexOf('\r', at);
            int length = Integer.parseInt(headers.substring(at + 16, lineEnd < 0 ? headers.length() : lineEnd));
            if (text.length() < head + 4 + length) {
                return 0;
            }
            closing = headers.contains("connection: close");
            in.clear();
            return Integer.parseInt(headers.substring(9, 12));
        }
    }
}
