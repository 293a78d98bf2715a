package dev.tallyhook.development;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Starts a real PostgreSQL whose programs come from Maven: no Docker and no installed server. Given a directory it keeps
 * its data there between runs; given none it is new, and gone with this process.
 */
public final class EmbeddedPostgresStarter implements UnaryOperator<String> {

    /** Dev mode loads this class anew at every live reload, and the server must outlive that. */
    private static final String RUNNING_PORT = "embedded-postgres.running-port";

    private static final Duration STARTUP_MAX = Duration.ofSeconds(60);

    /** Of {@code postmaster.pid}, counted from 0. */
    private static final int PORT_LINE = 3;

    @Override
    public synchronized String apply(String directory) {
        try {
            String running = System.getProperty(RUNNING_PORT);
            int port = running == null ? start(directory) : Integer.parseInt(running);
            System.setProperty(RUNNING_PORT, Integer.toString(port));
            return "jdbc:postgresql://localhost:" + port + "/postgres";
        } catch (IOException failure) {
            throw new UncheckedIOException("The embedded PostgreSQL did not start", failure);
        }
    }

    private static int start(String directory) throws IOException {
        var builder = EmbeddedPostgres.builder()
                .setPGStartupWait(STARTUP_MAX)
                // What is answered with 202 is on disk in dev mode too; the library switches the first and the last
                // off.
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on");
        if (!directory.isEmpty()) {
            Path data = Path.of(directory).toAbsolutePath();
            int leftRunning = portOfServerLeftRunning(data);
            if (leftRunning > 0) {
                return leftRunning;
            }
            Files.createDirectories(data);
            builder.setDataDirectory(data).setCleanDataDirectory(false);
        }
        return builder.start().getPort();
    }

    /** A dev mode that was killed leaves its server behind, with the data directory locked: that one is used again. */
    private static int portOfServerLeftRunning(Path data) {
        try {
            List<String> lines = Files.readAllLines(data.resolve("postmaster.pid"));
            // After a power cut the file is there, and something else may listen on the port.
            if (ProcessHandle.of(Long.parseLong(lines.get(0).trim())).isEmpty()) {
                return 0;
            }
            int port = Integer.parseInt(lines.get(PORT_LINE).trim());
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.getPort();
            }
        } catch (IOException | NumberFormatException | IndexOutOfBoundsException none) {
            return 0;
        }
    }
}
