package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpSenderTest {

    private static final int SECONDS_MAX = 30;
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-28T12:00:00Z"), ZoneOffset.UTC);
    private static final InetAddress LOOPBACK = Literals.address("127.0.0.1").orElseThrow();

    private final Vertx vertx = Vertx.vertx();
    private final AtomicInteger connections = new AtomicInteger();
    private final Set<Object> open = ConcurrentHashMap.newKeySet();
    private final HttpSender sender = sender(host -> new InetAddress[] {LOOPBACK});

    /** For what does not come, however long one waits. */
    private final HttpSender hasty = sender(host -> new InetAddress[] {LOOPBACK}, "timeout", "PT3S");

    private HttpSender sender(Resolver resolver, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "allow-http",
                "true",
                "allowed-networks",
                "127.0.0.0/8",
                "timeout",
                "PT20S",
                "connect-timeout",
                "PT10S"));
        all.addAll(List.of(settings));
        return new HttpSender(
                TellingSettings.with(all.toArray(String[]::new)), Optional.empty(), vertx, resolver, CLOCK);
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Test
    void a_message_goes_out_as_standard_webhooks_has_it() throws Exception {
        var seen = new AtomicReference<HttpServerRequest>();
        var body = new AtomicReference<String>();
        int port = serve(request -> {
            seen.set(request);
            request.body().onSuccess(bytes -> {
                body.set(bytes.toString());
                request.response().setStatusCode(204).end();
            });
        });
        Attempt attempt = send(sender, message("http://shop.test:" + port + "/hooks/a%20b?key=1%2F2"));
        assertEquals(Outcome.DELIVERED, attempt.outcome());
        assertEquals(204, attempt.status());
        assertNull(attempt.answer());
        assertTrue(attempt.isDelivered() && !attempt.took().isNegative());
        HttpServerRequest request = seen.get();
        assertEquals("POST /hooks/a%20b?key=1%2F2", request.method() + " " + request.uri());
        assertEquals("{\"type\":\"é\"}", body.get());
        assertEquals(
                Set.of(
                        "host: shop.test:" + port,
                        "content-type: application/json",
                        "content-length: 13",
                        "user-agent: Tallyhook",
                        "webhook-id: msg_1",
                        "webhook-timestamp: 1764331200",
                        "webhook-signature: v1,abc",
                        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                Set.copyOf(request.headers().entries().stream()
                        .map(header -> header.getKey().toLowerCase(java.util.Locale.ROOT) + ": " + header.getValue())
                        .toList()));
    }

    @ParameterizedTest
    @CsvSource({
        "200, DELIVERED", "202, DELIVERED", "299, DELIVERED", "400, REFUSED", "401, REFUSED", "404, REFUSED",
                "410, GONE",
        "429, THROTTLED", "500, REFUSED", "501, REFUSED", "502, THROTTLED", "503, THROTTLED", "504, THROTTLED",
                "304, REDIRECTED"
    })
    void a_status_is_an_outcome(int status, Outcome outcome) throws Exception {
        int port = serve(request -> request.response().setStatusCode(status).end());
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(outcome, attempt.outcome());
        assertEquals(status, attempt.status());
    }

    @Test
    void the_beginning_of_a_failures_answer_is_kept() throws Exception {
        int port = serve(request -> request.response().setStatusCode(500).end("no\nroom " + "x".repeat(3000)));
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertTrue(attempt.answer().startsWith("no room xxx"), attempt.answer());
        assertEquals(1024, attempt.answer().length());
    }

    @Test
    void retry_after_is_read_in_both_forms() throws Exception {
        int port = serve(request -> {
            if (request.path().equals("/date")) {
                request.response().putHeader("date", "Sat, 28 Nov 2026 09:00:00 GMT");
            }
            request.response()
                    .setStatusCode(429)
                    .putHeader("retry-after", request.path().equals("/date") ? "Sat, 28 Nov 2026 09:01:00 GMT" : "7")
                    .end();
        });
        assertEquals(
                Duration.ofSeconds(7),
                send(sender, message("http://a.test:" + port + "/seconds")).retryAfter());
        assertEquals(
                Duration.ofMinutes(1),
                send(sender, message("http://a.test:" + port + "/date")).retryAfter());
    }

    @Test
    void a_redirect_is_not_followed() throws Exception {
        var requests = new AtomicInteger();
        int port = serve(request -> {
            requests.incrementAndGet();
            request.response()
                    .setStatusCode(307)
                    .putHeader("location", "/elsewhere")
                    .end();
        });
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(Outcome.REDIRECTED, attempt.outcome());
        assertEquals("to /elsewhere", attempt.answer());
        assertEquals(1, requests.get());
    }

    @Test
    void kept_connections_are_used_again() throws Exception {
        int port = serve(request -> request.response().end("ok"));
        for (int i = 0; i < 50; i++) {
            assertEquals(
                    Outcome.DELIVERED,
                    send(sender, message("http://a.test:" + port)).outcome());
        }
        assertEquals(1, connections.get());
    }

    @Test
    void a_thousand_at_once_are_all_delivered() throws Exception {
        int port = serve(request -> vertx.setTimer(5, over -> request.response().end("ok")));
        List<CompletableFuture<Attempt>> attempts = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            attempts.add(begin(sender, message("http://a.test:" + port)));
        }
        for (CompletableFuture<Attempt> attempt : attempts) {
            Attempt came = attempt.get(SECONDS_MAX, TimeUnit.SECONDS);
            assertEquals(Outcome.DELIVERED, came.outcome(), came::toString);
        }
    }

    @Test
    void a_head_that_does_not_come_is_given_up_with_its_connection() throws Exception {
        int port = serve(request -> {});
        Attempt attempt = send(hasty, message("http://a.test:" + port));
        assertEquals(Outcome.TIMED_OUT, attempt.outcome());
        assertEquals("no answer in time", attempt.answer());
        assertEquals(0, attempt.status());
        awaitNoneOpen();
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 500})
    void a_body_that_does_not_end_is_given_up_with_its_connection(int status) throws Exception {
        int port = serve(request ->
                request.response().setStatusCode(status).setChunked(true).write("some"));
        Attempt attempt = send(hasty, message("http://a.test:" + port));
        assertEquals(Outcome.TIMED_OUT, attempt.outcome());
        assertEquals("the answer did not end in time", attempt.answer());
        assertEquals(status, attempt.status());
        awaitNoneOpen();
    }

    @Test
    void a_body_without_end_is_read_to_its_limit_alone() throws Exception {
        int port = serve(request -> {
            request.response().setChunked(true).setStatusCode(request.path().equals("/ok") ? 200 : 400);
            pour(request);
        });
        assertEquals(
                Outcome.DELIVERED,
                send(sender, message("http://a.test:" + port + "/ok")).outcome());
        Attempt refused = send(sender, message("http://a.test:" + port + "/no"));
        assertEquals(Outcome.REFUSED, refused.outcome());
        assertEquals(1024, refused.answer().length());
        awaitNoneOpen();
    }

    private static void pour(HttpServerRequest request) {
        Buffer drop = Buffer.buffer("y".repeat(1000));
        request.response().write(drop).onSuccess(written -> pour(request));
    }

    @Test
    void a_body_of_which_the_end_is_cut_off_is_not_delivered() throws Exception {
        int port = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this", true);
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(Outcome.UNREACHABLE, attempt.outcome());
        assertEquals("the connection was closed", attempt.answer());
    }

    @Test
    void a_new_connection_that_is_closed_without_an_answer_is_not_tried_twice() throws Exception {
        int port = raw("", true);
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(Outcome.UNREACHABLE, attempt.outcome());
        assertEquals("the connection was closed", attempt.answer());
        assertEquals(1, connections.get());
    }

    @Test
    void what_is_no_http_is_no_answer() throws Exception {
        int port = raw("SSH-2.0-OpenSSH_9.9\r\n\r\n", false);
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(Outcome.UNREACHABLE, attempt.outcome());
        assertEquals("the answer is no HTTP", attempt.answer());
        awaitNoneOpen();
    }

    @Test
    void a_message_on_a_kept_connection_that_is_closed_at_its_arrival_is_sent_again_on_a_new_one() throws Exception {
        var requests = new AtomicInteger();
        int port = serve(request -> {
            if (requests.incrementAndGet() == 2) {
                request.connection().close();
            } else {
                request.response().end();
            }
        });
        assertEquals(
                Outcome.DELIVERED,
                send(sender, message("http://a.test:" + port)).outcome());
        assertEquals(
                Outcome.DELIVERED,
                send(sender, message("http://a.test:" + port)).outcome());
        assertEquals(3, requests.get());
        assertEquals(2, connections.get());
    }

    @Test
    void a_message_that_is_cut_off_on_its_second_connection_too_is_left_to_the_retry_plan() throws Exception {
        var requests = new AtomicInteger();
        int port = serve(request -> {
            if (requests.incrementAndGet() > 1) {
                request.connection().close();
            } else {
                request.response().end();
            }
        });
        assertEquals(
                Outcome.DELIVERED,
                send(sender, message("http://a.test:" + port)).outcome());
        assertEquals(
                Outcome.UNREACHABLE,
                send(sender, message("http://a.test:" + port)).outcome());
        assertEquals(3, requests.get());
    }

    @Test
    void nobody_there_is_said_so() throws Exception {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Attempt attempt = send(sender, message("http://a.test:" + port));
        assertEquals(Outcome.UNREACHABLE, attempt.outcome());
        assertEquals("no connection: refused", attempt.answer());
    }

    @Test
    void an_address_at_which_nobody_is_leaves_it_to_the_next_of_the_name() throws Exception {
        InetAddress nobody = Literals.address("127.0.0.9").orElseThrow();
        int port = serve(request -> request.response().end());
        HttpSender both = sender(host -> new InetAddress[] {nobody, LOOPBACK});
        assertEquals(
                Outcome.DELIVERED, send(both, message("http://a.test:" + port)).outcome());
    }

    @Test
    void a_name_without_an_address_and_one_that_is_mute_are_told_apart_in_time() throws Exception {
        var end = new CountDownLatch(1);
        HttpSender some = sender(
                host -> {
                    if (host.startsWith("mute")) {
                        try {
                            end.await();
                        } catch (InterruptedException over) {
                            throw new IllegalStateException(over);
                        }
                    }
                    throw new UnknownHostException(host);
                },
                "connect-timeout",
                "PT3S");
        Outcome none = send(some, message("http://none.test:8080")).outcome();
        assertEquals(Outcome.UNKNOWN_HOST, none);
        Attempt mute = send(some, message("http://mute.test:8080"));
        assertEquals(Outcome.TIMED_OUT, mute.outcome());
        assertEquals("the name was not looked up in time", mute.answer());
        end.countDown();
    }

    /** However its place is named, a listener that must not be connected to sees nobody. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1:%d/", "http://[::1]:%d/", "http://[::ffff:127.0.0.1]:%d/", "http://localhost:%d/",
                        "http://a.test:%d/",
                "http://2130706433:%d/", "http://0x7f000001:%d/", "http://127.1:%d/", "https://127.0.0.1:%d/",
                        "https://a.test:%d/"
            })
    void what_must_not_be_connected_to_sees_no_connection(String url) throws Exception {
        int port = serve(request -> request.response().end());
        HttpSender strict = sender(host -> new InetAddress[] {LOOPBACK}, "allowed-networks", "10.0.0.0/8");
        Attempt attempt = send(strict, message(url.formatted(port)));
        assertEquals(Outcome.FORBIDDEN, attempt.outcome(), attempt::toString);
        assertEquals(0, connections.get());
    }

    @Test
    void a_name_that_leads_elsewhere_the_second_time_is_judged_the_second_time() throws Exception {
        var looks = new AtomicInteger();
        int port = serve(request -> request.response().end());
        InetAddress other = Literals.address("127.0.0.2").orElseThrow();
        HttpSender some = sender(
                host -> new InetAddress[] {looks.incrementAndGet() == 1 ? LOOPBACK : other},
                "denied-networks",
                "127.0.0.2/32");
        assertEquals(
                Outcome.DELIVERED, send(some, message("http://a.test:" + port)).outcome());
        assertEquals(1, looks.get(), "it was connected to as it was judged");
        Awaitility.await()
                .atMost(Duration.ofSeconds(SECONDS_MAX))
                .until(() -> send(some, message("http://a.test:" + port)).outcome() == Outcome.FORBIDDEN);
        assertEquals(2, looks.get());
        assertEquals(1, connections.get());
    }

    @Test
    void a_message_that_cannot_be_made_is_said_to_be_so_and_leaves_no_connection_behind() throws Exception {
        int port = serve(request -> request.response().end());
        Attempt attempt = send(
                sender,
                new OutgoingRequest(
                        URI.create("http://a.test:" + port), "msg\r\nx: y", 1, "v1,abc", new byte[0], null));
        assertEquals(Outcome.UNSENDABLE, attempt.outcome());
        for (int i = 0; i < 10; i++) {
            assertEquals(
                    Outcome.DELIVERED,
                    send(sender, message("http://a.test:" + port)).outcome());
        }
    }

    private int serve(Handler<HttpServerRequest> handler) throws Exception {
        return vertx.createHttpServer()
                .connectionHandler(connection -> {
                    connections.incrementAndGet();
                    open.add(connection);
                    connection.closeHandler(closed -> open.remove(connection));
                })
                .requestHandler(handler)
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
    }

    /** Says this when something comes in. */
    private int raw(String answer, boolean close) throws Exception {
        return vertx.createNetServer()
                .connectHandler(socket -> {
                    connections.incrementAndGet();
                    open.add(socket);
                    socket.closeHandler(closed -> open.remove(socket));
                    socket.handler(request -> {
                        if (!answer.isEmpty()) {
                            socket.write(answer);
                        }
                        if (close) {
                            socket.close();
                        }
                    });
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
    }

    private void awaitNoneOpen() {
        Awaitility.await().atMost(Duration.ofSeconds(SECONDS_MAX)).until(open::isEmpty);
    }

    static OutgoingRequest message(String url) {
        return new OutgoingRequest(
                URI.create(url),
                "msg_1",
                1764331200,
                "v1,abc",
                "{\"type\":\"é\"}".getBytes(StandardCharsets.UTF_8),
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    }

    static CompletableFuture<Attempt> begin(HttpSender sender, OutgoingRequest message) {
        var attempt = new CompletableFuture<Attempt>();
        sender.send(message, came -> {
            if (!attempt.complete(came)) {
                throw new AssertionError("told twice");
            }
        });
        return attempt;
    }

    static Attempt send(HttpSender sender, OutgoingRequest message) throws Exception {
        return begin(sender, message).get(SECONDS_MAX, TimeUnit.SECONDS);
    }
}
