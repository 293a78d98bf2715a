package dev.tallyhook.packaged;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A PostgreSQL of a test's own, which it may stop and start again, on the same port and the same data. */
final class DatabaseServer implements AutoCloseable {

    private final int port = freePort();
    private final Path data;
    private EmbeddedPostgres running;

    DatabaseServer() throws IOException {
        data = Files.createTempDirectory("tallyhook-postgres");
        start();
    }

    void start() throws IOException {
        running = EmbeddedPostgres.builder()
                .setPort(port)
                // The library switches these off, and the promise under test is durability.
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofSeconds(60))
                .start();
    }

    /** Connections are cut; what was committed stays. */
    void stop() throws IOException {
        running.close();
    }

    /** Stops every process of the server where it stands: connections stay open and nothing answers. */
    void freeze() {
        signal("STOP");
    }

    void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            String postmaster =
                    Files.readAllLines(data.resolve("postmaster.pid")).get(0);
            var root = ProcessHandle.of(Long.parseLong(postmaster)).orElseThrow();
            List<String> command = new ArrayList<>(List.of("kill", "-" + name, postmaster));
            root.descendants().forEach(child -> command.add(Long.toString(child.pid())));
            new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    String url() {
        return "jdbc:postgresql://localhost:" + port + "/postgres";
    }

    /** What tells the service where its database is. */
    Map<String, String> environment() {
        return Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", url(),
                "QUARKUS_DATASOURCE_USERNAME", "postgres",
                "QUARKUS_DATASOURCE_PASSWORD", "postgres");
    }

    Connection connect() throws SQLException {
        // The session is deliberately not in UTC: no time may depend on it.
        return DriverManager.getConnection(url() + "?options=-c%20TimeZone=Asia/Kolkata", "postgres", "postgres");
    }

    void execute(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    long number(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    static int freePort() {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void close() throws IOException {
        running.close();
    }
}
