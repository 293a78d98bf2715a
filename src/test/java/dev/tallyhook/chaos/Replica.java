package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Service;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** A replica of the packaged service, which is started again and again on the same port. */
final class Replica implements AutoCloseable {

    private final int port = DatabaseServer.freePort();
    private final Map<String, String> environment;
    private final Logs logs;
    private Service running;

    Replica(Map<String, String> environment, Logs logs) {
        this.environment = Map.copyOf(environment);
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
