package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Senders;
import dev.tallyhook.Webhooks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessIT {

    private static final String TOKEN = "a-token-of-the-reader";
    private static final Duration SOON = Duration.ofSeconds(10);

    @AutoClose
    private static DatabaseServer database;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() throws Exception {
        database = DatabaseServer.migrated();
    }

    /** No database is there: what is not configured is told before one is waited for. */
    private static Map<String, String> withoutDatabase(String... more) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "TALLYHOOK_OPEN_ACCESS", "false", "QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://localhost:1/none"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return environment;
    }

    @Test
    void without_secrets_or_tokens_it_does_not_start_and_says_in_one_line_what_to_set() throws Exception {
        try (var service = Service.launch(withoutDatabase())) {
            assertEquals(1, service.awaitExit());
            assertEquals(1, service.log().lines().count(), service.log());
            for (String name : List.of("TALLYHOOK_WEBHOOK_SECRETS", "TALLYHOOK_API_TOKENS", "TALLYHOOK_OPEN_ACCESS")) {
                assertTrue(service.log().contains(name), service.log());
            }
        }
        try (var service = Service.launch(withoutDatabase("TALLYHOOK_WEBHOOK_SECRETS", Senders.SECRET))) {
            assertEquals(1, service.awaitExit());
            assertTrue(service.log().contains("must know its readers"), service.log());
            assertFalse(service.log().contains("TALLYHOOK_WEBHOOK_SECRETS"), service.log());
        }
        try (var service = Service.launch(withoutDatabase("TALLYHOOK_API_TOKENS", TOKEN))) {
            assertEquals(1, service.awaitExit());
            assertTrue(service.log().contains("must know its senders"), service.log());
        }
    }

    @Test
    void open_access_is_said_at_every_start() throws Exception {
        try (var service = Service.start(database, Map.of())) {
            assertEquals(
                    2,
                    service.log()
                            .lines()
                            .filter(line -> line.contains("OPEN ACCESS"))
                            .count(),
                    service.log());
        }
    }

    @Test
    void a_wrong_secret_stops_the_start_and_is_not_repeated() throws Exception {
        Map<String, String> environment = new HashMap<>(database.environment());
        environment.put("TALLYHOOK_WEBHOOK_SECRETS", Senders.SECRET + ",whsec_c2hvcnQ=");
        try (var service = Service.launch(environment)) {
            assertEquals(1, service.awaitExit());
            assertTrue(service.log().contains("tallyhook.webhook.secrets: entry 2 must have"), service.log());
            assertFalse(service.log().contains("c2hvcnQ="), service.log());
        }
    }

    @Test
    void an_empty_file_of_secrets_or_tokens_stops_the_start() throws Exception {
        Path empty = Files.createFile(directory.resolve("empty"));
        for (String setting : List.of("TALLYHOOK_WEBHOOK_SECRETS_FILE", "TALLYHOOK_API_TOKENS_FILE")) {
            Map<String, String> environment = new HashMap<>(database.environment());
            environment.put(setting, empty.toString());
            try (var service = Service.launch(environment)) {
                assertEquals(1, service.awaitExit());
                assertTrue(service.log().contains("-file must have at least one entry"), service.log());
            }
        }
    }

    @Test
    void no_secret_and_no_token_reaches_a_log_however_much_is_logged() throws Exception {
        Path secrets = Files.writeString(directory.resolve("secrets"), Senders.newSecret());
        // Empty, so that the migrations are logged too.
        try (var empty = new DatabaseServer();
                var service = Service.start(
                        empty,
                        Map.of(
                                "TALLYHOOK_WEBHOOK_SECRETS",
                                Senders.SECRET,
                                "TALLYHOOK_WEBHOOK_SECRETS_FILE",
                                secrets.toString(),
                                "TALLYHOOK_API_TOKENS",
                                TOKEN,
                                "QUARKUS_LOG_LEVEL",
                                "DEBUG"))) {
            String body = Webhooks.body(Webhooks.newId());
            assertEquals(
                    202,
                    service.post(body, Senders.headers(Senders.SECRET, "msg_1", body))
                            .statusCode());
            assertEquals(401, service.post(body).statusCode());
            assertEquals(404, service.get("/v1/transactions/none", TOKEN).statusCode());
            assertEquals(401, service.get("/v1/transactions/none", TOKEN + "x").statusCode());
            service.terminate();
            service.awaitExit();
            assertTrue(service.log().contains("DEBUG"));
            for (String secret : List.of(Senders.SECRET, Files.readString(secrets), TOKEN)) {
                assertFalse(service.log().contains(secret.replace("whsec_", "")));
            }
        }
    }

    @Test
    void secrets_are_rotated_under_load_and_no_webhook_is_refused() throws Exception {
        String old = Senders.newSecret();
        String fresh = Senders.newSecret();
        Path secrets = Files.writeString(directory.resolve("secrets"), old + "\n");
        try (var service = Service.start(database, Map.of("TALLYHOOK_WEBHOOK_SECRETS_FILE", secrets.toString()))) {
            var inUse = new AtomicReference<>(old);
            try (var load = new Load(id -> {
                String body = Webhooks.body(id);
                return service.post(body, Senders.headers(inUse.get(), id, body));
            })) {
                load.awaitAccepted(200);
                Files.writeString(secrets, old + "\n" + fresh + "\n");
                awaitInForce(service, fresh, 202);
                inUse.set(fresh);
                load.awaitAccepted(200);
                // What was signed a moment ago with the old one may still be under way.
                Thread.sleep(500);
                Files.writeString(secrets, fresh + "\n");
                awaitInForce(service, old, 401);
                load.awaitAccepted(200);
                assertEquals(List.of(), load.refusedForGood());
            }
        }
    }

    private static void awaitInForce(Service service, String secret, int status) throws Exception {
        Eventually.within(
                SOON,
                () -> {
                    String body = Webhooks.body(Webhooks.newId());
                    return service.post(body, Senders.headers(secret, "msg_1", body))
                                    .statusCode()
                            == status;
                },
                service::log);
    }

    @Test
    void a_changed_token_file_takes_effect_without_a_restart() throws Exception {
        Path tokens = Files.writeString(directory.resolve("tokens"), TOKEN);
        try (var service = Service.start(database, Map.of("TALLYHOOK_API_TOKENS_FILE", tokens.toString()))) {
            assertEquals(404, service.get("/v1/transactions/none", TOKEN).statusCode());
            Files.writeString(tokens, "another-token-of-it");
            Eventually.within(
                    SOON, () -> service.get("/v1/transactions/none", TOKEN).statusCode() == 401, service::log);
            assertEquals(
                    404,
                    service.get("/v1/transactions/none", "another-token-of-it").statusCode());
        }
    }
}
