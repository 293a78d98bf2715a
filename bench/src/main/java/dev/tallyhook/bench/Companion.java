package dev.tallyhook.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A part of the benchmark in a process of its own, which answers each line that it is told with one, and ends with its input. */
final class Companion implements AutoCloseable {

    /** As the service has it, so that neither has more memory to be fast with. */
    private static final List<String> JVM = List.of("-Xms128m", "-Xmx128m", "-XX:+UseSerialGC");

    private final Process process;
    private final OutputStream questions;
    private final BufferedReader answers;

    /** Starts this class's {@code main}. */
    Companion(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        questions = process.getOutputStream();
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    }

    /** What it says to this. */
    String ask(String question) throws IOException {
        questions.write((question + "\n").getBytes(StandardCharsets.US_ASCII));
        questions.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("It has ended with " + process.onExit().join().exitValue() + " before it answered " + question);
        }
        return answer;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
