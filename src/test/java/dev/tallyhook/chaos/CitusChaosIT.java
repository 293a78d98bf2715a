package dev.tallyhook.chaos;

import dev.tallyhook.citus.CitusServers;
import dev.tallyhook.citus.CitusServers.Server;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Service;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/**
 * Every 202 is kept, finished exactly once, never early, whatever dies: of a ledger that is distributed over two workers, whose replicas and
 * servers are killed one after the other, and all servers at once.
 */
@Tag("whole-machine")
class CitusChaosIT {

    private static final int STRIKES = Integer.getInteger("chaos.strikes", 14);
    private static final long SEED = Long.getLong("chaos.seed", System.nanoTime() % 1_000_000);
    private static final int REPLICAS = Integer.getInteger("chaos.replicas", 2);
    private static final int PER_SECOND = Integer.getInteger("chaos.rate", 200);
    private static final int SHARDS = 8;
    private static final Duration DELAY = Duration.ofSeconds(3);

    /** A server that is away for so long is finished with, as the promise says, within ten seconds. */
    private static final Duration AWAY_MAX = Duration.ofSeconds(1);

    private static final Duration CALM = Duration.ofMillis(500);

    /** Beside each shard's table, on the server that has it: Citus knows nothing of it. */
    private static final String RECORD_FINISHES = """
            SET citus.enable_ddl_propagation = off;
            SET citus.override_table_visibility = off;
            CREATE SCHEMA audit;
            CREATE TABLE audit.finishes (transaction_id text COLLATE "C", due_at timestamptz, finished_at timestamptz, ahead interval);
            CREATE FUNCTION audit.record_finish() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                INSERT INTO audit.finishes VALUES (new.transaction_id, new.due_at, clock_timestamp(), '0');
                RETURN NULL;
            END $$;
            DO $$
            DECLARE
                shard text;
            BEGIN
                FOR shard IN SELECT relname FROM pg_class WHERE relname ~ '^transactions_[0-9]+$' LOOP
                    EXECUTE format('CREATE TRIGGER record_finish AFTER UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION audit.record_finish()', shard);
                END LOOP;
            END $$
            """;

    private static final String STORED_TWICE = "stored twice";
    private static final String LATE = "late beyond the bound";
    private static final Duration LATE_MAX = Audit.LATE_AFTER_RELEASE_MAX;

    private static final List<String> COPIED = List.of("transactions", "conflicts", "requests");

    private final Random random = new Random(SEED);
    private final Logs logs = new Logs();
    private final List<Replica> replicas = new ArrayList<>();
    private CitusServers servers;

    @BeforeEach
    void is_installed() {
        CitusServers.assumeInstalled();
    }

    @Test
    void on_three_servers_every_202_is_kept_finished_once_and_never_early_whatever_dies() throws Exception {
        System.out.printf(
                "chaos on citus: seed %d, %d strikes, %d replicas, %d/s%n", SEED, STRIKES, REPLICAS, PER_SECOND);
        Path directory = Path.of("target", "chaos-citus");
        var history = new History(directory);
        try (var citus = new CitusServers(2)) {
            servers = citus;
            distribute();
            Map<String, String> environment = new HashMap<>(servers.environment());
            environment.put("TALLYHOOK_PROCESSING_DELAY", DELAY.toString());
            for (int i = 0; i < REPLICAS; i++) {
                replicas.add(new Replica(environment, logs));
                replicas.get(i).start();
            }
            List<Strike> strikes = new ArrayList<>();
            int unanswered;
            history.expectReceivers(REPLICAS);
            try (var traffic = new Traffic(
                    replicas.stream().map(Replica::port).toList(),
                    replica -> replicas.get(replica).isStarting(),
                    PER_SECOND,
                    DELAY,
                    SEED,
                    history)) {
                Thread.sleep(DELAY.toMillis());
                for (int i = 0; i < STRIKES; i++) {
                    strikes.add(fault(i).strike(history));
                    Thread.sleep(CALM.toMillis());
                }
                traffic.stop();
                long deadline = System.nanoTime() + Traffic.END_MAX.toNanos();
                while (System.nanoTime() < deadline && (traffic.underWay() > 0 || waiting() > 0)) {
                    Thread.sleep(100);
                }
                unanswered = traffic.underWay();
            }
            history.close();
            for (Replica replica : replicas) {
                replica.stop();
            }
            Verdict verdict = judge(history, strikes, unanswered);
            Files.writeString(directory.resolve("verdict.md"), verdict.table());
            Files.writeString(directory.resolve("messages.txt"), logs.toString());
            System.out.println(verdict.summary());
            System.out.println(verdict.table());
            verdict.assertNoViolation("seed " + SEED);
        } finally {
            replicas.forEach(Replica::close);
        }
    }

    private void distribute() throws Exception {
        try (Service command = Service.command(servers.environment(), "distribute", Integer.toString(SHARDS))) {
            if (command.awaitExit() != 0) {
                throw new AssertionError(command.log());
            }
        }
        for (Server worker : servers.workers()) {
            worker.execute(RECORD_FINISHES);
        }
    }

