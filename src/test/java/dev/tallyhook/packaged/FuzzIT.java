package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Senders;
import dev.tallyhook.Webhooks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/**
 * Requests that are wrong in every place, sent to the packaged service as bytes; half of their bodies are signed, so that they
 * reach the parser. {@code -Dfuzz.requests=1000000} sends more of them, {@code -Dfuzz.seed} others.
 */
class FuzzIT {

    private static final int REQUESTS = Integer.getInteger("fuzz.requests", 20_000);
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final int SENDERS = 4;
    private static final Path CORPUS =
            Path.of("src/test/resources/dev/tallyhook/intake/WebhookFuzzTestInputs/a_body_is_taken_or_refused");

    /** In bytes, over the second half: what the JVM's own moods account for. */
    private static final long GROWTH_MAX = 64L << 20;

    /** So that resident memory tells of what grows, and not of a heap that is used for the first time. */
    private static final String HEAP_TOUCHED = "-Xms256m -XX:+AlwaysPreTouch";

    /** The status of an answer that never came, because the service closed the connection or waits for more. */
    private static final int NONE = 0;

    private static final int PATIENCE_MILLIS = 30;

    private final Map<Integer, Integer> statuses = new ConcurrentHashMap<>();
    private final List<byte[]> corpus = new ArrayList<>();

    @Test
    void fuzzed_requests_get_no_5xx_leave_no_connection_and_no_memory_behind() throws Exception {
        try (var files = Files.list(CORPUS)) {
            for (Path file : files.sorted().toList()) {
                corpus.add(Files.readAllBytes(file));
            }
        }
        try (var database = new DatabaseServer();
                var service = Service.start(
                        database,
                        Map.of(
                                "TALLYHOOK_WEBHOOK_SECRETS",
                                Senders.SECRET,
                                "TALLYHOOK_CONNECTIONS_REQUEST_WITHIN",
                                "PT1S",
                                "JAVA_TOOL_OPTIONS",
                                HEAP_TOUCHED))) {
            int connections = service.openConnections();
            send(service, REQUESTS / 2, SEED);
            long before = service.residentBytes();
            send(service, REQUESTS / 2, SEED + 1);
            long growth = service.residentBytes() - before;

            System.out.println(
                    "fuzzed: " + new TreeMap<>(statuses) + ", resident memory grew by " + growth / 1024 + " KiB");
            assertEquals(
                    REQUESTS,
                    statuses.values().stream().mapToInt(Integer::intValue).sum());
            assertTrue(statuses.keySet().stream().noneMatch(status -> status >= 500), () -> statuses + service.log());
            assertTrue(
                    statuses.containsKey(202) && statuses.containsKey(400) && statuses.containsKey(401),
                    statuses::toString);
            assertTrue(growth < GROWTH_MAX, "resident memory grew by " + growth);
            Eventually.within(
                    Duration.ofSeconds(10),
                    () -> service.openConnections() <= connections,
                    () -> "left open: " + service.openConnections());
            assertEquals(200, service.probe());
            assertTrue(!service.log().contains("ERROR"), service::log);
        }
    }

    private void send(Service service, int requests, long seed) throws InterruptedException {
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < SENDERS; i++) {
            var random = new Random(seed * SENDERS + i);
            senders.add(new Thread(() -> send(service, requests / SENDERS, random)));
        }
        senders.forEach(Thread::start);
        for (Thread sender : senders) {
            sender.join();
        }
    }

    private void send(Service service, int requests, Random random) {
        Socket socket = null;
        try {
            for (int i = 0; i < requests; i++) {
                if (socket == null) {
                    socket = new Socket("localhost", service.port());
                    socket.setTcpNoDelay(true);
                }
                byte[] request = request(random);
                boolean broken = random.nextInt(25) == 0;
                statuses.merge(exchange(socket, broken ? mutate(request, random) : request), 1, Integer::sum);
                // Broken bytes may be half a request or two, and what came after them would be read as part of them.
                if (broken || random.nextInt(50) == 0) {
                    socket.close();
                    socket = null;
                }
            }
        } catch (IOException refused) {
            statuses.merge(599, 1, Integer::sum);
        } finally {
            close(socket);
        }
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

    private static int exchange(Socket socket, byte[] request) throws IOException {
        try {
            socket.getOutputStream().write(request);
            socket.setSoTimeout(PATIENCE_MILLIS);
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
        } catch (SocketTimeoutException waitsForMore) {
            return NONE;
        } catch (IOException cutOff) {
            return NONE;
        }
    }

    /** The second word: the first is the protocol as the request named it, whatever that was. */
    private static int status(byte[] answer) {
        return Integer.parseInt(new String(answer, StandardCharsets.ISO_8859_1).split(" ", 3)[1]);
    }

    private static int contentLength(String head) {
        int at = head.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
        return at < 0
                ? 0
                : Integer.parseInt(head.substring(at + 16).split("\r", 2)[0].trim());
    }

    private byte[] request(Random random) {
        byte[] body = random.nextInt(4) == 0
                ? Webhooks.body("txn_" + random.nextLong()).getBytes(StandardCharsets.UTF_8)
                : corpus.get(random.nextInt(corpus.size()));
        for (int i = random.nextInt(4); i > 0; i--) {
            body = mutate(body, random);
        }
        StringBuilder head = new StringBuilder("POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: localhost\r\n")
                .append("Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n");
        if (random.nextBoolean()) {
            long now = Senders.now();
            head.append("webhook-id: m\r\nwebhook-timestamp: " + now + "\r\nwebhook-signature: "
                    + Senders.signBytes(Senders.SECRET, "m", now, body) + "\r\n");
        }
        return concat(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1), body);
    }

    private static byte[] mutate(byte[] bytes, Random random) {
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

    private static byte[] concat(byte[] left, byte[] right) {
        var both = new ByteArrayOutputStream();
        both.writeBytes(left);
        both.writeBytes(right);
        return both.toByteArray();
    }
}
