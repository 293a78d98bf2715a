package dev.tallyhook.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Senders;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a replica knows of who is to be told. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class DirectoryTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Inject
    DataSource dataSource;

    @Inject
    Directory directory;

    @BeforeEach
    void empty() {
        execute("DELETE FROM endpoints");
    }

    private void execute(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void add(String id, String state, String event) {
        execute(
                "INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets, state, disabled_because, disabled_at)"
                        + " SELECT '%1$s', 'https://a.b/', '{%3$s}', 'v1', '', state, CASE state WHEN 'DISABLED' THEN 'GONE' END,"
                                .formatted(id, state, event)
                        + " CASE state WHEN 'DISABLED' THEN now() END FROM (SELECT '" + state + "' AS state) AS of");
    }

    private void awaitWants(boolean wants, EventKind kind) {
        Awaitility.await().atMost(PATIENCE).until(() -> directory.wants(kind) == wants);
    }

    @Test
    void nobody_wants_anything_once_it_is_known_that_there_is_nobody() {
        for (EventKind kind : EventKind.values()) {
            awaitWants(false, kind);
        }
    }

    @Test
    void what_another_replica_made_is_known_soon_and_so_is_that_it_went() {
        awaitWants(false, EventKind.ACCEPTED);
        add("ep_1", "ENABLED", "transaction.accepted");
        awaitWants(true, EventKind.ACCEPTED);
        assertEquals(
                Set.of(EventKind.ACCEPTED),
                directory.findNow("ep_1").orElseThrow().events());
        execute("DELETE FROM endpoints");
        awaitWants(false, EventKind.ACCEPTED);
        assertTrue(directory.find("ep_1").isEmpty());
    }

    @Test
    void paused_ones_want_what_they_want_and_disabled_ones_nothing() {
        add("ep_1", "PAUSED", "transaction.conflicting");
        add("ep_2", "DISABLED", "transaction.accepted");
        awaitWants(true, EventKind.CONFLICTING);
        awaitWants(false, EventKind.ACCEPTED);
        assertEquals(2, directory.all().size());
        assertEquals(
                EndpointState.DISABLED, directory.find("ep_2").orElseThrow().state());
    }

    /** Asked right behind the answer, again and again: a look of before must not say otherwise. */
    @Test
    void what_this_replica_made_is_wanted_at_once() {
        for (int i = 0; i < 10; i++) {
            awaitWants(false, EventKind.PROCESSED);
            EndpointRequests.made();
            assertTrue(directory.wants(EventKind.PROCESSED));
            directory.findNow("ep_none");
            assertTrue(directory.wants(EventKind.PROCESSED), "and when it was looked at");
            empty();
            directory.findNow("ep_none"); // So that the next round need not wait for a tick.
        }
    }

    @Test
    void what_cannot_be_looked_at_is_wanted() {
        awaitWants(false, EventKind.CONFLICTING);
        execute("ALTER TABLE endpoints RENAME TO lost");
        try {
            awaitWants(true, EventKind.CONFLICTING);
            directory.findNow("ep_none");
            assertTrue(directory.wants(EventKind.CONFLICTING), "a look that fails says nothing");
        } finally {
            execute("ALTER TABLE lost RENAME TO endpoints");
        }
        awaitWants(false, EventKind.CONFLICTING);
    }

    @Test
    void keys_are_those_of_now() {
        String id = EndpointRequests.make("{\"url\":\"https://a.b/\",\"secret\":\"" + Senders.SECRET + "\"}")
                .extract()
                .path("endpoint_id");
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        String one = Senders.sign(Senders.SECRET, "msg_1", 1, "{}");
        assertEquals(one, keys(id).sign("msg_1", 1, body));
        String secret =
                EndpointRequests.rotate(id, "{\"overlap\":\"PT1H\"}").extract().path("secret");
        assertEquals(Senders.sign(secret, "msg_1", 1, "{}") + " " + one, keys(id).sign("msg_1", 1, body));
        EndpointRequests.rotate(id, "{\"overlap\":\"PT0S\"}").statusCode(200);
        assertEquals(1, keys(id).sign("msg_1", 1, body).split(" ").length);
    }

    private SigningKeys keys(String id) {
        SigningKeys keys = directory.findNow(id).orElseThrow().keys();
        assertNotNull(keys);
        return keys;
    }

    @Test
    void an_older_secret_signs_until_its_time_by_the_databases_clock() {
        String id = EndpointRequests.made();
        EndpointRequests.rotate(id, "{\"overlap\":\"PT2S\"}").statusCode(200);
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> keys(id).sign("msg_1", 1, new byte[0]).split(" ").length == 1);
    }

    @Test
    void without_a_key_that_opens_its_secrets_an_endpoint_has_none() {
        add("ep_1", "ENABLED", "transaction.processed");
        execute("INSERT INTO endpoints (endpoint_id, url, events, signature, configured_at)"
                + " VALUES ('of-another', 'https://a.b/', '{transaction.processed}', 'v1', now())");
        assertNull(directory.findNow("ep_1").orElseThrow().keys());
        assertNull(directory.findNow("of-another").orElseThrow().keys());
    }

    @Test
    void a_row_that_is_no_endpoint_hides_no_other() {
        add("ep_1", "ENABLED", "transaction.processed");
        add("ep_2", "ENABLED", "transaction.processed");
        execute("UPDATE endpoints SET url = 'https://a b/' WHERE endpoint_id = 'ep_1'");
        assertTrue(directory.findNow("ep_2").isPresent());
        assertFalse(directory.find("ep_1").isPresent());
    }

    @Test
    void a_rest_is_told_as_what_is_left_of_it() {
        add("ep_1", "ENABLED", "transaction.processed");
        execute("UPDATE endpoints SET retry_at = now() + interval '1 hour', failures = 7");
        Endpoint resting = directory.findNow("ep_1").orElseThrow();
        assertTrue(resting.restMillis() > 3_000_000 && resting.restMillis() <= 3_600_000, resting.toString());
        assertEquals(7, resting.failures());
        execute("UPDATE endpoints SET retry_at = now() - interval '1 hour'");
        assertTrue(directory.findNow("ep_1").orElseThrow().restMillis() <= 0);
    }

    @Test
    void the_look_reads_no_whole_table() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var plan = statement.executeQuery("EXPLAIN " + DirectoryLook.LOOK.replace("?", "5000"))) {
            plan.next();
            plan.next();
            assertTrue(plan.getString(1).contains("endpoints_pkey"), plan.getString(1));
        }
    }
}
