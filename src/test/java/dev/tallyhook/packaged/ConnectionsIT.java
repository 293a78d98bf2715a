package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How much of a service somebody can hold who sends nothing that is worth it. */
class ConnectionsIT {

    private static final String HEAD =
            "POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    private static final String PROBE = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @AutoClose
    private static DatabaseServer database;

    /** As it is without settings. */
    @AutoClose
    private static Service usual;

    @BeforeAll
    static void start() throws Exception {
        database = DatabaseServer.migrated();
        usual = Service.start(database, Map.of());
    }

    private static Socket connect(Service service) throws IOException {
        var socket = new Socket("localhost", service.port());
        socket.setSoTimeout(15_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** What comes until the connection is closed. */
    private static String untilClosed(Socket socket) throws IOException {
        var text = new StringBuilder();
        try {
            for (int next = socket.getInputStream().read();
                    next >= 0;
                    next = socket.getInputStream().read()) {
                text.append((char) next);
            }
        } catch (SocketException reset) {
            // Closed too, while something was still unread.
        } catch (SocketTimeoutException stillOpen) {
            text.append("still open");
        }
        return text.toString();
    }

    /** Sends a byte at a time until the connection is closed; answers what came. */
    private static String drip(Socket socket, String text) throws Exception {
        Thread dripping = new Thread(() -> {
            try {
                for (int i = 0; i < text.length(); i++) {
                    send(socket, text.substring(i, i + 1));
                    Thread.sleep(100);
                }
            } catch (IOException | InterruptedException closed) {
                // That is what is awaited.
            }
        });
        dripping.start();
        String answer = untilClosed(socket);
        dripping.interrupt();
        dripping.join();
        return answer;
    }

    private interface Rest {
        String of(Socket socket) throws Exception;
    }

    private static String slowBody(Service service, Rest rest) throws Exception {
        return slowBody(service, HEAD, rest);
    }

    private static String slowBody(Service service, String head, Rest rest) throws Exception {
        try (var socket = connect(service)) {
            send(socket, head + "Content-Length: 2000\r\n\r\n{");
            return rest.of(socket);
        }
    }

    private static String probe(Socket socket) throws IOException {
        send(socket, PROBE);
        byte[] answer = new byte[4096];
        int length = socket.getInputStream().read(answer);
        return length < 0 ? "closed" : new String(answer, 0, Math.min(length, 15), StandardCharsets.US_ASCII);
    }

    @Test
    void who_trickles_is_cut_off_and_who_is_quiet_between_requests_is_not() throws Exception {
        try (var service = Service.start(
                        database,
                        Map.of(
                                "TALLYHOOK_CONNECTIONS_REQUEST_WITHIN",
                                "PT1S",
                                "TALLYHOOK_SOURCES_SHOP_SCHEME",
                                "stripe",
                                "TALLYHOOK_SOURCES_SHOP_SECRETS",
                                "whsec_of_the_shop"));
                var silent = connect(service);
                var trickling = connect(service);
                var tricklingLater = connect(service);
                var quiet = connect(service)) {
            assertEquals("HTTP/1.1 200 OK", probe(quiet));
            assertEquals("HTTP/1.1 200 OK", probe(tricklingLater));
            assertEquals("", untilClosed(silent), "a connection that says nothing");
            assertEquals("", drip(trickling, HEAD), "a head that trickles");
            Thread.sleep(1_200);
            assertTrue(
                    !drip(tricklingLater, HEAD).contains("still open"), "a head that trickles after another request");
            assertTrue(
                    slowBody(service, socket -> drip(socket, "{".repeat(1000))).startsWith("HTTP/1.1 408 "));
            for (String head : List.of(HEAD, HEAD.replace(Webhooks.PATH, "/v1/webhooks/shop"))) {
                String answer = slowBody(service, head, ConnectionsIT::untilClosed);
                assertTrue(answer.startsWith("HTTP/1.1 408 ") && answer.contains("application/problem+json"), answer);
                assertTrue(
                        answer.contains("\"detail\":\"The body came in too slowly\""),
                        "as openapi.yaml says: " + answer);
            }
            assertEquals("HTTP/1.1 200 OK", probe(quiet), "the one that was quiet");
        }
    }

    @Test
    void one_connection_too_many_is_closed_and_there_is_room_again_when_another_ends() throws Exception {
        int most = 20;
        try (var service = Service.start(
                database,
                Map.of(
                        "TALLYHOOK_CONNECTIONS_MAX",
                        Integer.toString(most),
                        // So that nothing else closes a connection that says nothing.
                        "TALLYHOOK_CONNECTIONS_REQUEST_WITHIN",
                        "PT60S"))) {
            for (int round = 0; round < 5; round++) {
                List<Socket> open = new ArrayList<>();
                while (open.size() < most + 5) {
                    open.add(connect(service)); // Silent ones count as well.
                }
                assertEquals(200, service.manage("/q/health/live").statusCode(), "operators have a share of their own");
                String last = untilClosed(open.get(open.size() - 1));
                assertEquals("", last, "the last one");
                for (Socket socket : open.subList(0, most / 2)) {
                    socket.setSoTimeout(1);
                    assertEquals("still open", untilClosed(socket));
                }
                for (Socket socket : open) {
                    socket.close();
                }
                Eventually.within(
                        Duration.ofSeconds(10),
                        () -> {
                            try (var socket = connect(service)) {
                                return probe(socket).equals("HTTP/1.1 200 OK");
                            } catch (IOException refused) {
                                return false;
                            }
                        },
                        service::log);
            }
        }
    }

    @Test
    void who_asks_without_waiting_is_cut_off_and_nobody_else_feels_it() throws Exception {
        try (var polite = connect(usual)) {
            send(polite, PROBE.repeat(10));
            String answers = "";
            while (answers.split("HEALTHY", -1).length <= 10) {
                answers += (char) polite.getInputStream().read();
            }
            for (String request : List.of(PROBE, PROBE.replace("/", "/none"), PROBE.replace("/", "/%zz"))) {
                for (int connection = 0; connection < 10; connection++) {
                    try (var greedy = connect(usual)) {
                        send(greedy, PROBE + request.repeat(10_000));
                    } catch (SocketException cutOff) {
                        // While it was still sending.
                    }
                }
                for (int i = 0; i < 20; i++) {
                    assertEquals(
                            202, usual.post(Webhooks.body(Webhooks.newId())).statusCode());
                }
            }
            assertTrue(!usual.log().contains("StackOverflow"), usual::log);
        }
    }

    @Test
    void a_churn_of_connections_leaves_nothing_behind() throws Exception {
        try (var service = Service.start(
                database,
                Map.of(
                        "JAVA_TOOL_OPTIONS", "-Xms256m -XX:+AlwaysPreTouch",
                        "TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT10M"))) {
            churn(service, 20_000);
            long before = service.residentBytes();
            churn(service, 60_000); // Kept for ten minutes, these would need more than the heap has.
            assertEquals(200, service.probe());
            assertTrue(service.residentBytes() - before < 64 << 20, "resident memory grew");
            assertTrue(!service.log().contains("OutOfMemory"), service::log);
        }
    }

    private static void churn(Service service, int connections) throws IOException {
        for (int i = 0; i < connections; i++) {
            try (var socket = new Socket("localhost", service.port())) {
                socket.setSoLinger(true, 0); // Resets, so that no port is kept waiting.
            }
        }
    }

    @Test
    void an_idle_connection_is_closed() throws Exception {
        try (var service = Service.start(database, Map.of("QUARKUS_HTTP_IDLE_TIMEOUT", "1S"));
                var idle = connect(service)) {
            assertEquals("HTTP/1.1 200 OK", probe(idle));
            assertEquals("", untilClosed(idle));
        }
    }

    @ParameterizedTest
    @MethodSource
    void a_head_that_cannot_be_read_is_refused_with_a_problem(String head, int status, String title) throws Exception {
        String answer = refused(usual, head);
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        assertTrue(answer.toLowerCase(Locale.ROOT).contains("content-type: application/problem+json\r\n"), answer);
        assertTrue(
                answer.contains("{\"type\":\"about:blank\",\"title\":\"" + title + "\",\"status\":" + status), answer);
    }

    static Stream<Arguments> a_head_that_cannot_be_read_is_refused_with_a_problem() {
        String end = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        String begin = "GET / HTTP/1.1\r\nHost: localhost\r\n";
        String tooLarge = "Request Header Fields Too Large";
        return Stream.of(
                Arguments.of("GET /" + "a".repeat(10_000) + end, 414, "URI Too Long"),
                Arguments.of(begin + "X: " + "a".repeat(20_000) + "\r\n\r\n", 431, tooLarge),
                Arguments.of(begin + "X: a\r\n".repeat(5_000) + "\r\n", 431, tooLarge),
                Arguments.of("GET / HTTP/one\r\n\r\n", 400, "Bad Request"),
                Arguments.of("GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400, "Bad Request"),
                Arguments.of(
                        "GET /v1/transactions/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                        400, "Bad Request"));
    }

    @Test
    void what_comes_before_a_head_that_cannot_be_read_is_answered_first() throws Exception {
        String answers = refused(usual, PROBE + "GET / HTTP/one\r\n\r\n");
        assertTrue(answers.startsWith("HTTP/1.1 200 OK"), answers);
        assertTrue(answers.indexOf(" 400 Bad Request") > 0 && answers.contains("\"status\":400"), answers);
    }

    private static String refused(Service service, String request) throws IOException {
        try (var socket = connect(service)) {
            send(socket, request);
            return untilClosed(socket);
        }
    }

    /** A thousand bodies but for their last bytes, or four thousand heads but for theirs, are a quarter of the heap. */
    @Test
    void what_is_large_and_comes_in_slowly_fills_no_heap_and_leaves_room_for_webhooks() throws Exception {
        try (var service = Service.start(database, Map.of("TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT60S"))) {
            refusesTheLast(1_000, HEAD + "Content-Length: 65536\r\n\r\n" + " ".repeat(65_535), service);
            refusesTheLast(4_000, HEAD + "X: " + "x".repeat(16_000), service);
            assertTrue(!service.log().contains("OutOfMemory"), service::log);
        }
    }

    private static void refusesTheLast(int many, String unfinished, Service service) throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < many; i++) {
                slow.add(connect(service));
                try {
                    send(slow.get(i), unfinished);
                } catch (SocketException cutOff) {
                    // Refused before its end.
                }
            }
            // What those before had taken when they were refused may be room for a few of the last.
            int open = 0;
            for (Socket last : slow.subList(many - 100, many)) {
                String answer = untilClosed(last);
                boolean refused = answer.isEmpty() || answer.startsWith("HTTP/1.1 503 ");
                open += refused ? 0 : 1;
                assertTrue(refused || (answer.equals("still open") && open <= 3), answer);
            }
            for (int i = 0; i < 100; i++) {
                assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        // What they took is there again.
        String large = Webhooks.body(Webhooks.newId()) + " ".repeat(60_000);
        Eventually.within(Duration.ofSeconds(10), () -> service.post(large).statusCode() == 202, service::log);
    }

    @Test
    void two_thousand_slow_senders_keep_nobody_else_from_being_answered() throws Exception {
        int many = 2_000;
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < many; i++) {
                slow.add(connect(usual));
                send(slow.get(i), i % 2 == 0 ? "P" : HEAD + "Content-Length: 1000\r\n\r\n{");
            }
            for (int i = 0; i < 200; i++) {
                assertEquals(202, usual.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
            for (Socket socket : slow) {
                assertTrue(!untilClosed(socket).contains("still open"));
            }
            assertEquals(200, usual.probe());
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }
}
