package dev.tallyhook.packaged;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** A PostgreSQL of a test's own, which it may stop, kill and start again, on the same port and the same data. */
public final class DatabaseServer implements AutoCloseable {

    static final Path MIGRATIONS = Path.of("src/main/resources/db/migration");

    /** Tells of every start at length, and of every kill with a stack trace. Held, because a logger that nobody holds forgets. */
    private static final Logger LIBRARY = Logger.getLogger("io.zonky.test.db.postgres.embedded");

    static {
        LIBRARY.setLevel(Level.OFF);
    }

    private static @Nullable Path template;
    private static @Nullable Path migratedTemplate;

    /** Tests that run side by side are in processes of their own, and each has ports of its own: two would take one that is free for a moment. */
    private static final AtomicInteger NEXT_PORT = new AtomicInteger(10_000
            + Integer.parseInt(System.getProperty("fork.number", "0")) % 4 * 5_500
            + ThreadLocalRandom.current().nextInt(4_000));

    private final int port = freePort();
    private final Path data;
    private final Map<String, String> settings;
    private final boolean ownsData;
    private Map<String, String> environment = Map.of();
    private String name = "postgres";
    private EmbeddedPostgres running;
    private final ReentrantLock asking = new ReentrantLock();
    private @Nullable Connection kept;

    DatabaseServer() throws IOException {
        this(Map.of());
    }

    /** With settings of its own, on a new and empty directory, which is gone with it. */
    public DatabaseServer(Map<String, String> settings) throws IOException {
        this(emptyData(), settings, true);
    }

    /** On the data of a directory, which may be empty and stays, with settings of its own. */
    public DatabaseServer(Path data, Map<String, String> settings) throws IOException {
        this(data, settings, false);
    }

    private DatabaseServer(Path data, Map<String, String> settings, boolean ownsData) throws IOException {
        this.data = data;
        this.settings = settings;
        this.ownsData = ownsData;
        start();
    }

    /** With the newest schema, which takes a start of the service a quarter less than an empty database. */
    static DatabaseServer migrated() throws IOException {
        return new DatabaseServer(migratedData(), Map.of(), true);
    }

    private static synchronized Path migratedData() throws IOException {
        if (migratedTemplate == null) {
            Path made = emptyData();
            deleteAtExit(made);
            try (var server = new DatabaseServer(made, Map.of())) {
                server.migrateTo("latest");
            }
            migratedTemplate = made;
        }
        return copy(migratedTemplate);
    }

    /** Copies what {@code initdb} has made once, which takes a tenth of the time. */
    private static synchronized Path emptyData() throws IOException {
        if (template == null) {
            Path made = Files.createTempDirectory("tallyhook-template");
            deleteAtExit(made);
            EmbeddedPostgres.builder()
                    .setDataDirectory(made)
                    .setCleanDataDirectory(false)
                    .start()
                    .close();
            template = made;
        }
        return copy(template);
    }

