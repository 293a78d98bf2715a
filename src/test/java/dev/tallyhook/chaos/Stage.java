package dev.tallyhook.chaos;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.WrongClock;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Replicas of the packaged service on a PostgreSQL, a network between each of them and it, senders, and the history of what
 * they were told: all that faults strike at.
 */
final class Stage implements AutoCloseable {

    static final String DATABASE = "tallyhook";

    /** Between two faults: long enough for what one costs not to be taken for the other's. */
    static final Duration CALM = Duration.ofMillis(1_200);

    /** Few enough connections for a fault to take them all, and as much memory as the machine can spare. */
    static final Map<String, String> POSTGRES = Map.of(
            "max_connections", "80",
            "shared_buffers", "256MB",
            "max_wal_size", "2GB",
            "log_min_messages", "panic");

    DatabaseServer database;
    final List<Wire> wires = new ArrayList<>();
    final List<Replica> replicas = new ArrayList<>();
    final Logs logs = new Logs();
    final History history;

    private final Duration delay;
    private final Path directory;
    private @Nullable Receivers receivers;
    private @Nullable Retention retention;
    private Traffic traffic;
    private WrongClock clock;

    /** Replicas on a PostgreSQL of their own, with nothing wrong yet, and no senders. */
    Stage(int replicaCount, Duration delay, Path directory) throws Exception {
        this(
                replicaCount,
                delay,
                directory,
                server(),
                (database, wire) -> environment("localhost:" + wire.port() + "/" + DATABASE, delay));
    }

    /** Such replicas that tell these receivers what is finished, and keep everything. */
    static Stage telling(int replicaCount, Duration delay, Path directory, Receivers receivers) throws Exception {
        return with(replicaCount, delay, directory, receivers, null);
    }

    /**
     * Such replicas.
     *
     * @param receivers who are told what is finished; with none, nobody
     * @param retention how long it is kept then; with none, for ever
     */
    static Stage with(
            int replicaCount,
            Duration delay,
            Path directory,
            @Nullable Receivers receivers,
            @Nullable Retention retention)
            throws Exception {
        var stage = new Stage(replicaCount, delay, directory, server(), (database, wire) -> {
            Map<String, String> all = new HashMap<>(environment("localhost:" + wire.port() + "/" + DATABASE, delay));
            if (receivers != null) {
                all.putAll(receivers.environment());
            }
            if (retention != null) {
                all.putAll(retention.environment());
            }
            return all;
        });
        stage.receivers = receivers;
        stage.retention = retention;
        return stage;
    }

    /** Replicas that find their database as it is said. */
    Stage(int replicaCount, Duration delay, Path directory, DatabaseServer database, Way way) throws Exception {
        this.delay = delay;
        this.directory = directory;
        this.database = database;
        history = new History(directory);
        // Not a superuser, so that the connections that PostgreSQL keeps for those are out of reach.
        database.execute("CREATE ROLE tallyhook LOGIN PASSWORD 'tallyhook'");
        database.execute("CREATE DATABASE tallyhook OWNER tallyhook");
        database.use(DATABASE);
        for (int i = 0; i < replicaCount; i++) {
            var wire = new Wire(database.port());
            wires.add(wire);
            replicas.add(new Replica(way.environment(database, wire), logs));
        }
        for (Replica replica : replicas) {
            replica.start();
        }
        new Audit(database).install();
    }

    /** What tells a replica where its database is, which can be reached by a wire. */
    interface Way {
        Map<String, String> environment(DatabaseServer database, Wire wire) throws Exception;
    }

    static DatabaseServer server() throws IOException {
        return new DatabaseServer(POSTGRES);
    }

