package dev.tallyhook.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Senders who say one byte of a request a second; the head of one half of them, the body of the other. Who is cut off comes again. */
final class SlowSenders implements AutoCloseable {

    private static final byte[] REQUEST =
            """
            POST /v1/webhooks/transactions HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            Content-Length: 1000\r
            \r
            {"transaction_id":"""
                    .getBytes(StandardCharsets.US_ASCII);

    private final int port;
    private final List<Slow> senders = new ArrayList<>();
    private final Thread thread = new Thread(this::drip, "slow-senders");
    private volatile boolean stopped;
    private volatile int cutOff;

    private static final class Slow {
        private final SocketChannel channel;
        private int at;

        Slow(int port, int at) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress("localhost", port));
            channel.write(ByteBuffer.wrap(REQUEST, 0, at));
            channel.configureBlocking(false);
            this.at = at;
        }

        /** Says the next byte, and tells whether there is still somebody to say it to. */
        boolean drip() {
            try {
                channel.write(ByteBuffer.wrap(REQUEST, at++ % REQUEST.length, 1));
                return channel.read(ByteBuffer.allocate(2048)) == 0;
            } catch (IOException cut) {
                return false;
            }
        }
    }

    /** Connects them over some 10 s, so that those who are cut off do not all come again in the same moment. */
    SlowSenders(int port, int count) throws IOException, InterruptedException {
        this.port = port;
        for (int i = 0; i < count; i++) {
            senders.add(new Slow(port, begun(i)));
            Thread.sleep(10_000 / count);
        }
        thread.start();
    }

    private static int begun(int sender) {
        return sender % 2 == 0 ? 1 : REQUEST.length - 1;
    }

    private void drip() {
        try {
            while (!stopped) {
                for (int i = 0; i < senders.size() && !stopped; i++) {
                    if (!senders.get(i).drip()) {
                        cutOff++;
                        senders.get(i).channel.close();
                        senders.set(i, new Slow(port, begun(i)));
                    }
                    if (i % 20 == 19) {
                        Thread.sleep(10);
                    }
                }
            }
        } catch (IOException | InterruptedException failure) {
            Report.progress("  slow senders stopped: " + failure.getMessage());
        }
    }

    /** How many were cut off until now, and came again at once. */
    int cutOff() {
        return cutOff;
    }

    @Override
    public void close() throws Exception {
        stopped = true;
        thread.join();
        for (Slow sender : senders) {
            sender.channel.close();
        }
    }
}
