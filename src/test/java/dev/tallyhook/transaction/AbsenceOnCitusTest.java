package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Webhooks;
import dev.tallyhook.citus.OnCitus;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Of a ledger in shards it is the server with the shard that must take writes; of what is not in shards, the coordinator. */
@QuarkusTest
@TestProfile(OnCitus.class)
@EnabledIf(value = "dev.tallyhook.citus.OnCitus#isInstalled", disabledReason = OnCitus.ABSENT)
class AbsenceOnCitusTest {

    @Inject
    DataSource dataSource;

    private int statusOf(String id) {
        try (Connection session = dataSource.getConnection()) {
            return Absence.of(session, id, "Transaction not found").status();
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void only_a_server_that_takes_writes_knows_that_a_shard_has_none() throws SQLException {
        String id = Webhooks.newId();
        assertEquals(404, statusOf(id));
        try {
            onWorkers("ALTER SYSTEM SET default_transaction_read_only = on");
            Awaitility.await().until(() -> statusOf(id) == 503);
        } finally {
            onWorkers("ALTER SYSTEM RESET default_transaction_read_only");
        }
        Awaitility.await().until(() -> statusOf(id) == 404);
    }

    @Test
    void only_a_coordinator_that_takes_writes_knows_of_what_it_has_itself() throws SQLException {
        try (Connection session = dataSource.getConnection()) {
            assertEquals(404, Absence.of(session, null, "Endpoint not found").status());
            execute(session, "SET default_transaction_read_only = on");
            try {
                assertEquals(
                        503, Absence.of(session, null, "Endpoint not found").status());
            } finally {
                execute(session, "RESET default_transaction_read_only");
            }
        }
    }

    private void onWorkers(String setting) throws SQLException {
        for (String url : workers()) {
            try (Connection worker = DriverManager.getConnection(url, "postgres", "postgres")) {
                execute(worker, "SET default_transaction_read_only = off");
                execute(worker, setting);
                execute(worker, "SELECT pg_reload_conf()");
            }
        }
    }

    private List<String> workers() throws SQLException {
        try (Connection session = dataSource.getConnection();
                var statement = session.createStatement();
                var rows = statement.executeQuery(
                        "SELECT nodename, nodeport FROM pg_dist_node WHERE shouldhaveshards AND groupid > 0")) {
            List<String> urls = new ArrayList<>();
            while (rows.next()) {
                urls.add("jdbc:postgresql://%s:%d/tallyhook".formatted(rows.getString(1), rows.getInt(2)));
            }
            return urls;
        }
    }

    private static void execute(Connection session, String sql) throws SQLException {
        try (var statement = session.createStatement()) {
            statement.execute(sql);
        }
    }
}
