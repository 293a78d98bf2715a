package dev.tallyhook.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.packaged.Certificate;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Http2Line;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server of the framework's kind, which sends each client away with its next answer, and a client that looks at the frames. */
class FarewellTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Http2Line.GoAway ANNOUNCED = new Http2Line.GoAway(Integer.MAX_VALUE, 0);

    private final Vertx vertx = Vertx.vertx();
    private volatile boolean stopping;
    private volatile boolean arriving;
    private volatile Farewell farewell;
    private HttpServer server;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws Exception {
        Path certificate = directory.resolve("tls.crt");
        Path key = directory.resolve("tls.key");
        Certificate.create(directory, "own").writeTo(certificate, key);
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setSsl(true)
                        .setUseAlpn(true)
                        .setKeyCertOptions(new PemKeyCertOptions()
                                .addCertPath(certificate.toString())
                                .addKeyPath(key.toString())))
                .requestHandler(this::answer)
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /** Answers that are sent. */
    private final AtomicInteger ended = new AtomicInteger();

    private final CountDownLatch holding = new CountDownLatch(1);
    private final CountDownLatch held = new CountDownLatch(1);

    private void answer(HttpServerRequest request) {
        var channel = ((ConnectionBase) request.connection()).channel();
        Farewell known = Farewell.of(channel);
        farewell = known == null ? Farewell.prepare(channel) : known;
        if (known == null && arriving) {
            farewell.announceAfter(TimeUnit.SECONDS.toNanos(2));
            farewell.sayAfter(TimeUnit.SECONDS.toNanos(3));
        }
        if (request.path().equals("/hold")) {
            hold();
        }
        request.response().endHandler(sent -> {
            if (request.path().equals("/close")) {
                request.connection().close();
            } else if (stopping) {
                request.connection().goAway(0);
                request.connection().shutdown();
            }
            ended.incrementAndGet();
        });
        request.response().setStatusCode(202).end();
    }

    private void hold() {
        holding.countDown();
        try {
            assertTrue(held.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private static int taken(Http2Line line, String path) throws Exception {
        var asked = line.post(path, "{}");
        assertEquals("202", asked.status().get(20, TimeUnit.SECONDS));
        return asked.stream();
    }

    @Test
    void what_comes_after_the_first_step_is_taken_and_the_second_names_the_last_of_it() throws Exception {
        try (var line = new Http2Line(server.actualPort())) {
            taken(line, "/");
            Eventually.within(SOON, () -> ended.get() == 1, () -> "the answer came, and the server does not know");
            stopping = true;
            farewell.sayAfter(TimeUnit.HOURS.toNanos(1));
            taken(line, "/");
            Eventually.within(SOON, () -> !line.goAways().isEmpty(), () -> "no GOAWAY");
            assertEquals(List.of(ANNOUNCED), line.goAways());
            farewell.announce();
            int last = taken(line, "/");
            assertEquals(List.of(ANNOUNCED), line.goAways());
            assertTrue(line.isOpen());
            farewell.sayAfter(0);
            Eventually.within(SOON, () -> !line.isOpen(), () -> "not closed after " + line.goAways());
            assertEquals(List.of(ANNOUNCED, new Http2Line.GoAway(last, 0)), line.goAways());
        }
    }

    @Test
    void an_answer_that_is_under_way_when_the_stop_begins_waits_for_the_second_step_too() throws Exception {
        try (var line = new Http2Line(server.actualPort())) {
            taken(line, "/");
            var underWay = line.post("/hold", "{}");
            assertTrue(holding.await(20, TimeUnit.SECONDS));
            stopping = true;
            farewell.announce();
            farewell.sayAfter(TimeUnit.HOURS.toNanos(1));
            held.countDown();
            assertEquals("202", underWay.status().get(20, TimeUnit.SECONDS));
            int last = taken(line, "/");
            assertEquals(List.of(ANNOUNCED), line.goAways());
            farewell.sayAfter(0);
            Eventually.within(SOON, () -> !line.isOpen(), () -> "not closed after " + line.goAways());
            assertEquals(List.of(ANNOUNCED, new Http2Line.GoAway(last, 0)), line.goAways());
        }
    }

    @Test
    void who_is_closed_between_the_steps_is_told_the_last_stream_before() throws Exception {
        try (var line = new Http2Line(server.actualPort())) {
            taken(line, "/");
            farewell.announce();
            farewell.sayAfter(TimeUnit.HOURS.toNanos(1));
            Eventually.within(SOON, () -> !line.goAways().isEmpty(), () -> "no GOAWAY");
            int last = taken(line, "/close");
            Eventually.within(SOON, () -> !line.isOpen(), () -> "not closed");
            assertEquals(List.of(ANNOUNCED, new Http2Line.GoAway(last, 0)), line.goAways());
        }
    }

    @Test
    void who_has_just_come_is_not_sent_away_with_the_first_answer_but_in_time() throws Exception {
        arriving = true;
        stopping = true;
        try (var line = new Http2Line(server.actualPort())) {
            taken(line, "/");
            Eventually.within(SOON, () -> ended.get() == 1, () -> "the answer came, and the server does not know");
            int last = taken(line, "/");
            assertEquals(List.of(), line.goAways());
            Eventually.within(SOON, () -> !line.isOpen(), () -> "not closed after " + line.goAways());
            assertEquals(List.of(ANNOUNCED, new Http2Line.GoAway(last, 0)), line.goAways());
        }
    }

    @Test
    void without_a_second_step_to_come_the_connection_is_closed_with_both() throws Exception {
        try (var line = new Http2Line(server.actualPort())) {
            stopping = true;
            int last = taken(line, "/");
            Eventually.within(SOON, () -> !line.isOpen(), () -> "not closed");
            assertEquals(List.of(ANNOUNCED, new Http2Line.GoAway(last, 0)), line.goAways());
        }
    }

    @Test
    void who_is_not_to_go_is_told_nothing() throws Exception {
        try (var line = new Http2Line(server.actualPort())) {
            taken(line, "/");
            farewell.sayAfter(0);
            taken(line, "/");
            assertEquals(List.of(), line.goAways());
            assertTrue(line.isOpen());
        }
    }
}
