package dev.tallyhook.chaos;

import dev.tallyhook.packaged.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A wall clock that is wrong for one process: a few lines of C that stand before the system's own. */
final class WrongClock {

    private static final Path SOURCE = Path.of("src/test/c/wrong_clock.c");

    private WrongClock() {}

    /** Whether there is a C compiler, and a system that lets a library stand before another. */
    static boolean isToBeHad() {
        return System.getProperty("os.name").equals("Linux")
                && Programs.find("cc").isPresent();
    }

    /** The environment of a process whose clock is so many seconds ahead, or behind if there is a minus. */
    static Map<String, String> of(String seconds) throws IOException, InterruptedException {
        Path library = Files.createDirectories(Path.of("target", "chaos")).resolve("wrong_clock.so");
        var compiler = new ProcessBuilder(
                        "cc", "-O2", "-shared", "-fPIC", "-o", library.toString(), SOURCE.toString(), "-ldl")
                .redirectErrorStream(true)
                .start();
        String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (compiler.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        return Map.of("LD_PRELOAD", library.toAbsolutePath().toString(), "WRONG_CLOCK_SECONDS", seconds);
    }
}
