package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Service;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** A replica of the packaged service, which is started again and again on the same port. */
final class Replica implements AutoCloseable {

    /** Started as often as here, a JVM must not take both processors for optimizing what soon ends. */
    private static final String JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";

    private final int port = DatabaseServer.freePort();
    private final Map<String, String> environment;
    private final Logs logs;
    private Service running;

    Replica(Map<String, String> environment, Logs logs) {
        this.environment = new HashMap<>(environment);
        this.environment.put("JAVA_TOOL_OPTIONS", JVM);
        this.logs = logs;
    }

    int port() {
        return port;
    }

    /** Starts it and does not wait for it. */
    void launch(Map<String, String> more) throws IOException {
        var all = new HashMap<>(environment);
        all.putAll(more);
        running = Service.launch(all, port);
    }

    void start() throws Exception {
        launch(Map.of());
        running.awaitHealthy();
    }

    Service running() {
        return running;
    }

    /** SIGKILL. */
    void kill() {
        running.kill();
        logs.take(running.log());
    }

    /** SIGTERM, and waits until it has ended, in order. */
    void stop() throws InterruptedException {
        running.terminate();
        int code = running.awaitExit();
        logs.take(running.log());
        if (code != 0) {
            throw new AssertionError("ended with " + code + ":\n" + running.log());
        }
    }

    @Override
    public void close() {
        if (running != null) {
            kill();
        }
    }
}
