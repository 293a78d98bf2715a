package dev.tallyhook.packaged;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The packaged application as its own process: the native binary if one was built, the jar otherwise. */
public final class Service implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path JAR = Path.of("target", "quarkus-app", "quarkus-run.jar");

    private final int port;
    private final int managementPort = DatabaseServer.freePort();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final Path log;
    private final Process process;

    private Service(Map<String, String> environment, int port) throws IOException {
        this(environment, port, command());
    }

    private Service(Map<String, String> environment, int port, List<String> command) throws IOException {
        this.port = port;
        log = Files.createTempFile("tallyhook", ".log");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // Who may send and read is the matter of the tests that say so.
        builder.environment().put("TALLYHOOK_OPEN_ACCESS", "true");
        // And what comes first is slow or not is the matter of those that tell of it.
        builder.environment().put("TALLYHOOK_INTAKE_WARM_UP_MAX", "PT0S");
        // Replicas share this machine.
        builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(managementPort));
        builder.environment().putAll(environment);
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        process = builder.start();
    }

    /** The native profile says where its binary is; what an earlier build may have left does not count. */
    private static List<String> command() {
        String binary = System.getProperty("native.image.path");
        if (binary != null) {
            return List.of(binary);
        }
        return java(ClassArchive.option(JAR));
    }

    /** Started as often as here, a JVM must not take both processors for optimizing what soon ends. */
    private static List<String> java(String option) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                option,
                "-Xmx256m",
                // With less, a full collection of classes stops a start for 0.1 s.
                "-XX:MetaspaceSize=128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                JAR.toString());
    }

    /** Starts the process on the port given, and does not wait for it. */
    public static Service launch(Map<String, String> environment, int port) throws IOException {
        return new Service(environment, port);
    }

    /** Starts the process with one more option of the JVM, and does not wait for it. */
    public static Service launch(Map<String, String> environment, String option) throws IOException {
        return new Service(environment, DatabaseServer.freePort(), java(option));
    }

    /** Starts the process behind a network that can be taken from it, and does not wait for it. */
    static Service launch(Map<String, String> environment, Hinterland network) throws IOException {
        return new Service(environment, DatabaseServer.freePort(), network.command(command()));
    }

    /** Starts the process and does not wait for it. */
    static Service launch(Map<String, String> environment) throws IOException {
        return new Service(environment, DatabaseServer.freePort());
    }

    /** Starts the process with what a person would type behind its name, and does not wait for it. */
    public static Service command(Map<String, String> environment, String name, String... more) throws IOException {
        List<String> command = new ArrayList<>(command());
        command.add(name);
        command.addAll(List.of(more));
        return new Service(environment, DatabaseServer.freePort(), command);
    }

    /** The same with what a person would send to its input. */
    public static Service commandOn(Map<String, String> environment, String input, String name, String... more)
            throws IOException {
        Service command = command(environment, name, more);
        try (var to = command.process.outputWriter(StandardCharsets.UTF_8)) {
            to.write(input);
        }
        return command;
    }

    /** Starts the process and waits until it says that it is healthy. */
    static Service start(DatabaseServer database, Map<String, String> more) throws Exception {
        var environment = new HashMap<>(database.environment());
        environment.putAll(more);
        var service = new Service(environment, DatabaseServer.freePort());
        service.awaitHealthy();
        return service;
    }

    public void awaitHealthy() throws Exception {
        Eventually.within(PATIENCE, () -> probe() == 200, () -> "never healthy:\n" + log());
    }

    /** The status of the probe, or 0 if nothing answers. */
    public int probe() {
        try {
            return client.send(request("/").GET().build(), HttpResponse.BodyHandlers.ofString())
                    .statusCode();
        } catch (IOException nothing) {
            return 0;
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** What is answered on the operators' port. */
    public HttpResponse<String> manage(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + managementPort + path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    public HttpResponse<String> post(String body) throws IOException, InterruptedException {
        return post(body, Map.of());
    }

    HttpResponse<String> post(String body, Map<String, String> headers) throws IOException, InterruptedException {
        return client.send(postRequest(body, headers), HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest postRequest(String body) {
        return postRequest(body, Map.of());
    }

    HttpRequest postRequest(String body, Map<String, String> headers) {
        var request = request(Webhooks.PATH)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return request.build();
    }

    public HttpResponse<String> get(String path, String token) throws IOException, InterruptedException {
        return client.send(
                request(path).header("Authorization", "Bearer " + token).GET().build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpClient client() {
        return client;
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .timeout(Duration.ofSeconds(20));
    }

    public int port() {
        return port;
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL. */
    public void kill() {
        signal("KILL");
        process.onExit().join();
    }

    /** SIGTERM. */
    public void terminate() {
        signal("TERM");
    }

    /** Not by {@link Process#destroy()}, which does nothing once the machine's clock was set: it takes the process for another one. */
    private void signal(String name) {
        if (process.isAlive()) {
            Processes.signal(name, process.toHandle());
        }
    }

    /** Stops the process where it stands: its connections stay open and nothing answers. */
    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    public int awaitExit() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("still running:\n" + log());
        }
        return process.exitValue();
    }

    /** Resident memory, as Linux counts it. */
    long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }

    /** Connections that the service has not closed. */
    int openConnections() {
        return peers(port).size();
    }

    /** Who is connected to a port, as Linux tells: established connections, and those that the other side alone has closed. */
    static Set<String> peers(int port) {
        String local = ":%04X".formatted(port);
        Set<String> peers = new HashSet<>();
        try {
            for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
                Files.readAllLines(Path.of(table)).stream()
                        .map(line -> line.trim().split("\\s+"))
                        .filter(columns ->
                                columns[1].endsWith(local) && (columns[3].equals("01") || columns[3].equals("08")))
                        .forEach(columns -> peers.add(columns[2]));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return peers;
    }

    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
