package dev.tallyhook.bench;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** The packaged service as a process of its own. */
final class Service implements AutoCloseable {

    /** Small, and the heap touched from the start, so that resident memory tells what is used beside it. */
    private static final String DEFAULT_JVM = "-Xms128m -Xmx128m -XX:+AlwaysPreTouch -XX:+UseSerialGC";

    private static final Duration START_MAX = Duration.ofSeconds(60);

    final int port;
    private final int managementPort;
    final Path log;
    private final Process process;
    private final boolean nativeBinary;
    private final long launchedNanos;

    /** Starts it, and does not wait for it. */
    private Service(List<String> command, Database database, Map<String, String> settings) throws IOException {
        port = freePort();
        managementPort = freePort();
        nativeBinary = command.size() == 1;
        log = Files.createTempFile("tallyhook-bench", ".log");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(database.environment());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(managementPort));
        builder.environment().put("TALLYHOOK_OPEN_ACCESS", "true"); // Who is to be known says so in the settings.
        builder.environment().putAll(settings);
        launchedNanos = System.nanoTime();
        process = builder.start();
    }

    /** Starts it, and waits until it says that it is healthy. */
    static Service start(List<String> command, Database database, Map<String, String> settings)
            throws IOException, InterruptedException {
        var service = new Service(command, database, settings);
        service.await(service::isHealthy, Duration.ofMillis(50));
        return service;
    }

    /** Starts it, and sends it webhooks until it accepts one. */
    static Service startUntilItAccepts(List<String> command, Database database, Map<String, String> settings)
            throws IOException, InterruptedException {
        var service = new Service(command, database, settings);
        var payload = new Payload();
        service.await(() -> service.accepts(payload.next()), Duration.ofMillis(1));
        return service;
    }

    /** Since its process was started. */
    Duration age() {
        return Duration.ofNanos(System.nanoTime() - launchedNanos);
    }

    /** How the packaged service is started: its binary, or its jar by this process's own Java. */
    static List<String> command(Path target, boolean nativeBinary) throws IOException {
        if (nativeBinary) {
            try (var files = Files.list(target)) {
                return List.of(files.map(Path::toString)
                        .filter(file -> file.endsWith("-runner"))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("There is no binary in " + target)));
            }
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(System.getProperty("bench.jvm", DEFAULT_JVM).split(" ")));
        command.addAll(List.of("-jar", target.resolve("quarkus-app/quarkus-run.jar").toString()));
        return command;
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Reads the metrics as Prometheus does. */
    void scrape() throws IOException {
        read(managementPort, "/q/metrics");
    }

    /** Reads what is answered with 200. */
    void read(String path) throws IOException {
        read(port, path);
    }

    private static void read(int port, String path) throws IOException {
        try (var answer = URI.create("http://localhost:" + port + path).toURL().openStream()) {
            answer.readAllBytes();
        }
    }

    private void await(BooleanSupplier ready, Duration pause) throws InterruptedException, IOException {
        while (!ready.getAsBoolean()) {
            if (age().compareTo(START_MAX) > 0 || !process.isAlive()) {
                throw new IllegalStateException("The service did not start:\n" + Files.readString(log));
            }
            Thread.sleep(pause.toMillis());
        }
    }

    private boolean accepts(ByteBuffer request) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(2_000);
            socket.getOutputStream().write(request.array());
            byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 202".length());
            return new String(status, StandardCharsets.US_ASCII).endsWith("202");
        } catch (IOException notYet) {
            return false;
        }
    }

    private boolean isHealthy() {
        try {
            var connection = (HttpURLConnection) URI.create("http://localhost:" + port + "/").toURL().openConnection();
            connection.setConnectTimeout(1_000);
            connection.setReadTimeout(2_000);
            return connection.getResponseCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Processor time used since the start. */
    double cpuSeconds() {
        return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    /** Resident memory in bytes, as Linux counts it. */
    long residentBytes() throws IOException {
        return memory("VmRSS:");
    }

    /** The part of it that no file backs: what is the process's own. */
    long anonymousBytes() throws IOException {
        return memory("RssAnon:");
    }

    private long memory(String label) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith(label))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(0);
    }

    /** Resident memory and live heap in bytes, after a full collection where there is a JVM to ask for one. */
    Memory settledMemory() throws IOException, InterruptedException {
        long live = 0;
        if (!nativeBinary) {
            jcmd("GC.run");
            jcmd("GC.run");
            // A line for each generation tells its total and what is used; that of the metaspace tells no total.
            live = jcmd("GC.heap_info")
                    .lines()
                    .filter(line -> line.contains("total ") && line.contains("used "))
                    .mapToLong(line -> Long.parseLong(line.replaceAll(".*used (\\d+)K.*", "$1")) * 1024)
                    .sum();
        }
        return new Memory(residentBytes(), live);
    }

    /** In bytes. */
    record Memory(long resident, long liveHeap) {}

    private String jcmd(String command) throws IOException, InterruptedException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        var asked = new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), command)
                .redirectErrorStream(true)
                .start();
        String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        asked.waitFor();
        return answer;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
