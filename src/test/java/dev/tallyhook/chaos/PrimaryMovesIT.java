package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Service;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A primary that is demoted and stays up cuts no session, so nothing but its answers tells that another one has its place. */
@Tag("whole-machine")
class PrimaryMovesIT {

    private static final Duration FOLLOWED_WITHIN = Duration.ofSeconds(5);
    private static final Duration READ_ONLY_FOR = Duration.ofSeconds(4);

    /** One that looks where the primary is, and one to spare for each second that has just begun. */
    private static final int LOOKS_MAX = 2 * (int) READ_ONLY_FOR.toSeconds();

    private static final Map<String, Integer> POOLS =
            Map.of("tallyhook-intake", 1, "tallyhook-processing", 2, "tallyhook-reading", 8, "tallyhook-sweep", 1);

    /** Of the pools whose size does not change; the others' sessions are opened as they are needed. */
    private static final String BY_POOL = """
            SELECT application_name, count(*) FROM pg_stat_activity
            WHERE application_name LIKE 'tallyhook-%'
              AND application_name NOT IN ('tallyhook-lookout', 'tallyhook-delivery')
            GROUP BY application_name""";

    private static final String OF_ANY_POOL = """
            SELECT application_name, count(*) FROM pg_stat_activity
            WHERE application_name LIKE 'tallyhook-%' AND application_name <> 'tallyhook-lookout'
            GROUP BY application_name""";

    private static final String PROCESSES = """
            SELECT application_name || ' ' || pid, 1 FROM pg_stat_activity
            WHERE application_name LIKE 'tallyhook-%'
              AND application_name NOT IN ('tallyhook-lookout', 'tallyhook-delivery')""";

    private static final String BEGUN = "SELECT 'begun', sessions FROM pg_stat_database WHERE datname = 'postgres'";

    @TempDir
    Path directory;

    @Test
    void a_primary_that_is_demoted_and_stays_up_is_left_by_every_session_and_one_that_comes_back_by_none()
            throws Exception {
        try (var old = Stage.server();
                var standby = Standby.of(old, directory);
                var service = Service.launch(
                        environment("localhost:%d,localhost:%d/postgres?targetServerType=primary"
                                .formatted(old.port(), standby.port())),
                        DatabaseServer.freePort());
                var onOld = old.connect();
                var onStandby = standby.connect()) {
            service.awaitHealthy();
            assertEquals(POOLS, rows(onOld, BY_POOL));
            Set<String> processes = rows(onOld, PROCESSES).keySet();

            Standby.demote(old);
            int begunOnOld = count(onOld, BEGUN);
            int begunOnStandby = count(onStandby, BEGUN);
            assertRefusedFor(service, READ_ONLY_FOR);
            assertTrue(count(onOld, BEGUN) - begunOnOld <= LOOKS_MAX, () -> "storm: " + begunOnOld);
            assertTrue(count(onStandby, BEGUN) - begunOnStandby <= LOOKS_MAX, () -> "storm: " + begunOnStandby);
            System.out.printf(
                    "read only: %d and %d sessions begun in %s%n",
                    count(onOld, BEGUN) - begunOnOld, count(onStandby, BEGUN) - begunOnStandby, READ_ONLY_FOR);
            Standby.reinstate(old);
            assertFollowed(service, "reinstated");
            assertEquals(processes, rows(onOld, PROCESSES).keySet());

            Standby.demote(old);
            Standby.promote(standby, old);
            assertMoved(service, standby, onOld, onStandby);
        }
    }

    @Test
    void a_name_that_is_given_to_the_new_primary_is_followed_while_the_old_sockets_stay_open() throws Exception {
        Path hosts = directory.resolve("hosts");
        int port = DatabaseServer.freePort();
        Files.writeString(hosts, "127.0.0.1 ledger.test\n");
        try (var old = Stage.server();
                var standby = Standby.of(old, directory);
                var toOld = new Wire(loopback(1), port, old.port());
                var toStandby = new Wire(loopback(2), port, standby.port());
                var service = Service.launch(
                        environment("ledger.test:%d/postgres".formatted(port)), "-Djdk.net.hosts.file=" + hosts);
                var onOld = old.connect();
                var onStandby = standby.connect()) {
            service.awaitHealthy();
            assertEquals(POOLS, rows(onOld, BY_POOL));
            assertEquals(0, toStandby.sessionPorts().length);
            Standby.demote(old);
            Standby.promote(standby, old);
            Files.writeString(hosts, "127.0.0.2 ledger.test\n");
            assertMoved(service, standby, onOld, onStandby);
            assertEquals(0, toOld.sessionPorts().length);
        }
    }

    /** All of 127.0.0.0/8 is this machine. */
    private static InetAddress loopback(int last) throws UnknownHostException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
    }

    private static Map<String, String> environment(String hosts) {
        var environment = new HashMap<>(Stage.environment(hosts, Duration.ofSeconds(1)));
        environment.put("QUARKUS_DATASOURCE_USERNAME", "postgres");
        environment.put("QUARKUS_DATASOURCE_PASSWORD", "postgres");
        return environment;
    }

    private static void assertRefusedFor(Service service, Duration time) throws Exception {
        var refused = new AtomicInteger();
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            assertEquals(
                    503,
                    service.post(Webhooks.body("refused_" + refused.incrementAndGet()))
                            .statusCode());
        }
        assertTrue(refused.get() > 10, () -> "there was load: " + refused);
    }

    private static void assertFollowed(Service service, String id) throws Exception {
        long start = System.nanoTime();
        Eventually.within(
                FOLLOWED_WITHIN,
                () -> service.post(Webhooks.body(id)).statusCode() == 202,
                () -> "takes no webhooks:\n" + service.log());
        System.out.printf("%s: accepted after %d ms%n", id, (System.nanoTime() - start) / 1_000_000);
    }

    private static void assertMoved(Service service, DatabaseServer standby, Connection onOld, Connection onStandby)
            throws Exception {
        long promoted = System.nanoTime();
        assertFollowed(service, "moved");
        Eventually.within(
                FOLLOWED_WITHIN.minusNanos(System.nanoTime() - promoted),
                () -> rows(onOld, OF_ANY_POOL).isEmpty()
                        && rows(onStandby, BY_POOL).equals(POOLS),
                () -> "not all sessions have moved:\n" + service.log());
        System.out.printf("moved: every session after %d ms%n", (System.nanoTime() - promoted) / 1_000_000);
        assertEquals(200, service.get(Webhooks.transactionPath("moved"), "none").statusCode());
        Eventually.within(
                FOLLOWED_WITHIN,
                () -> standby.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSING'") == 0,
                () -> "not finished:\n" + service.log());
        assertEquals(1, service.log().split("The primary has moved", -1).length - 1, service::log);
        String metrics = service.manage("/q/metrics").body();
        assertTrue(metrics.contains("tallyhook_primary_moves_total 1.0"), metrics);
    }

    private static int count(Connection connection, String sql) throws SQLException {
        return rows(connection, sql).values().iterator().next();
    }

    private static Map<String, Integer> rows(Connection connection, String sql) throws SQLException {
        Map<String, Integer> rows = new HashMap<>();
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            while (row.next()) {
                rows.put(row.getString(1), row.getInt(2));
            }
        }
        return rows;
    }
}