    private long waiting() {
        try {
            return servers.coordinator().number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'");
        } catch (SQLException notYet) {
            return 1;
        }
    }

    /** Each kind in turn, so that however few there are none is left out. */
    private Fault fault(int number) {
        Replica replica = replicas.get(random.nextInt(replicas.size()));
        List<Server> workers = servers.workers();
        int worker = random.nextInt(workers.size());
        return switch (number % 7) {
            case 0 -> new Fault("replica killed", REPLICAS == 1, replica::kill, replica::start);
            case 1, 5 -> away("worker killed", List.of(workers.get(worker)));
            case 2 -> away("coordinator killed", List.of(servers.coordinator()));
            case 3 -> away("every server killed at once", servers.all());
            case 4 ->
                new Fault(
                        "worker and replica killed together",
                        true,
                        () -> {
                            workers.get(worker).crash();
                            replica.kill();
                            workers.get(worker).start();
                        },
                        replica::start);
            default ->
                Fault.outage("worker paused (SIGSTOP)", () -> {
                    workers.get(worker).freeze();
                    Thread.sleep(random.nextInt((int) AWAY_MAX.toMillis()));
                    workers.get(worker).thaw();
                });
        };
    }

    /** What belongs to it can be finished by nobody meanwhile. */
    private Fault away(String name, List<Server> which) {
        return Fault.outage(name, () -> {
            for (Server server : which) {
                server.crash();
            }
            Thread.sleep(random.nextInt((int) AWAY_MAX.toMillis()));
            for (Server server : which) {
                server.start();
            }
        });
    }

    /** All rows are taken to one plain server, and held against the history there. */
    private Verdict judge(History history, List<Strike> strikes, int unanswered) throws Exception {
        try (var plain = Stage.server()) {
            plain.execute("CREATE ROLE tallyhook LOGIN PASSWORD 'tallyhook'");
            plain.execute("CREATE DATABASE tallyhook OWNER tallyhook");
            plain.use(Stage.DATABASE);
            plain.migrateTo("latest");
            var audit = new Audit(plain);
            audit.install();
            plain.execute("DROP TRIGGER post_late ON transactions; DROP TRIGGER record_finish ON transactions;"
                    + " ALTER TABLE conflicts ALTER conflict_id DROP IDENTITY; DELETE FROM stretches");
            for (String table : COPIED) {
                copy(servers.coordinator(), plain, table);
            }
            for (Server worker : servers.workers()) {
                copy(worker, plain, "audit.finishes");
            }
            audit.load(history, strikes);
            return new Verdict(
                    findings(plain, audit),
                    audit.perOutcome(),
                    audit.perSource(),
                    audit.perFault(),
                    List.of(),
                    audit.cutOff(),
                    unanswered,
                    history,
                    logs);
        }
    }

    /**
     * Those of a plain ledger. But the events of one call are committed by each server for itself: two that bring the same call at once may
     * each find some of it new, and no answer tells which. And claim and commit are two statements: what a replica that is killed between them
     * has claimed others have passed over, and the sweep finds it.
     */
    private static List<Audit.Finding> findings(DatabaseServer plain, Audit audit) throws SQLException {
        List<Audit.Finding> findings = new ArrayList<>(audit.findings(DELAY));
        findings.removeIf(finding ->
                finding.name().startsWith(STORED_TWICE) || finding.name().startsWith(LATE));
        findings.add(new Audit.Finding(
                LATE,
                plain.number(
                        "SELECT count(*) FROM audit.late WHERE late > interval '" + LATE_MAX.toMillis() + " ms'")));
        findings.add(new Audit.Finding(
                STORED_TWICE,
                plain.number("SELECT count(*) FROM audit.webhooks WHERE first_accepts > 1 AND NOT transaction_id ^@ '"
                        + Call.OF_GOCARDLESS + "'")));
        return findings;
    }

    private static void copy(Server from, DatabaseServer to, String table) throws Exception {
        Eventually.within(Duration.ofSeconds(10), () -> from.number("SELECT 1") == 1, () -> "no answer");
        try (Connection source = from.connect();
                Connection target = to.connect();
                var in = new PipedInputStream(1 << 16);
                var out = new PipedOutputStream(in)) {
            String columns = String.join(", ", columns(to, table));
            var read = CompletableFuture.runAsync(() -> {
                try (out) {
                    source.unwrap(PGConnection.class)
                            .getCopyAPI()
                            .copyOut("COPY (SELECT " + columns + " FROM " + table + ") TO STDOUT", out);
                } catch (Exception failure) {
                    throw new IllegalStateException(failure);
                }
            });
            target.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY " + table + " (" + columns + ") FROM STDIN", in);
            read.join();
        }
    }

    private static List<String> columns(DatabaseServer of, String table) throws SQLException {
        return of
                .texts("SELECT attname::text FROM pg_attribute WHERE attrelid = '" + table
                        + "'::regclass AND attnum > 0 AND NOT attisdropped")
                .stream()
                .sorted()
                .toList();
    }
}
