package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Senders;
import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that are wrong in every place, sent to the packaged service as bytes; half of their bodies are signed, so that they
 * reach the parser. {@code -Dfuzz.requests=1000000} sends more of them, {@code -Dfuzz.seed} others.
 */
class FuzzIT {

    private static final int REQUESTS = Integer.getInteger("fuzz.requests", 20_000);
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final int SENDERS = 4;

    /** More, because each waits for a commit; so there are fewer of those requests unless more are asked for. */
    private static final int SENDERS_TO_SOURCES = 16;

    private static final int REQUESTS_TO_SOURCES = Integer.getInteger("fuzz.requests", 5_000);
    private static final Path CORPUS =
            Path.of("src/test/resources/dev/tallyhook/intake/WebhookFuzzTestInputs/a_body_is_taken_or_refused");

    /** In bytes, over the second half: what the JVM's own moods account for. */
    private static final long GROWTH_MAX = 64L << 20;

    /** So that resident memory tells of what grows, and not of a heap that is used for the first time. */
    private static final String HEAP_TOUCHED = "-Xms256m -XX:+AlwaysPreTouch";

    /** All that has a name: nobody is to ask PayPal for certificates that do not exist. */
    private static final String HOSTS = "127.0.0.1 localhost api.paypal.com\n";

    private static final List<byte[]> BODIES = new ArrayList<>();

    @TempDir
    static Path directory;

    @AutoClose
    private static DatabaseServer database;

    @AutoClose
    private static Service service;

    @BeforeAll
    static void start() throws Exception {
        try (var files = Files.list(CORPUS)) {
            for (Path file : files.sorted().toList()) {
                BODIES.add(Files.readAllBytes(file));
            }
        }
        Path hosts = Files.writeString(directory.resolve("hosts"), HOSTS);
        var environment = new HashMap<>(Map.of(
                "TALLYHOOK_WEBHOOK_SECRETS",
                Senders.SECRET,
                "TALLYHOOK_CONNECTIONS_REQUEST_WITHIN",
                "PT1S",
                "JAVA_TOOL_OPTIONS",
                HEAP_TOUCHED + " -Djdk.net.hosts.file=" + hosts));
        SchemeSender.all().forEach(sender -> environment.putAll(sender.environment()));
        database = new DatabaseServer();
        service = Service.start(database, environment);
    }

    @Test
    void fuzzed_requests_get_no_5xx_leave_no_connection_and_no_memory_behind() throws Exception {
        var fuzz = new Fuzz(SENDERS, FuzzIT::webhook);
        assertNothingIsLeftBehind(fuzz, REQUESTS);
        assertTrue(
                fuzz.statuses().keySet().stream().noneMatch(status -> status >= 500),
                () -> fuzz.statuses() + service.log());
        assertTrue(
                fuzz.statuses().containsKey(202)
                        && fuzz.statuses().containsKey(400)
                        && fuzz.statuses().containsKey(401),
                () -> fuzz.statuses().toString());
    }

    @Test
    void of_every_scheme_whatever_is_signed_is_taken_and_nothing_else_and_nothing_is_left_behind() throws Exception {
        var fuzz = new Fuzz(SENDERS_TO_SOURCES, new FuzzedEvents(BODIES)::next);
        assertNothingIsLeftBehind(fuzz, REQUESTS_TO_SOURCES);
        fuzz.statusesOfKinds().forEach((kind, statuses) -> System.out.println("fuzzed: " + kind + " " + statuses));
        assertEquals(List.of(), fuzz.surprises(), () -> fuzz.statuses() + service.log());
        assertTrue(
                fuzz.statuses().keySet().stream().noneMatch(status -> status >= 500 && status != 503),
                () -> fuzz.statuses().toString());
        for (SchemeSender sender : SchemeSender.all()) {
            int right = sender.scheme().equals("paypal") ? 503 : 200;
            var answered = fuzz.statusesOfKinds().get(sender.scheme() + ", signed");
            assertTrue(answered.containsKey(right), () -> sender.scheme() + ": " + answered);
        }
    }

    private static void assertNothingIsLeftBehind(Fuzz fuzz, int requests) throws Exception {
        int connections = service.openConnections();
        fuzz.send(service, requests / 2, SEED);
        long before = service.residentBytes();
        fuzz.send(service, requests - requests / 2, SEED + 1);
        long growth = service.residentBytes() - before;
        System.out.println("fuzzed: " + fuzz.statuses() + ", resident memory grew by " + growth / 1024 + " KiB to "
                + (before + growth) / 1024);
        assertEquals(
                requests,
                fuzz.statuses().values().stream().mapToInt(Integer::intValue).sum());
        assertTrue(growth < GROWTH_MAX, "resident memory grew by " + growth);
        Eventually.within(
                Duration.ofSeconds(10),
                () -> service.openConnections() <= connections,
                () -> "left open: " + service.openConnections());
        assertEquals(200, service.probe());
        assertTrue(!service.log().contains("ERROR"), service::log);
    }

    private static Fuzz.Request webhook(Random random) {
        byte[] body = random.nextInt(4) == 0
                ? Webhooks.body("txn_" + random.nextLong()).getBytes(StandardCharsets.UTF_8)
                : BODIES.get(random.nextInt(BODIES.size()));
        for (int i = random.nextInt(4); i > 0; i--) {
            body = Fuzz.mutate(body, random);
        }
        var head = new StringBuilder("POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: localhost\r\n")
                .append("Content-Type: application/json\r\n");
        if (random.nextBoolean()) {
            long now = Senders.now();
            head.append("webhook-id: m\r\nwebhook-timestamp: " + now + "\r\nwebhook-signature: "
                    + Senders.signBytes(Senders.SECRET, "m", now, body) + "\r\n");
        }
        return new Fuzz.Request("transactions", Fuzz.request(head.toString(), body), status -> status < 500);
    }
}
