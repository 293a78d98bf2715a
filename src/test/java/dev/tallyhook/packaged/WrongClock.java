package dev.tallyhook.packaged;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/**
 * A wall clock of a process and its children that can be set while they run: a few lines of C that stand before the system's own,
 * and a file that says how wrong they are.
 */
public final class WrongClock {

    private static final Path SOURCE = Path.of("src/test/c/wrong_clock.c");

    private final Path library;
    private final Path file;

    /** One that is right until it is set. */
    public WrongClock() throws IOException, InterruptedException {
        Path directory = Files.createDirectories(Path.of("target", "clocks")).toAbsolutePath();
        library = directory.resolve("wrong_clock.so");
        compile(library);
        file = Files.createTempFile(directory, "offset", "");
        set(Duration.ZERO);
    }

    /** Whether there is a C compiler, and a system that lets a library stand before another. */
    public static boolean isToBeHad() {
        return System.getProperty("os.name").equals("Linux")
                && Programs.find("cc").isPresent();
    }

    /** Skips the test where there is none. */
    static void assumeToBeHad() {
        Assumptions.assumeTrue(WrongClock.isToBeHad(), "no C compiler (on Debian: apt-get install gcc), or not Linux");
    }

    private static synchronized void compile(Path library) throws IOException, InterruptedException {
        if (Files.exists(library)
                && Files.getLastModifiedTime(library).compareTo(Files.getLastModifiedTime(SOURCE)) > 0) {
            return;
        }
        // In its place at once, because a process of another test may have the one of before mapped, or look for it
        // just now.
        Path made = Files.createTempFile(library.getParent(), "wrong_clock", ".so");
        var outcome = Programs.run("cc", "-O2", "-shared", "-fPIC", "-o", made.toString(), SOURCE.toString(), "-ldl");
        if (outcome.exitCode() != 0) {
            throw new IllegalStateException(outcome.output());
        }
        Files.move(made, library, StandardCopyOption.ATOMIC_MOVE);
    }

    /** From now on the clock is so far ahead of the right one, or behind it if there is a minus. */
    public void set(Duration ahead) throws IOException {
        var micros = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        micros.putLong(ahead.toNanos() / 1_000).flip();
        // One write in place: whoever has the file mapped sees the old or the new.
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.write(micros);
        }
    }

    /** Of a process that has this clock. */
    public Map<String, String> environment() {
        return Map.of("LD_PRELOAD", library.toString(), "WRONG_CLOCK_FILE", file.toString());
    }

    /** Holds how many microseconds it is wrong, as this machine writes a number of 8 bytes. */
    public Path file() {
        return file;
    }
}
