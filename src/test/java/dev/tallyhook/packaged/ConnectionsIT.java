package dev.tallyhook.packaged;

import static dev.tallyhook.packaged.Wire.HEAD;
import static dev.tallyhook.packaged.Wire.PROBE;
import static dev.tallyhook.packaged.Wire.connect;
import static dev.tallyhook.packaged.Wire.probe;
import static dev.tallyhook.packaged.Wire.send;
import static dev.tallyhook.packaged.Wire.untilClosed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
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
                // Which ones those are: event loops see them in an order of their own.
                Eventually.within(Duration.ofSeconds(15), () -> closed(open) >= 5, () -> "all are let in");
                assertTrue(closed(open) <= 5 + most / 2, "there is room for most");
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
                // One that is not yet seen to be closed would take a place of the next round's. Who asked for the probe
                // keeps one.
                Eventually.within(
                        Duration.ofSeconds(10),
                        () -> service.manage("/q/metrics").body().matches("(?s).*\ntallyhook_connections [01][.]0.*"),
                        service::log);
            }
        }
    }

    private static long closed(List<Socket> sockets) throws IOException {
        long closed = 0;
        for (Socket socket : sockets) {
            socket.setSoTimeout(1);
            closed += untilClosed(socket).isEmpty() ? 1 : 0;
        }
        return closed;
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
