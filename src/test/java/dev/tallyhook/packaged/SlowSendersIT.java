package dev.tallyhook.packaged;

import static dev.tallyhook.packaged.Wire.HEAD;
import static dev.tallyhook.packaged.Wire.connect;
import static dev.tallyhook.packaged.Wire.drip;
import static dev.tallyhook.packaged.Wire.probe;
import static dev.tallyhook.packaged.Wire.send;
import static dev.tallyhook.packaged.Wire.untilClosed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What comes in slowly is cut off, and keeps neither memory nor anybody else from what they are due. */
class SlowSendersIT {

    @AutoClose
    private static DatabaseServer database;

    @BeforeAll
    static void start() throws Exception {
        database = DatabaseServer.migrated();
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
                String answer = slowBody(service, head, Wire::untilClosed);
                assertTrue(answer.startsWith("HTTP/1.1 408 ") && answer.contains("application/problem+json"), answer);
                assertTrue(
                        answer.contains("\"detail\":\"The body came in too slowly\""),
                        "as openapi.yaml says: " + answer);
            }
            assertEquals("HTTP/1.1 200 OK", probe(quiet), "the one that was quiet");
        }
    }

    /** A resource's thread would wait for it, and there are few. */
    @Test
    void what_operators_send_has_to_come_in_time_too() throws Exception {
        try (var service = Service.start(database, Map.of("TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT1S"))) {
            String transaction = "POST /v1/transactions/txn_none";
            List<String> requests = List.of(
                    transaction + "/hold",
                    transaction + "/release",
                    "POST /v1/endpoints",
                    "PATCH /v1/endpoints/ep_none",
                    "POST /v1/endpoints/ep_none/secret/rotate",
                    "POST /v1/endpoints/ep_none/replays");
            List<Socket> stalled = new ArrayList<>();
            for (String request : requests) {
                stalled.add(connect(service));
                send(stalled.get(stalled.size() - 1), head(request) + "Content-Length: 2000\r\n\r\n{");
                try (var leaving = connect(service)) {
                    send(leaving, head(request) + "Content-Length: 2000\r\n\r\n{");
                }
            }
            for (int i = 0; i < requests.size(); i++) {
                try (var socket = stalled.get(i)) {
                    assertTooSlow(untilClosed(socket), requests.get(i));
                }
            }
            assertTooSlow(
                    slowBody(service, head(requests.get(0)), socket -> drip(socket, "{".repeat(1000))),
                    "a body that trickles");
            Eventually.within(
                    Duration.ofSeconds(10),
                    () -> service.manage("/q/metrics").body().matches("(?s).*\ntallyhook_connections [01][.]0.*"),
                    service::log);
            assertTrue(!service.log().contains("Request failed"), service::log);
        }
    }

    private static String head(String request) {
        return HEAD.replace("POST " + Webhooks.PATH, request);
    }

    private static void assertTooSlow(String answer, String request) {
        assertTrue(answer.startsWith("HTTP/1.1 408 ") && !answer.contains("still open"), request + ": " + answer);
        assertTrue(answer.contains("\"detail\":\"The body came in too slowly\""), answer);
    }

    /** What one that is refused has taken is there for the next: kept, it would be all that there is for large ones after some hundred. */
    @Test
    void what_is_too_large_takes_room_for_as_long_as_it_is_answered() throws Exception {
        try (var service = Service.start(database, Map.of())) {
            byte[] body = new byte[300 * 1024];
            for (int i = 0; i < 200; i++) {
                var chunked = HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofByteArray(body));
                var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/endpoints"))
                        .header("Content-Type", "application/json")
                        .POST(chunked)
                        .build();
                assertEquals(
                        413,
                        service.client()
                                .send(request, HttpResponse.BodyHandlers.discarding())
                                .statusCode(),
                        "after " + i);
            }
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

    /** First by bodies that are large, then by heads that are small, and what is left of the room by the least of them. */
    @Test
    void when_strangers_have_taken_all_operators_are_answered() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try (var service = Service.start(database, Map.of("TALLYHOOK_CONNECTIONS_REQUEST_WITHIN", "PT60S"))) {
            takeAll(800, HEAD + "Content-Length: 65536\r\n\r\n" + " ".repeat(65_535), service, slow);
            takeAll(4_000, HEAD + "X: " + "x".repeat(3_500), service, slow);
            // What was refused meanwhile gives back what it had taken until then.
            Eventually.within(
                    Duration.ofSeconds(30),
                    () -> {
                        takeAll(100, HEAD + "X: " + "x".repeat(3_500), service, slow);
                        takeAll(50, HEAD, service, slow);
                        return service.probe() == 0;
                    },
                    () -> "strangers have left room");
            for (String asked : List.of("/q/health/live", "/q/health/ready", "/q/metrics")) {
                assertEquals(200, service.manage(asked).statusCode(), asked);
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    private static void takeAll(int many, String unfinished, Service service, List<Socket> slow) throws Exception {
        for (int i = 0; i < many; i++) {
            Socket socket = connect(service);
            slow.add(socket);
            try {
                send(socket, unfinished);
            } catch (SocketException cutOff) {
                // There is no room for more.
            }
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
                last.setSoTimeout(5_000); // All of this has to be over before those that are open are answered 408.
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
}