    private static void deleteAtExit(Path template) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> FileUtils.deleteQuietly(template.toFile())));
    }

    private static Path copy(Path template) throws IOException {
        Path data = Files.createTempDirectory("tallyhook-postgres");
        FileUtils.copyDirectory(template.toFile(), data.toFile());
        return data;
    }

    public void start() throws IOException {
        var server = EmbeddedPostgres.builder()
                .setPort(port)
                // The library switches these off, and the promise under test is durability.
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofSeconds(60));
        settings.forEach(server::setServerConfig);
        running = server.start();
        if (!environment.isEmpty()) {
            startInEnvironment();
        }
    }

    /** Starts it anew, now and whenever it is started, with these variables, which the library has no way to give it. */
    public void startIn(Map<String, String> environment) throws IOException {
        this.environment = Map.copyOf(environment);
        startInEnvironment();
    }

    /** The same program with the same arguments on the same data, so that the library goes on to take it for its own. */
    private void startInEnvironment() throws IOException {
        ProcessHandle postmaster = processes()[0];
        Path process = Path.of("/proc", Long.toString(postmaster.pid()));
        String program = Files.readSymbolicLink(process.resolve("exe")).toString();
        List<String> command = new ArrayList<>(
                List.of(Files.readString(process.resolve("cmdline")).split("\0")));
        command.set(0, program);
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(
                    0, List.of("unshare", "-U")); // As the library does, because PostgreSQL refuses to be root's.
        }
        Processes.signal("INT", postmaster);
        postmaster.onExit().join();
        var builder = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        builder.start();
        try {
            Eventually.within(Duration.ofSeconds(60), this::takesConnections, () -> "it takes no connections");
        } catch (IOException | RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IOException(failure);
        }
    }

    private boolean takesConnections() {
        try (var connection = DriverManager.getConnection(
                "jdbc:postgresql://localhost:" + port + "/postgres", "postgres", "postgres")) {
            return connection.isValid(1);
        } catch (SQLException notYet) {
            return false;
        }
    }

    /** Waits until it takes connections, and starts it again if it gives up by itself instead, however late. */
    public void recover() throws Exception {
        Eventually.within(
                Duration.ofSeconds(60),
                () -> {
                    if (!Files.exists(data.resolve("postmaster.pid"))) {
                        running.close();
                        start();
                    }
                    try (var connection = connect()) {
                        return connection.isValid(1);
                    } catch (SQLException notYet) {
                        return false;
                    }
                },
                () -> "it takes no connections");
    }

    /** Connections are cut; what was committed stays. */
    public void stop() throws IOException {
        running.close();
    }

    /** SIGQUIT: every process ends at once, and the next start is a crash recovery. */
    public void stopImmediately() throws IOException {
        ProcessHandle[] processes = processes();
        Processes.signal("QUIT", processes[0]);
        ended(processes);
    }

    /** SIGKILL to every process of the server: what it has not written is gone, and the next start is a crash recovery. */
    public void crash() throws IOException {
        ProcessHandle[] processes = processes();
        Processes.signal("KILL", processes);
        ended(processes);
    }

    private void ended(ProcessHandle[] processes) throws IOException {
        Stream.of(processes).forEach(process -> process.onExit().join());
        Files.deleteIfExists(data.resolve("postmaster.pid")); // Or the library would wait for who is gone to stop.
        running.close();
    }

    /** Stops every process of the server where it stands: connections stay open and nothing answers. */
    public void freeze() throws IOException {
        Processes.signal("STOP", processes());
    }

    public void thaw() throws IOException {
        Processes.signal("CONT", processes());
    }

    /** The postmaster and its children. */
    private ProcessHandle[] processes() throws IOException {
        long pid = Long.parseLong(
                Files.readAllLines(data.resolve("postmaster.pid")).get(0));
        var postmaster = ProcessHandle.of(pid).orElseThrow();
        return Stream.concat(Stream.of(postmaster), postmaster.descendants()).toArray(ProcessHandle[]::new);
    }

    public int port() {
        return port;
    }

    public Path data() {
        return data;
    }

    /** From now on the URL, and what is asked here, mean another database of the server. */
    public void use(String name) {
        this.name = name;
        forgetKept();
    }

    String url() {
        return "jdbc:postgresql://localhost:" + port + "/" + name;
    }

    /** What tells the service where its database is. */
    Map<String, String> environment() {
        return Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", url(),
                "QUARKUS_DATASOURCE_USERNAME", "postgres",
                "QUARKUS_DATASOURCE_PASSWORD", "postgres");
    }

    public Connection connect() throws SQLException {
        // The session is deliberately not in UTC: no time may depend on it.
        return DriverManager.getConnection(url() + "?options=-c%20TimeZone=Asia/Kolkata", "postgres", "postgres");
    }

    /** Sessions that plan as those of the service do; of the database {@code postgres}. */
    public PGSimpleDataSource reading() {
        var dataSource = new PGSimpleDataSource();
        dataSource.setURL(
                "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&options=-c%20enable_seqscan=off");
        return dataSource;
    }

    /** The server's process that serves the connection. */
    static int process(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    public void execute(String sql) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** On a session that is kept: to make one for each of the questions of who waits for something costs more than all else that happens meanwhile. */
    public long number(String sql) throws SQLException {
        if (!asking.tryLock()) { // One question may wait for what another one is to tell.
            try (var connection = connect()) {
                return number(connection, sql);
            }
        }
        try {
            if (kept == null || !kept.isValid(1)) {
                forgetKept();
                kept = connect();
            }
            return number(kept, sql);
        } finally {
            asking.unlock();
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private void forgetKept() {
        asking.lock();
        try {
            if (kept != null) {
                kept.close();
            }
        } catch (SQLException lost) {
            // It is gone already.
        } finally {
            kept = null;
            asking.unlock();
        }
    }

    /** The first column of every row. */
    public Set<String> texts(String sql) throws SQLException {
        Set<String> texts = new HashSet<>();
        try (var connection = connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    /** Brings the schema to a version, such as {@code 003} or {@code latest}, as the service of that version would. */
    public void migrateTo(String version) {
        Flyway.configure()
                .dataSource(url(), "postgres", "postgres")
                .locations("filesystem:" + MIGRATIONS)
                .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
                .target(version)
                .load()
                .migrate();
    }

    /**
     * A port that nobody listens at, and none of those that Linux gives to connections (32768 and up, unless it is told otherwise), of
     * which one could take it while what listens there is down.
     */
    public static int freePort() {
        while (true) {
            int port = NEXT_PORT.getAndIncrement();
            try (var socket = new ServerSocket(port)) {
                return socket.getLocalPort();
            } catch (BindException taken) {
                // The next one.
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    @Override
    public void close() throws IOException {
        forgetKept();
        running.close();
        if (ownsData) {
            FileUtils.deleteDirectory(data.toFile());
        }
    }
}
