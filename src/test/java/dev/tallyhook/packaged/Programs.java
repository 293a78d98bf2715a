package dev.tallyhook.packaged;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Programs that some tests need and Maven cannot bring. */
public final class Programs {

    private static final Duration START_MAX = Duration.ofSeconds(10);

    private Programs() {}

    /** The first on the PATH, or where servers are, that has one of the names. */
    public static Optional<Path> find(String... names) {
        return Stream.of((System.getenv("PATH") + File.pathSeparator + "/usr/sbin").split(File.pathSeparator))
                .flatMap(folder -> Stream.of(names).map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Skips the test where it is not installed, and names the package of Debian that brings it. */
    public static void assumeInstalled(String name, String debianPackage) {
        Assumptions.assumeTrue(
                find(name).isPresent(),
                () -> name + " is not on the PATH (on Debian: apt-get install " + debianPackage + ")");
    }

    /** What a program said, errors and all, and how it ended. */
    public record Outcome(int exitCode, String output) {}

    /** Runs a program in a folder until it ends. */
    public static Outcome run(Path folder, List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    /** Runs a program in the project's folder until it ends. */
    public static Outcome run(String... command) throws IOException, InterruptedException {
        return run(Path.of("."), List.of(command));
    }

    /** Waits until somebody takes connections at a port of this machine. */
    public static void awaitPort(int port) throws Exception {
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
