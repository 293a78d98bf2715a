package dev.tallyhook.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.Senders;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Those who are told what is finished: ten endpoints, of which six are as they should be. Each looks at what comes as a receiver
 * should, and what came goes into {@link Receptions}. All are on one event loop, so that nothing of it needs a lock.
 */
final class Receivers implements AutoCloseable {

    private static final int HEALTHY = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** So many failed tries make a dead letter: some messages of the endpoint that refuses every second one come that far. */
    private static final String RETRIES = "PT1S,PT2S,PT5S,PT5S,PT5S,PT5S";

    /** What a receiver takes by Standard Webhooks. */
    private static final long TOLERANCE_S = TimeUnit.MINUTES.toSeconds(5);

    private static final Pattern WEBHOOK_ID = Pattern.compile("msg_[0-9a-f]{40}");
    private static final String TYPE = "transaction.processed";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How an endpoint treats who tells it something. */
    enum Manner {
        /** Takes everything at once. */
        HEALTHY,
        /** Answers 500 to every second message. */
        REFUSING,
        /** Cuts the connection of every second message instead of answering. */
        CUTTING,
        /** Takes everything, and never answers. */
        HANGING,
        /** Is not there. */
        DEAD
    }

    /**
     * One of them.
     *
     * @param number by which what it took is counted, from 1
     */
    record Endpoint(String name, Manner manner, int number, int port, String secret) {}

    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Receptions receptions = new Receptions();
    private final Map<Manner, Integer> turns = new EnumMap<>(Manner.class);
    private final Vertx vertx = Vertx.vertx(new VertxOptions()
            .setEventLoopPoolSize(1)
            .setFileSystemOptions(new FileSystemOptions().setFileCachingEnabled(false)));
    private final AtomicLong taken = new AtomicLong();
    private boolean closed;

    /** All ten. */
    static Receivers all() {
        return new Receivers(List.of(Manner.REFUSING, Manner.CUTTING, Manner.HANGING, Manner.DEAD));
    }

    /** Those that take what they are told, or refuse it so often that it is given up: to none of them anything is owed for long. */
    static Receivers taking() {
        return new Receivers(List.of(Manner.REFUSING));
    }

    private Receivers(List<Manner> failures) {
        for (int i = 1; i <= HEALTHY; i++) {
            open("healthy" + i, Manner.HEALTHY);
        }
        for (Manner failing : failures) {
            open(failing.name().toLowerCase(Locale.ROOT), failing);
        }
    }

    private void open(String name, Manner manner) {
        var endpoint = new Endpoint(name, manner, endpoints.size() + 1, DatabaseServer.freePort(), Senders.newSecret());
        endpoints.add(endpoint);
        if (manner != Manner.DEAD) {
            vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(endpoint.port()))
                    .requestHandler(request -> request.body().onSuccess(body -> take(endpoint, request, body)))
                    // What a replica that dies breaks off is no news here.
                    .exceptionHandler(broken -> {})
                    .connectionHandler(connection -> connection.exceptionHandler(broken -> {}))
                    .listen()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
    }

    /** What every replica must be told. */
    Map<String, String> environment() {
        Map<String, String> all = new HashMap<>(Map.of(
                "TALLYHOOK_TELLING_ALLOW_HTTP", "true",
                "TALLYHOOK_TELLING_ALLOWED_NETWORKS", "127.0.0.0/8",
                "TALLYHOOK_TELLING_TIMEOUT", "PT5S",
                "TALLYHOOK_TELLING_RETRIES", RETRIES));
        for (Endpoint endpoint : endpoints) {
            String prefix = "TALLYHOOK_ENDPOINTS_" + endpoint.name().toUpperCase(Locale.ROOT);
            all.put(prefix + "_URL", "http://127.0.0.1:" + endpoint.port() + "/" + endpoint.name());
            all.put(prefix + "_SECRETS", endpoint.secret());
        }
        return all;
    }

    List<Endpoint> endpoints() {
        return Collections.unmodifiableList(endpoints);
    }

    /** Waits until replicas that have just started have told something. */
    void awaitTold() throws Exception {
        Eventually.within(PATIENCE, () -> taken.get() > 0, () -> "nobody is told anything");
    }

    /** Once all is over: {@link #close} comes first. */
    Receptions receptions() {
        return receptions;
    }

    private void take(Endpoint endpoint, HttpServerRequest request, Buffer body) {
        long now = History.now();
        int place = examine(endpoint, request, body.getBytes(), now);
        boolean second = turns.merge(endpoint.manner(), 1, Integer::sum) % 2 == 0;
        switch (endpoint.manner()) {
            case HANGING, DEAD -> {}
            case REFUSING -> answer(endpoint, request, place, second ? 500 : 200);
            case CUTTING -> {
                if (second) {
                    request.connection().close();
                } else {
                    answer(endpoint, request, place, 200);
                }
            }
            case HEALTHY -> answer(endpoint, request, place, 204);
        }
    }

    private void answer(Endpoint endpoint, HttpServerRequest request, int place, int status) {
        if (status < 300 && place >= 0) {
            receptions.taken(place, endpoint.number());
            taken.incrementAndGet();
        }
        request.response().setStatusCode(status).end();
    }

    /** Its place among what came; negative if it is none that could be counted. */
    private int examine(Endpoint endpoint, HttpServerRequest request, byte[] body, long now) {
        String id = String.valueOf(request.getHeader("webhook-id"));
        String timestamp = String.valueOf(request.getHeader("webhook-timestamp"));
        String signatures = String.valueOf(request.getHeader("webhook-signature"));
        if (!WEBHOOK_ID.matcher(id).matches() || !timestamp.matches("\\d{1,12}")) {
            receptions.complain(Receptions.Fault.CONTENT, endpoint.name(), now, "none");
            return -1;
        }
        long seconds = Long.parseLong(timestamp);
        if (Math.abs(TimeUnit.MICROSECONDS.toSeconds(now) - seconds) > TOLERANCE_S) {
            receptions.complain(Receptions.Fault.TIMESTAMP, endpoint.name(), now, id);
        }
        if (!List.of(signatures.split(" ")).contains(Senders.signBytes(endpoint.secret(), id, seconds, body))) {
            receptions.complain(Receptions.Fault.SIGNATURE, endpoint.name(), now, id);
            return -1;
        }
        if (!isFinished(id, body)) {
            receptions.complain(Receptions.Fault.CONTENT, endpoint.name(), now, id);
            return -1;
        }
        int place = receptions.came(id, body, now);
        if (place < 0) {
            receptions.complain(Receptions.Fault.BODY, endpoint.name(), now, id);
        }
        return place;
    }

    private static boolean isFinished(String webhookId, byte[] body) {
        try {
            JsonNode message = JSON.readTree(body);
            JsonNode data = message.path("data");
            return message.path("type").asText().equals(TYPE)
                    && data.path("status").asText().equals("PROCESSED")
                    && webhookId.equals(webhookId(data.path("transaction_id").asText()));
        } catch (IOException notJson) {
            return false;
        }
    }

    /** Of the message that it is finished. */
    static String webhookId(String transactionId) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest((TYPE + "\n" + transactionId).getBytes(StandardCharsets.UTF_8));
            return "msg_" + HexFormat.of().formatHex(hash, 0, 20);
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }

    /** Nobody is told anything from now on. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }
}
