package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tallyhook.Webhooks;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Before a replica says that it is ready it has gone the way of a webhook many times, and nobody can tell afterwards. */
class WarmUpIT {

    private static final Map<String, String> PATIENT = Map.of("TALLYHOOK_INTAKE_WARM_UP_MAX", "PT60S");
    private static final String ALL = "Warmed up by 1000 requests and 30 groups";

    @TempDir
    private Path directory;

    @BeforeEach
    void requireJvm() {
        assumeTrue(System.getProperty("native.image.path") == null, "a native binary needs no warming up");
    }

    @Test
    void it_is_ready_once_it_is_warm_and_nothing_of_that_is_kept_counted_or_told() throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, PATIENT)) {
            assertTrue(service.log().contains(ALL), service::log);
            assertFalse(service.log().contains("\"exception\""), service::log);
            assertTrue(database.number("SELECT pg_relation_size('transactions')") > 0, "no row was tried");
            assertEquals(0, database.number("SELECT count(*) FROM transactions"));
            assertEquals(0, database.number("SELECT count(*) FROM deliveries"));
            service.manage("/q/metrics")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("tallyhook_webhooks_total"))
                    .forEach(line -> assertTrue(line.endsWith(" 0.0"), line));
            assertTrue(service.manage("/q/health/ready").body().contains("warm-up"));
        }
    }

    @Test
    void who_shows_the_header_of_a_warm_up_is_a_sender_like_any_other() throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, PATIENT)) {
            String id = Webhooks.newId();
            var answer = service.post(
                    Webhooks.body(id), Map.of("Tallyhook-Warm-Up", "00000000-0000-0000-0000-000000000000"));
            assertEquals(202, answer.statusCode());
            assertEquals(1, database.number("SELECT count(*) FROM transactions WHERE transaction_id = '" + id + "'"));
        }
    }

    @Test
    void it_comes_by_tls_where_senders_do_and_needs_no_secret_of_theirs() throws Exception {
        Path certificate = directory.resolve("tls.crt");
        Path key = directory.resolve("tls.key");
        Certificate.create(directory, "first").writeTo(certificate, key);
        Map<String, String> environment = new HashMap<>(PATIENT);
        environment.put("QUARKUS_HTTP_SSL_PORT", Integer.toString(DatabaseServer.freePort()));
        environment.put("QUARKUS_HTTP_INSECURE_REQUESTS", "redirect");
        environment.put("QUARKUS_TLS_KEY_STORE_PEM_SERVER_CERT", certificate.toString());
        environment.put("QUARKUS_TLS_KEY_STORE_PEM_SERVER_KEY", key.toString());
        environment.put("TALLYHOOK_WEBHOOK_SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        try (var database = new DatabaseServer();
                var service = Service.start(database, environment)) {
            assertTrue(service.log().contains(ALL), service::log);
        }
    }

    @Test
    void what_keeps_it_from_warming_up_does_not_keep_it_from_its_work() throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, Map.of("TALLYHOOK_INTAKE_WARM_UP_MAX", "PT0.001S"))) {
            assertTrue(service.log().contains("Warmed up by 0 requests"), service::log);
            assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
        }
    }

    /** A request that it no longer waits for is read all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"PT0.4S", "PT0.6S", "PT0.9S"})
    void what_it_has_sent_when_its_time_is_over_is_not_taken_for_a_webhook(String most) throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, Map.of("TALLYHOOK_INTAKE_WARM_UP_MAX", most))) {
            for (int i = 0; i < 100; i++) {
                assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
            assertEquals(100, database.number("SELECT count(*) FROM transactions"));
        }
    }
}
