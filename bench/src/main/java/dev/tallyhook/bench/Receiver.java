package dev.tallyhook.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/**
 * Those who are told, on one thread of a process of its own and as cheap as they can be. Each has a port and a manner. How late a
 * message is, they see by its timestamp, which says when the transaction was finished.
 */
final class Receiver {

    /** How it treats who tells it something. */
    enum Manner {
        /** Takes everything at once. */
        HEALTHY,
        /** Answers 500 to every second message. */
        REFUSING,
        /** Cuts the connection of every second message instead of answering. */
        CUTTING,
        /** Never answers. */
        HANGING
    }

    private static final int REQUEST_SIZE_MAX = 64 * 1024;
    private static final byte[] TAKEN = ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    private static final byte[] REFUSED = ascii("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    private static final byte[] HEAD_END = ascii("\r\n\r\n");
    private static final byte[] LENGTH = ascii("content-length:");

    private final Selector selector = Selector.open();
    private final List<Door> doors = new ArrayList<>();
    private final Queue<String> questions = new ConcurrentLinkedQueue<>();
    private byte[] sample;

    private Receiver() throws IOException {}

    /**
     * Answers lines of its input: {@code ports}, {@code told}, {@code forget} and {@code sample}.
     *
     * @param arguments manners, of one receiver each
     */
    public static void main(String... arguments) throws IOException {
        var receiver = new Receiver();
        for (String manner : arguments) {
            receiver.doors.add(receiver.new Door(Manner.valueOf(manner)));
        }
        new Thread(receiver::listen).start();
        receiver.receive();
    }

    private void listen() {
        try (var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                questions.add(line);
                selector.wakeup();
            }
        } catch (IOException gone) {
            // As if its end had come.
        }
        System.exit(0);
    }

    private void receive() throws IOException {
        while (true) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.attachment() instanceof Door door) {
                    door.admit();
                } else if (key.attachment() instanceof Line line) {
                    line.read();
                }
            }
            selector.selectedKeys().clear();
            for (String question = questions.poll(); question != null; question = questions.poll()) {
                System.out.println(answer(question));
            }
        }
    }

    private String answer(String question) {
        return switch (question) {
            case "ports" -> each(door -> Integer.toString(door.port));
            case "told" -> each(Door::told);
            case "forget" -> each(Door::forget);
            case "sample" -> Base64.getEncoder().encodeToString(sample);
            default -> throw new IllegalArgumentException(question);
        };
    }

    private interface Said {
        String by(Door door);
    }

    private String each(Said said) {
        return doors.stream().map(said::by).collect(Collectors.joining(" "));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Of one of them. */
    private final class Door {
        private final ServerSocketChannel channel = ServerSocketChannel.open();
        private final Manner manner;
        private final int port;
        private final Histogram micros = new Histogram(TimeUnit.HOURS.toMicros(1), 3);
        private long taken;
        private long turns;
        private long first;
        private long last;
        private int lines;
        private int linesMax;

        Door(Manner manner) throws IOException {
            this.manner = manner;
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_024);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_ACCEPT, this);
            port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
        }

        void admit() throws IOException {
            for (SocketChannel client = channel.accept(); client != null; client = channel.accept()) {
                client.configureBlocking(false);
                client.socket().setTcpNoDelay(true);
                client.register(selector, SelectionKey.OP_READ, new Line(this, client));
                linesMax = Math.max(linesMax, ++lines);
            }
        }

        /** See {@link Receiving.Told}. */
        String told() {
            return "%d,%d,%d,%d,%d,%d".formatted(
                    taken, last - first, micros.getValueAtPercentile(50), micros.getValueAtPercentile(99), micros.getMaxValue(), linesMax);
        }

        String forget() {
            taken = 0;
            micros.reset();
            linesMax = lines;
            return "";
        }

        /** What it answers; null if it does not, and negative of nothing: empty if it cuts the line. */
        byte[] take(byte[] request, int bodyAt, int end) {
            if (sample == null) {
                sample = Arrays.copyOfRange(request, 0, end);
            }
            boolean second = turns++ % 2 == 1;
            if (manner == Manner.HANGING) {
                return null;
            }
            if (second && manner != Manner.HEALTHY) {
                return manner == Manner.REFUSING ? REFUSED : new byte[0];
            }
            last = System.nanoTime();
            first = taken++ == 0 ? last : first;
            long late = HttpBytes.microsSinceTimestamp(request, bodyAt, end);
            if (late >= 0) {
                micros.recordValue(Math.min(late, micros.getHighestTrackableValue()));
            }
            return TAKEN;
        }
    }

    /** A connection. */
    private final class Line {
        private final Door door;
        private final SocketChannel channel;
        private final ByteBuffer in = ByteBuffer.allocate(REQUEST_SIZE_MAX);

        Line(Door door, SocketChannel channel) {
            this.door = door;
            this.channel = channel;
        }

        void read() throws IOException {
            try {
                if (channel.read(in) < 0) {
                    close();
                    return;
                }
                for (int taken = take(); taken > 0; taken = take()) {
                    in.flip().position(taken);
                    in.compact();
                }
            } catch (IOException gone) {
                close();
            }
        }

        /** The length of a request that was whole; 0 if there is none. */
        private int take() throws IOException {
            byte[] bytes = in.array();
            int head = HttpBytes.find(HEAD_END, bytes, 0, in.position());
            int length = head < 0 ? -1 : HttpBytes.find(LENGTH, bytes, 0, head);
            if (head < 0) {
                return 0;
            }
            int end = head + HEAD_END.length + (length < 0 ? 0 : HttpBytes.number(bytes, length + LENGTH.length));
            if (in.position() < end) {
                return 0;
            }
            byte[] answer = door.take(bytes, head + HEAD_END.length, end);
            if (answer != null && answer.length == 0) {
                close();
                return 0;
            }
            if (answer != null) {
                channel.write(ByteBuffer.wrap(answer)); // Which always fits the buffer of a connection that waits for it.
            }
            return end;
        }

        private void close() throws IOException {
            door.lines--;
            channel.close();
        }
    }
}
