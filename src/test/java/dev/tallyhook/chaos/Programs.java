package dev.tallyhook.chaos;

import dev.tallyhook.packaged.Eventually;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/** Programs that some tests need and Maven cannot bring. */
final class Programs {

    private static final Duration START_MAX = Duration.ofSeconds(10);

    private Programs() {}

    static boolean isInstalled(String name) {
        return Arrays.stream((System.getenv("PATH") + File.pathSeparator + "/usr/sbin").split(File.pathSeparator))
                .anyMatch(path -> Files.isExecutable(Path.of(path, name)));
    }

    /** Skips the test where it is not installed. */
    static void assumeInstalled(String name) {
        Assumptions.assumeTrue(
                isInstalled(name), () -> name + " is not on the PATH (on Debian: apt-get install " + name + ")");
    }

    /** Waits until somebody takes connections at a port of this machine. */
    static void awaitPort(int port) throws Exception {
        Eventually.within(
                START_MAX,
                () -> {
                    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                        return socket.isConnected();
                    } catch (IOException notYet) {
                        return false;
                    }
                },
                () -> "nobody takes connections at port " + port);
    }
}
