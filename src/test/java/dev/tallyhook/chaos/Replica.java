package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Service;
import dev.tallyhook.packaged.WrongClock;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A replica of the packaged service, which is started again and again on the same port. */
final class Replica implements AutoCloseable {

    private final int port = DatabaseServer.freePort();
    private final Map<String, String> environment;
    private final Logs logs;
    private Service running;
    private WrongClock clock;
    private volatile boolean starting;

    Replica(Map<String, String> environment, Logs logs) {
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(Call.environment());
        all.put("TALLYHOOK_INTAKE_WARM_UP_MAX", "PT5S"); // As in production.
        this.environment = Map.copyOf(all);
        this.logs = logs;
    }

    int port() {
        return port;
    }

    void start() throws Exception {
        start(Duration.ZERO);
    }

    /** With a clock that is so far ahead, if it has one that can be set. */
    void start(Duration ahead) throws Exception {
        var all = new HashMap<>(environment);
        if (clock != null) {
            clock.set(ahead);
            all.putAll(clock.environment());
        }
        starting = true;
        running = Service.launch(all, port);
        running.awaitHealthy();
        starting = false;
    }

    /** From the next start on it has a clock of its own. */
    void giveClock() throws Exception {
        clock = new WrongClock();
    }

    /** While it runs. */
    void setClock(Duration ahead) throws IOException {
        clock.set(ahead);
    }

    /** It has been started, and has not said yet that it is ready. */
    boolean isStarting() {
        return starting;
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
