package dev.tallyhook.citus;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Processes;
import dev.tallyhook.packaged.Programs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Assumptions;

/** A coordinator and workers of Citus, each a PostgreSQL of the machine's own, with a database and a role for the ledger. */
public final class CitusServers implements AutoCloseable {

    /** Of the ledger's database, and of the role that owns it and is no superuser. */
    public static final String NAME = "tallyhook";

    private static final String ADMINISTRATOR = "postgres";
    private static final Duration START_MAX = Duration.ofSeconds(60);

    /** What the operators' page asks for, and little memory. */
    private static final Map<String, String> SETTINGS = Map.of(
            "listen_addresses", "'127.0.0.1'",
            "unix_socket_directories", "''",
            "shared_preload_libraries", "'citus'",
            "citus.node_conninfo", "'sslmode=disable'",
            "wal_level", "logical",
            "max_prepared_transactions", "100",
            "max_connections", "100",
            "shared_buffers", "64MB",
            "max_wal_size", "2GB",
            "citus.recover_2pc_interval", "5s");

    private final Path directory;
    private final List<Server> servers = new ArrayList<>();

    /** One of them. */
    public static final class Server {

        private final Path data;
        private final int port = DatabaseServer.freePort();

        private Server(Path data) {
            this.data = data;
        }

        public int port() {
            return port;
        }

        private void make() throws IOException, InterruptedException {
            Programs.Outcome made = Programs.run(
                    Path.of("."),
                    asNobodyOfImportance(
                            program("initdb"),
                            "-D",
                            data.toString(),
                            "-U",
                            ADMINISTRATOR,
                            "-A",
                            "trust",
                            "-E",
                            "UTF8",
                            "--locale=C"));
            if (made.exitCode() != 0) {
                throw new IOException(made.output());
            }
            var lines = new ArrayList<>(List.of("port = " + port));
            SETTINGS.forEach((name, value) -> lines.add(name + " = " + value));
            Files.write(data.resolve("postgresql.auto.conf"), lines);
        }

        /** Until it takes connections. */
        public void start() throws Exception {
            new ProcessBuilder(asNobodyOfImportance(program("postgres"), "-D", data.toString()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            data.resolveSibling(data.getFileName() + ".log").toFile()))
                    .start();
            Eventually.within(
                    START_MAX, this::takesConnections, () -> "the server at " + port + " takes no connections");
        }

        private boolean takesConnections() {
            try (var connection = connect(ADMINISTRATOR, ADMINISTRATOR)) {
                return connection.isValid(1);
            } catch (SQLException notYet) {
                return false;
            }
        }

        /** SIGKILL to every process of it. */
        public void crash() throws IOException {
            ProcessHandle[] processes = processes();
            Processes.signal("KILL", processes);
            Stream.of(processes).forEach(process -> process.onExit().join());
            Files.deleteIfExists(data.resolve("postmaster.pid"));
        }

        /** Where a table stands. */
        Path file(String table) throws SQLException {
            return data.resolve(text("SELECT pg_relation_filepath('" + table + "')"));
        }

        /**
         * Crashes, has a page of a file overwritten, and starts.
         *
         * @return what stood there
         */
        byte[] crashAndOverwrite(Path file, long page, byte[] with) throws Exception {
            crash();
            byte[] before = new byte[with.length];
            try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                open.seek(page * with.length);
                open.readFully(before);
                open.seek(page * with.length);
                open.write(with);
            }
            start();
            return before;
        }

        /** SIGSTOP to every process of it: connections stay open, and nothing answers. */
        public void freeze() throws IOException {
            Processes.signal("STOP", processes());
        }

        public void thaw() throws IOException {
            Processes.signal("CONT", processes());
        }