    /** Of a replica whose database is at these hosts, of which one is the primary. */
    static Map<String, String> environment(String hosts, Duration delay) {
        return Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL",
                "jdbc:postgresql://" + hosts,
                "QUARKUS_DATASOURCE_USERNAME",
                "tallyhook",
                "QUARKUS_DATASOURCE_PASSWORD",
                "tallyhook",
                "TALLYHOOK_PROCESSING_DELAY",
                delay.toString());
    }

    /** Starts all anew, each replica and PostgreSQL with a clock that can be set. */
    void giveClocks() throws Exception {
        clock = new WrongClock();
        for (Replica replica : replicas) {
            replica.stop();
            replica.giveClock();
        }
        database.startIn(clock.environment());
        new Audit(database).readClockFrom(clock.file());
        for (Replica replica : replicas) {
            replica.start();
        }
    }

    /** PostgreSQL's, while it runs. */
    void setClock(Duration ahead) throws Exception {
        long before = History.now();
        clock.set(ahead);
        new Audit(database).clockIsSet(ahead, before, History.now());
    }

    void send(int perSecond, long seed) {
        List<Integer> ports = replicas.stream().map(Replica::port).toList();
        send(ports, replica -> replicas.get(replica).isStarting(), perSecond, seed);
    }

    void send(List<Integer> ports, int perSecond, long seed) {
        send(ports, balancer -> false, perSecond, seed);
    }

    private void send(List<Integer> ports, IntPredicate starting, int perSecond, long seed) {
        history.expectReceivers(ports.size());
        traffic = new Traffic(ports, starting, perSecond, delay, seed, history);
    }

    /** Beside what is sent already: calls with as many events as there can be, all at once, and at first to this replica. */
    void sendFullCalls(int count, int replica) {
        traffic.sendFullCalls(count, replica);
    }

    /** Tries each in turn while senders send, and tells how each went. */
    List<Strike> strike(List<Fault> faults) throws Exception {
        List<Strike> strikes = new ArrayList<>();
        for (Fault fault : faults) {
            strikes.add(strike(fault));
        }
        return strikes;
    }

    /** Tries it, and waits until nobody can take what it costs for the next one's. */
    Strike strike(Fault fault) throws Exception {
        Strike strike = fault.strike(history);
        if (retention != null) {
            Retention.letTakeOver(database);
        }
        Thread.sleep(CALM.toMillis());
        return strike;
    }

    /** A session beside the service's, as the service's own user, past the network that faults strike at. */
    Connection connectAsService() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://localhost:" + database.port() + "/" + DATABASE, "tallyhook", "tallyhook");
    }

    /** Waits until every webhook is answered for good, every row is finished and told, and then holds all against all. */
    Verdict judge(List<Strike> strikes) throws Exception {
        traffic.stop();
        long deadline = System.nanoTime() + Traffic.END_MAX.toNanos();
        while (System.nanoTime() < deadline && (traffic.underWay() > 0 || waiting() > 0)) {
            Thread.sleep(100);
        }
        int unanswered = traffic.underWay();
        traffic.close();
        if (retention != null) {
            retention.awaitRest(database);
        }
        history.close();
        for (Replica replica : replicas) {
            replica.stop();
        }
        if (retention != null) {
            retention.bringBack(database, environment("localhost:" + database.port() + "/" + DATABASE, delay));
        }
        var audit = new Audit(database);
        audit.load(history, strikes);
        List<Audit.Finding> findings = new ArrayList<>(audit.findings(delay));
        List<Verdict.PerEndpoint> endpoints = List.of();
        if (receivers != null) {
            receivers.close();
            var told = new ToldAudit(database);
            told.load(receivers.endpoints(), receivers.receptions(), directory);
            findings.addAll(told.findings());
            endpoints = told.perEndpoint();
        }
        var verdict = new Verdict(
                findings,
                audit.perOutcome(),
                audit.perSource(),
                audit.perFault(),
                endpoints,
                audit.cutOff(),
                unanswered,
                history,
                logs);
        System.out.println(verdict.summary());
        return verdict;
    }

    private long waiting() throws SQLException {
        return database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'")
                + (receivers == null ? 0 : new ToldAudit(database).waiting(receivers.endpoints()));
    }

    @Override
    public void close() throws IOException {
        if (traffic != null) {
            traffic.close();
        }
        replicas.forEach(Replica::close);
        for (Wire wire : wires) {
            wire.close();
        }
        if (receivers != null) {
            receivers.close();
        }
        database.close();
    }
}
