package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** The contract, the poller and the promise of a 202, where role, database and server are set by somebody who means harm. */
class HostileSettingsIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration LOAD = Duration.ofSeconds(2);
    private static final String TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /** Of the whole server; and its writer of what is not durable rests so long that a crash is certain to find some of it unwritten. */
    private static final Map<String, String> SERVER = Map.of(
            "synchronous_commit", "off",
            "wal_writer_delay", "10s",
            "wal_writer_flush_after", "2GB",
            "default_transaction_isolation", "serializable",
            "timezone", "Pacific/Chatham",
            "array_nulls", "off",
            "enable_indexscan", "off");

    @Test
    void the_contract_the_poller_and_the_promise_hold_whatever_role_database_and_server_are_set_to() throws Exception {
        try (var database = new DatabaseServer(SERVER)) {
            database.execute("CREATE ROLE tallyhook LOGIN PASSWORD 'tallyhook'");
            database.execute("CREATE DATABASE tallyhook OWNER tallyhook");
            database.execute(Hostile.to("tallyhook", "tallyhook"));
            database.use("tallyhook");
            var environment = new HashMap<>(database.environment());
            environment.put("QUARKUS_DATASOURCE_USERNAME", "tallyhook");
            environment.put("QUARKUS_DATASOURCE_PASSWORD", "tallyhook");
            environment.put("TALLYHOOK_PROCESSING_DELAY", "PT1S");
            environment.put("QUARKUS_OTEL_TRACES_EXPORTER", "none");
            try (var service = Service.launch(environment)) {
                service.awaitHealthy();
                assertContract(service);
                // Longer than idle sessions would be let live.
                Thread.sleep(1_500);
                assertEquals(202, service.post(Webhooks.body("later")).statusCode());
                List<String> accepted = acceptedUntilTheCrash(database, service);
                database.start();
                for (String id : accepted) {
                    Eventually.within(PATIENCE, () -> status(service, id) != 503, service::log);
                    assertEquals(200, status(service, id), id + " was accepted, and is gone");
                }
            }
        }
    }

    private static void assertContract(Service service) throws Exception {
        String id = "ñandú/🌱";
        // Some with and some without a trace share a group.
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            var request = service.postRequest(
                    Webhooks.body("group_" + i), i % 2 == 0 ? Map.of() : Map.of("traceparent", TRACEPARENT));
            answers.add(service.client().sendAsync(request, HttpResponse.BodyHandlers.ofString()));
        }
        for (var answer : answers) {
            assertEquals(202, answer.join().statusCode(), () -> answer.join().body() + service.log());
        }
        assertEquals(202, service.post(Webhooks.body(id)).statusCode());
        var replay = service.post(Webhooks.body(id));
        assertEquals(202, replay.statusCode());
        assertEquals("true", replay.headers().firstValue("Idempotent-Replayed").orElse(""));
        assertEquals(409, service.post(Webhooks.body(id, "9.99", "INR")).statusCode());
        assertTrue(service.get("/v1/conflicts", "none").body().contains("9.99"));
        Eventually.within(
                PATIENCE,
                () -> service.get(Webhooks.transactionPath(id), "none").body().contains("\"PROCESSED\""),
                service::log);
        String body = service.get(Webhooks.transactionPath(id), "none").body();
        assertTrue(body.contains("1500.50") && body.contains("Z\""), body);
        Eventually.within(
                PATIENCE,
                () -> !service.get("/v1/transactions?status=PROCESSING", "none")
                        .body()
                        .contains("group_"),
                service::log);
        assertTrue(service.get("/v1/transactions?source_account=acc_user_789&limit=500", "none")
                .body()
                .contains("group_199"));
        assertEquals(200, service.get("/v1/activity", "none").statusCode());
        assertEquals(
                0, service.log().lines().filter(line -> line.contains("ERROR")).count(), service.log());
    }

    private static List<String> acceptedUntilTheCrash(DatabaseServer database, Service service) throws Exception {
        Queue<String> accepted = new ConcurrentLinkedQueue<>();
        try (var load = new Load(id -> {
            var answer = service.post(Webhooks.body(id));
            if (answer.statusCode() == 202) {
                accepted.add(id);
            }
            return answer;
        })) {
            load.awaitAccepted(50);
            Thread.sleep(LOAD.toMillis());
            database.stopImmediately();
        }
        return List.copyOf(accepted);
    }

    private static int status(Service service, String id) throws Exception {
        return service.get(Webhooks.transactionPath(id), "none").statusCode();
    }
}