        private ProcessHandle[] processes() throws IOException {
            var postmaster = ProcessHandle.of(Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid"))
                            .get(0)
                            .trim()))
                    .orElseThrow();
            return Stream.concat(Stream.of(postmaster), postmaster.descendants())
                    .toArray(ProcessHandle[]::new);
        }

        public Connection connect() throws SQLException {
            return connect(NAME, ADMINISTRATOR);
        }

        private Connection connect(String database, String role) throws SQLException {
            return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, role, role);
        }

        /** As the administrator. */
        public void execute(String sql) throws SQLException {
            try (var connection = connect();
                    var statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        public String text(String sql) throws SQLException {
            try (var connection = connect();
                    var statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                row.next();
                return String.valueOf(row.getString(1));
            }
        }

        public long number(String sql) throws SQLException {
            return Long.parseLong(text(sql));
        }

        /** A database for the ledger, which Citus may use. */
        private void prepare() throws SQLException {
            try (var connection = connect(ADMINISTRATOR, ADMINISTRATOR);
                    var statement = connection.createStatement()) {
                statement.execute("CREATE ROLE " + NAME + " LOGIN");
                statement.execute("CREATE DATABASE " + NAME + " OWNER " + NAME);
            }
            if (number("SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'") > 0) {
                execute("ALTER SYSTEM SET output_plugin_libraries = 'pgoutput', 'citus'");
                execute("SELECT pg_reload_conf()");
            }
            execute("CREATE EXTENSION citus");
        }
    }

    /** So many workers, which the coordinator knows. */
    public CitusServers(int workers) throws Exception {
        directory = Files.createTempDirectory("tallyhook-citus");
        try {
            for (int i = 0; i <= workers; i++) {
                newServer();
            }
            coordinator()
                    .execute("SELECT citus_set_coordinator_host('127.0.0.1', "
                            + coordinator().port() + ")");
            for (Server worker : workers()) {
                join(worker);
            }
        } catch (Exception failure) {
            close();
            throw failure;
        }
    }

    /** One more, which the coordinator does not know yet. */
    public Server newServer() throws Exception {
        var server = new Server(directory.resolve("server-" + servers.size()));
        servers.add(server);
        server.make();
        server.start();
        server.prepare();
        return server;
    }

    /** The coordinator knows it from now on. */
    public void join(Server worker) throws SQLException {
        coordinator().execute("SELECT citus_add_node('127.0.0.1', " + worker.port() + ")");
    }

    public Server coordinator() {
        return servers.get(0);
    }

    public List<Server> workers() {
        return servers.subList(1, servers.size());
    }

    /** All of them. */
    public List<Server> all() {
        return List.copyOf(servers);
    }

    /** Of the ledger's database, on the coordinator. */
    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + coordinator().port() + "/" + NAME;
    }

    /** What tells the service where its database is. */
    public Map<String, String> environment() {
        return Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", url(),
                "QUARKUS_DATASOURCE_USERNAME", NAME,
                "QUARKUS_DATASOURCE_PASSWORD", NAME);
    }

    /** Skips the test where no PostgreSQL of the machine's own has Citus. */
    public static void assumeInstalled() {
        Assumptions.assumeTrue(isInstalled(), OnCitus.ABSENT);
    }

    static boolean isInstalled() {
        return programs().isPresent();
    }

    private static String program(String name) {
        return programs().orElseThrow().resolve(name).toString();
    }

    /** Where Debian has the programs of a server, of the newest that has the extension. */
    private static Optional<Path> programs() {
        try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
            return versions.filter(
                            version -> Files.exists(version.resolve("lib").resolve("citus.so")))
                    .map(version -> version.resolve("bin"))
                    .filter(folder -> Files.isExecutable(folder.resolve("initdb")))
                    .max(Path::compareTo);
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    /** PostgreSQL refuses to be root's. */
    private static List<String> asNobodyOfImportance(String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        if (System.getProperty("user.name").equals("root")) {
            all.addAll(0, List.of("unshare", "-U"));
        }
        return all;
    }

    @Override
    public void close() throws IOException {
        for (Server server : servers) {
            if (Files.exists(server.data.resolve("postmaster.pid"))) {
                server.crash();
            }
        }
        FileUtils.deleteDirectory(directory.toFile());
    }
}
