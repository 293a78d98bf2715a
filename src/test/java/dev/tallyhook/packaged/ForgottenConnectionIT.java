package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The network forgets the connections of a replica that migrates: nobody is told, and its sessions stay on the server. */
class ForgottenConnectionIT {

    /** As the service has it, with a server that asks sooner whether somebody is there. */
    private static final String IMPATIENT = """
            SET client_connection_check_interval = '2s'; SET tcp_keepalives_idle = 2;
            SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '5s'""";

    @Test
    void the_next_replica_says_for_whom_it_waits_and_comes_up_when_the_server_has_given_it_up() throws Exception {
        try (var network = new Hinterland();
                var database = new DatabaseServer(Map.of("listen_addresses", "'*'"))) {
            Files.writeString(
                    database.data().resolve("pg_hba.conf"),
                    "host all all " + network.there() + "/32 trust\n",
                    StandardOpenOption.APPEND);
            database.execute("SELECT pg_reload_conf()");
            database.migrateTo("001");
            try (var other = database.connect()) {
                other.setAutoCommit(false);
                EarlierVersion.insert(other, "other"); // For which the index is not built until it has ended.
                var environment = new HashMap<>(database.environment());
                environment.put("QUARKUS_DATASOURCE_JDBC_URL", database.url().replace("localhost", network.here()));
                environment.put("QUARKUS_FLYWAY_INIT_SQL", IMPATIENT);
                try (var forgotten = Service.launch(environment, network)) {
                    Eventually.within(
                            Duration.ofSeconds(60),
                            () -> sessions(database, "query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'")
                                    > 0,
                            forgotten::log);
                    try (var next = Service.launch(database.environment())) {
                        UpgradeIT.awaitTold(next, "the migration of another replica, a session of the role postgres");
                        assertTrue(next.log().contains("from " + network.there() + ")"), next.log());
                        network.forget();
                        Eventually.within(
                                Duration.ofSeconds(60),
                                () -> sessions(database, "client_addr = '" + network.there() + "'") == 0,
                                next::log);
                        assertTrue(forgotten.isAlive(), "its sessions have ended with it");
                        other.commit();
                        next.awaitHealthy();
                    }
                    forgotten.kill();
                }
            }
        }
    }

    private static long sessions(DatabaseServer database, String which) throws Exception {
        return database.number("SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND " + which);
    }
}
