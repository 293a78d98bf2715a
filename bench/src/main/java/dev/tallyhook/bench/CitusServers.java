package dev.tallyhook.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Servers of the PostgreSQL that is installed with Citus: one plain, or a coordinator and workers. Each keeps what it commits. */
final class CitusServers implements AutoCloseable {

    private static final String ROLE = "tallyhook";
    private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
    private static final int START_MAX_SECONDS = 60;

    private final Path directory = Files.createTempDirectory("tallyhook-citus-bench");
    private final Path programs;
    private final List<Server> servers = new ArrayList<>();

    /** One of them, and its process. */
    record Server(String name, int port, Database database, Process process) {

        /** Processor time of the server and of all sessions that it has or had, in seconds. */
        double cpuSeconds() throws IOException {
            double ticks = ticks(process.pid(), true);
            for (ProcessHandle child : process.descendants().toList()) {
                ticks += ticks(child.pid(), false);
            }
            return ticks / 100;
        }

        private static double ticks(long pid, boolean withEnded) throws IOException {
            Path stat = Path.of("/proc", Long.toString(pid), "stat");
            if (!Files.exists(stat)) {
                return 0; // It has ended, and is counted with the others that have.
            }
            String[] fields = Files.readString(stat).replaceFirst(".*\\) ", "").split(" ");
            double own = Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
            return withEnded ? own + Double.parseDouble(fields[13]) + Double.parseDouble(fields[14]) : own;
        }

        double commits() throws SQLException {
            return database.number("SELECT pg_stat_get_db_xact_commit(oid) FROM pg_database WHERE datname = current_database()");
        }
    }

    /** With so many workers; none is a plain server, which loads no library. */
    CitusServers(int workers) throws Exception {
        programs = programs();
        for (int i = 0; i <= workers; i++) {
            servers.add(start(i == 0 ? workers == 0 ? "plain" : "coordinator" : "worker " + i, workers > 0));
        }
        if (workers > 0) {
            coordinator().database().execute("SELECT citus_set_coordinator_host('127.0.0.1', " + coordinator().port() + ")");
            for (Server worker : workers()) {
                coordinator().database().execute("SELECT citus_add_node('127.0.0.1', " + worker.port() + ")");
            }
        }
    }

    /** Of the newest that has the extension. */
    private static Path programs() throws IOException {
        try (Stream<Path> versions = Files.list(INSTALLED)) {
            return versions.filter(version -> Files.exists(version.resolve("lib/citus.so")))
                    .max(Comparator.naturalOrder())
                    .map(version -> version.resolve("bin"))
                    .orElseThrow(() -> new IllegalStateException("No PostgreSQL with Citus is in " + INSTALLED + ": see docs/citus.md"));
        }
    }

    private Server start(String name, boolean withCitus) throws Exception {
        Path data = directory.resolve(name.replace(' ', '-'));
        int port = Service.freePort();
        run("initdb", "-D", data.toString(), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C").waitFor();
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("port", Integer.toString(port));
        settings.put("listen_addresses", "'127.0.0.1'");
        settings.put("unix_socket_directories", "''");
        settings.put("max_connections", "200");
        settings.put("shared_buffers", "256MB");
        settings.put("max_wal_size", "4GB");
        settings.put("checkpoint_timeout", "15min");
        if (withCitus) {
            settings.put("shared_preload_libraries", "'citus'");
            settings.put("citus.node_conninfo", "'sslmode=disable'");
            settings.put("max_prepared_transactions", "200");
        }
        List<String> lines = settings.entrySet().stream()
                .map(setting -> setting.getKey() + " = " + setting.getValue())
                .toList();
        Files.write(data.resolve("postgresql.auto.conf"), lines);
        Process process = run("postgres", "-D", data.toString());
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/";
        await(Database.at(url + "postgres", ROLE, ""));
        Database.at(url + "postgres", ROLE, "").execute("CREATE DATABASE " + ROLE);
        var database = Database.at(url + ROLE, ROLE, "none");
        if (withCitus) {
            database.execute("CREATE EXTENSION citus");
        }
        return new Server(name, port, database, process);
    }

    /** PostgreSQL refuses to be root's. */
    private Process run(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(programs.resolve(program).toString()));
        command.addAll(List.of(arguments));
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(0, List.of("unshare", "-U"));
        }
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
                .start();
    }

    private static void await(Database database) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_MAX_SECONDS);
        while (true) {
            try {
                database.number("SELECT 1");
                return;
            } catch (SQLException notYet) {
                if (System.nanoTime() > end) {
                    throw notYet;
                }
                Thread.sleep(50);
            }
        }
    }

    Server coordinator() {
        return servers.get(0);
    }

    List<Server> workers() {
        return servers.subList(1, servers.size());
    }

    @Override
    public void close() throws Exception {
        for (Server server : servers) {
            server.process().destroyForcibly();
            server.process().descendants().forEach(ProcessHandle::destroyForcibly);
            server.process().waitFor();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
    }
}
