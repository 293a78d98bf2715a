package dev.tallyhook.packaged;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Sends signals to other processes. */
public final class Processes {

    private Processes() {}

    /** Sends all of them a signal, by its name without {@code SIG}; those that are gone already do not count. */
    public static void signal(String name, ProcessHandle... processes) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        Arrays.stream(processes).map(process -> Long.toString(process.pid())).forEach(command::add);
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
