package dev.tallyhook.packaged;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntPredicate;

/** Sends requests as bytes, some of them broken on their way, and counts what is answered. */
final class Fuzz {

    /** The status of an answer that never came, because the service closed the connection or waits for more. */
    static final int NONE = 0;

    private static final int REFUSED = 599;

    /** For bytes that may be half a request, of which the service waits for the rest. */
    private static final int PATIENCE_BROKEN_MILLIS = 30;

    private static final int PATIENCE_MILLIS = 5_000;

    /** Enough to see what they have in common. */
    private static final int SURPRISES_MAX = 20;

    private final int senders;
    private final Function<Random, Request> requests;
    private final Map<Integer, Integer> statuses = new ConcurrentSkipListMap<>();
    private final Map<String, Map<Integer, Integer>> statusesOfKinds = new ConcurrentSkipListMap<>();
    private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger surpriseCount = new AtomicInteger();

    /** With so many senders at once, who send what is made for them. */
    Fuzz(int senders, Function<Random, Request> requests) {
        this.senders = senders;
        this.requests = requests;
    }

    /**
     * What is sent.
     *
     * @param kind by which answers are counted
     * @param isRight whether that status may be answered, if the request arrives whole
     */
    @SuppressWarnings("ArrayRecordComponent") // Made for one request, and compared with nothing.
    record Request(String kind, byte[] bytes, IntPredicate isRight) {}

    /** All of them, in an order that the seed tells. */
    void send(Service service, int count, long seed) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < senders; i++) {
            var random = new Random(seed * senders + i);
            int own = count / senders + (i < count % senders ? 1 : 0);
            threads.add(new Thread(() -> send(service, own, random)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void send(Service service, int count, Random random) {
        Socket socket = null;
        for (int i = 0; i < count; i++) {
            Request request = requests.apply(random);
            boolean broken = random.nextInt(25) == 0;
            int status = REFUSED;
            try {
                if (socket == null) {
                    socket = new Socket("localhost", service.port());
                    socket.setTcpNoDelay(true);
                }
                socket.setSoTimeout(broken ? PATIENCE_BROKEN_MILLIS : PATIENCE_MILLIS);
                status = exchange(socket, broken ? mutate(request.bytes, random) : request.bytes);
            } catch (IOException refused) {
                surprise("a connection was refused: " + refused);
            }
            count(request, status, broken);
            // Broken bytes may be half a request or two, and what came after them would be read as part of them.
            if (broken || status == NONE || random.nextInt(50) == 0) {
                close(socket);
                socket = null;
            }
        }
        close(socket);
    }

    private void count(Request request, int status, boolean broken) {
        statuses.merge(status, 1, Integer::sum);
        if (!broken) {
            statusesOfKinds
                    .computeIfAbsent(request.kind, kind -> new ConcurrentHashMap<>())
                    .merge(status, 1, Integer::sum);
            if (!request.isRight.test(status)) {
                surprise(request.kind + " was answered " + status + ": "
                        + new String(request.bytes, StandardCharsets.ISO_8859_1));
            }
        }
    }

    private void surprise(String what) {
        if (surpriseCount.incrementAndGet() <= SURPRISES_MAX) {
            surprises.add(what);
        }
    }

    /** How often each status was answered. */
    Map<Integer, Integer> statuses() {
        return statuses;
    }

    /** The same of each kind, but for those that were broken on their way. */
    Map<String, Map<Integer, Integer>> statusesOfKinds() {
        return statusesOfKinds;
    }

    /** What was answered otherwise than was right; the first of it. */
    List<String> surprises() {
        return List.copyOf(surprises);
    }

    private static void close(Socket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException gone) {
            // That is what was wanted.
        }
    }

    private static int exchange(Socket socket, byte[] request) {
        try {
            socket.getOutputStream().write(request);
            byte[] answer = new byte[4096];
            int length = 0;
            while (true) {
                int read = socket.getInputStream().read(answer, length, answer.length - length);
                if (read < 0) {
                    return length == 0 ? NONE : status(answer);
                }
                length += read;
                String text = new String(answer, 0, length, StandardCharsets.ISO_8859_1);
                int end = text.indexOf("\r\n\r\n");
                if (end >= 0 && length >= end + 4 + contentLength(text.substring(0, end))) {
                    return status(answer);
                }
            }
        } catch (IOException cutOffOrWaitsForMore) {
            return NONE;
        }
    }

    /** The second word: the first is the protocol as the request named it, whatever that was. */
    private static int status(byte[] answer) {
        return Integer.parseInt(new String(answer, StandardCharsets.ISO_8859_1).split(" ", 3)[1]);
    }

    private static int contentLength(String head) {
        int at = head.toLowerCase(Locale.ROOT).indexOf("content-length: ");
        return at < 0
                ? 0
                : Integer.parseInt(head.substring(at + 16).split("\r", 2)[0].trim());
    }

    /** With some bytes left out at a place, and others put in. */
    static byte[] mutate(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length + 1);
        int drop = random.nextInt(Math.min(8, bytes.length - at + 1));
        byte[] insert = new byte[random.nextInt(4)];
        random.nextBytes(insert);
        var mutated = new ByteArrayOutputStream();
        mutated.write(bytes, 0, at);
        mutated.writeBytes(insert);
        mutated.write(bytes, at + drop, bytes.length - at - drop);
        return mutated.toByteArray();
    }

    /** A request with this head, which has no length yet, and this body. */
    static byte[] request(String head, byte[] body) {
        var both = new ByteArrayOutputStream();
        both.writeBytes((head + "Content-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        both.writeBytes(body);
        return both.toByteArray();
    }
}
