package dev.tallyhook.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What all replicas logged, line by line: how often each message came, and how many stack traces. */
final class Logs {

    /** Tells with a stack trace that a thread stood still, as every thread of a process does that is paused. */
    private static final String PAUSES = "io.vertx.core.impl.BlockedThreadChecker";

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Pattern ID =
            Pattern.compile("(?:txn_|%s|%s)\\w+|\\d+".formatted(Call.OF_STRIPE, Call.OF_GOCARDLESS));

    private final Map<String, Integer> messages = new TreeMap<>();
    private int stackTraces;
    private int strayLines;

    synchronized void take(String log) {
        log.lines().forEach(this::takeLine);
    }

    private void takeLine(String line) {
        try {
            JsonNode entry = JSON.readTree(line);
            if (entry.has("exception") && !entry.path("loggerName").asText().equals(PAUSES)) {
                stackTraces++;
            }
            count(entry.path("level").asText() + " " + entry.path("loggerName").asText() + ": "
                    + entry.path("message").asText());
        } catch (JsonProcessingException notJson) {
            strayLines++;
            count("not JSON: " + line);
        }
    }

    private void count(String message) {
        messages.merge(ID.matcher(message).replaceAll("#"), 1, Integer::sum);
    }

    synchronized int stackTraces() {
        return stackTraces;
    }

    /** Lines that are no log entries: what a JVM prints itself, such as of a thread that died. */
    synchronized int strayLines() {
        return strayLines;
    }

    /** Each message with how often it came. */
    @Override
    public synchronized String toString() {
        return messages.entrySet().stream()
                .map(message -> "%7d  %s".formatted(message.getValue(), message.getKey()))
                .collect(Collectors.joining("\n"));
    }
}
