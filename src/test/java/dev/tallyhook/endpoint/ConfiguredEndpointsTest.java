package dev.tallyhook.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.LogLines;
import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Senders;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Endpoints of the configuration, as the table and so all replicas know them. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class ConfiguredEndpointsTest {

    private static final String PREFIX = "tallyhook.endpoints.shop.";
    private static final Duration ABSENT = Duration.ofMinutes(5);

    @Inject
    DataSource dataSource;

    private ConfiguredRows rows;

    @BeforeEach
    void empty() {
        execute("DELETE FROM endpoints");
        rows = new ConfiguredRows(dataSource);
    }

    private void execute(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private List<String> row(String columns) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT " + columns + " FROM endpoints")) {
            row.next();
            List<String> values = new ArrayList<>();
            for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                values.add(String.valueOf(row.getString(i)));
            }
            return values;
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static Collection<ConfiguredEndpoints.Configured> shop(String... more) {
        Map<String, String> settings =
                new HashMap<>(Map.of(PREFIX + "url", "https://example.com/", PREFIX + "secrets", Senders.SECRET));
        for (int i = 0; i < more.length; i += 2) {
            settings.put(PREFIX + more[i], more[i + 1]);
        }
        return ConfiguredEndpoints.read(TestSettings.of(settings)).values();
    }

    @Test
    void the_table_says_what_the_configuration_does() throws SQLException {
        rows.tell(shop(
                "events", "transaction.accepted,transaction.processed", "currencies", "INR,USD", "amount-min", "10.5"));
        assertEquals(
                List.of(
                        "shop",
                        "https://example.com/",
                        "{transaction.accepted,transaction.processed}",
                        "null",
                        "{INR,USD}",
                        "10.5",
                        "v1",
                        "ENABLED",
                        "null"),
                row("endpoint_id, url, events, sources, currencies, amount_min, signature, state, sealed_secrets"));
    }

    @Test
    void another_configuration_changes_it_and_the_same_one_only_says_that_it_is_there() throws SQLException {
        rows.tell(shop());
        execute("UPDATE endpoints SET state = 'PAUSED', failures = 3");
        List<String> before = row("changed_at, configured_at");
        rows.tell(shop());
        List<String> after = row("changed_at, configured_at");
        assertEquals(before.get(0), after.get(0));
        assertEquals(List.of("t", "PAUSED", "3"), row("configured_at > '" + before.get(1) + "', state, failures"));
        rows.tell(shop("description", "the shop"));
        assertEquals(
                List.of("t", "the shop", "PAUSED"), row("changed_at > '" + before.get(0) + "', description, state"));
    }

    @Test
    void what_nobody_configures_any_more_is_disabled_and_enabled_when_it_comes_back() throws SQLException {
        rows.tell(shop());
        rows.disableAbsent(ABSENT);
        assertEquals(List.of("ENABLED"), row("state"));
        execute("UPDATE endpoints SET configured_at = now() - interval '301 seconds'");
        rows.disableAbsent(ABSENT);
        assertEquals(
                List.of("DISABLED", "NOT_CONFIGURED", "t"), row("state, disabled_because, disabled_at IS NOT NULL"));
        try (var log = new LogLines("dev.tallyhook.endpoint")) {
            rows.tell(shop());
            rows.tell(shop());
            assertEquals(1, log.with("shop is configured again, and enabled. It was disabled since 20"), log::toString);
        }
        assertEquals(List.of("ENABLED", "null", "null"), row("state, disabled_because, disabled_at"));
    }

    @Test
    void what_was_paused_when_it_left_the_configuration_comes_back_paused() throws SQLException {
        rows.tell(shop());
        execute("UPDATE endpoints SET state = 'PAUSED', configured_at = now() - interval '301 seconds'");
        rows.disableAbsent(ABSENT);
        assertEquals(List.of("DISABLED", "NOT_CONFIGURED"), row("state, disabled_because"));
        try (var log = new LogLines("dev.tallyhook.endpoint")) {
            rows.tell(shop());
            assertEquals(
                    1,
                    log.with("shop is configured again, and paused, as it was. It was disabled since 20"),
                    log::toString);
        }
        assertEquals(List.of("PAUSED", "null", "null"), row("state, disabled_because, disabled_at"));
        execute("UPDATE endpoints SET state = 'ENABLED', configured_at = now() - interval '301 seconds'");
        rows.disableAbsent(ABSENT);
        rows.tell(shop());
        assertEquals(List.of("ENABLED"), row("state"));
    }

    @Test
    void what_it_has_failed_at_does_not_count_where_it_is_now() throws SQLException {
        rows.tell(shop());
        execute("UPDATE endpoints SET failures = 10, failing_since = now() - interval '6 days', retry_at = now()");
        rows.tell(shop("description", "the shop"));
        assertEquals(List.of("10", "t"), row("failures, failing_since IS NOT NULL AND retry_at IS NOT NULL"));
        rows.tell(shop("url", "https://example.org/"));
        assertEquals(List.of("0", "null", "null"), row("failures, failing_since, retry_at"));
    }

    @Test
    void what_is_disabled_for_another_reason_stays_so() throws SQLException {
        rows.tell(shop());
        execute("UPDATE endpoints SET state = 'DISABLED', disabled_because = 'GONE', disabled_at = now(),"
                + " configured_at = now() - interval '1 hour'");
        rows.disableAbsent(ABSENT);
        rows.tell(shop());
        assertEquals(List.of("DISABLED", "GONE"), row("state, disabled_because"));
    }

    @Test
    void those_of_the_api_are_left_alone() throws SQLException {
        EndpointRequests.made();
        execute("UPDATE endpoints SET created_at = now() - interval '1 year'");
        rows.disableAbsent(ABSENT);
        assertEquals(List.of("ENABLED"), row("state"));
    }

    @Test
    void its_keys_are_those_of_the_configuration() {
        String other = Senders.newSecret();
        var shop = shop("secrets", other + "," + Senders.SECRET).iterator().next();
        assertEquals(
                Senders.sign(other, "msg_1", 1, "{}") + " " + Senders.sign(Senders.SECRET, "msg_1", 1, "{}"),
                shop.keys().keys().sign("msg_1", 1, "{}".getBytes(StandardCharsets.UTF_8)));
        assertNotNull(shop("signature", "v1a", "secrets", PrivateKey.random().secret())
                .iterator()
                .next()
                .keys()
                .newest()
                .publicKey()
                .orElseThrow());
    }

    @Test
    void a_wrong_one_stops_the_start_and_is_not_repeated() {
        var wrong = assertThrows(ConfigurationException.class, () -> shop("secrets", "hush"));
        assertEquals("tallyhook.endpoints.shop.secrets: entry 1 must start with whsec_", wrong.getMessage());
        assertThrows(ConfigurationException.class, () -> shop("amount-min", "much"));
        assertThrows(ConfigurationException.class, () -> shop("signature", "v2"));
    }
}
