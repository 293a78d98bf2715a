package dev.tallyhook.operations;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Prometheus gets to see. */
@QuarkusTest
class MetricsTest {

    private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z_]+(?:\\{[^}]*})?) (\\S+)$");

    @TestHTTPResource(value = "/metrics", management = true)
    URI metrics;

    @Inject
    DataSource dataSource;

    private Map<String, Double> scrape() {
        Map<String, Double> samples = new TreeMap<>();
        var matcher = SAMPLE.matcher(given().accept("text/plain")
                .get(metrics)
                .then()
                .statusCode(200)
                .extract()
                .asString());
        while (matcher.find()) {
            samples.put(matcher.group(1).replace(",}", "}"), Double.valueOf(matcher.group(2)));
        }
        return samples;
    }

    private double value(String sample) {
        Double value = scrape().get(sample);
        assertTrue(value != null, () -> sample + " is not exported");
        return value;
    }

    @ParameterizedTest
    @CsvSource({
        "application/json, {}, invalid",
        "application/json, {, invalid",
        "text/plain, {}, invalid",
        "application/json, accepted, accepted"
    })
    void each_webhook_is_counted_once_by_its_outcome(String type, String body, String outcome) {
        Map<String, Double> before = scrape();
        given().contentType(type)
                .body(body.equals("accepted") ? Webhooks.body(Webhooks.newId()) : body)
                .post(Webhooks.PATH);
        Map<String, Double> after = scrape();
        for (String each :
                new String[] {"accepted", "replayed", "conflicting", "invalid", "unauthenticated", "shed", "failed"}) {
            String sample = "tallyhook_webhooks_total{outcome=\"" + each + "\"}";
            assertEquals(each.equals(outcome) ? 1 : 0, after.get(sample) - before.get(sample), sample);
        }
        double accepted = outcome.equals("accepted") ? 1 : 0;
        for (String histogram : new String[] {"tallyhook_accept_duration_seconds", "tallyhook_group_webhooks"}) {
            assertEquals(accepted, after.get(histogram + "_count") - before.get(histogram + "_count"), histogram);
        }
    }

    @Test
    void replays_and_conflicts_are_told_apart() {
        String id = Webhooks.newId();
        Map<String, Double> before = scrape();
        for (String amount : new String[] {"1", "1.0", "2"}) {
            given().contentType("application/json")
                    .body(Webhooks.body(id, amount, "INR"))
                    .post(Webhooks.PATH);
        }
        Map<String, Double> after = scrape();
        for (String outcome : new String[] {"accepted", "replayed", "conflicting"}) {
            String sample = "tallyhook_webhooks_total{outcome=\"" + outcome + "\"}";
            assertEquals(1, after.get(sample) - before.get(sample), sample);
        }
    }

    @Test
    void what_is_finished_is_counted_with_its_lateness() {
        Map<String, Double> before = scrape();
        given().contentType("application/json")
                .body(Webhooks.body(Webhooks.newId()))
                .post(Webhooks.PATH);
        await().until(() -> finished(scrape()) >= finished(before) + 1);
        await().until(() -> {
            Map<String, Double> after = scrape();
            return finished(after) - finished(before)
                            == after.get("tallyhook_lateness_seconds_count")
                                    - before.get("tallyhook_lateness_seconds_count")
                    && after.get("tallyhook_lateness_seconds_bucket{le=\"+Inf\"}")
                            .equals(after.get("tallyhook_lateness_seconds_count"))
                    && after.get("tallyhook_lateness_seconds_sum") > before.get("tallyhook_lateness_seconds_sum");
        });
    }

    private static double finished(Map<String, Double> samples) {
        return samples.get("tallyhook_transactions_finished_total{by=\"poller\"}")
                + samples.get("tallyhook_transactions_finished_total{by=\"sweep\"}");
    }

    @Test
    void the_backlog_is_that_of_the_whole_ledger() throws SQLException {
        Statements.execute(dataSource, """
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                SELECT 'backlog_' || i, 'a', 'b', 1, 'INR', now() + interval '1 day'
                FROM generate_series(1, 10000) AS i
                """);
        try {
            await().until(() -> value("tallyhook_transactions_waiting") >= 10_000);
        } finally {
            Statements.execute(dataSource, "DELETE FROM transactions WHERE transaction_id LIKE 'backlog_%'");
        }
        // Of other tests fewer wait, and they are finished meanwhile.
        await().until(() -> value("tallyhook_transactions_waiting") < 10_000);
    }

    @Test
    void what_another_transaction_holds_grows_overdue_for_all_to_see() throws SQLException {
        Statements.execute(dataSource, """
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('held', 'a', 'b', 1, 'INR', now() + interval '500 milliseconds')
                """);
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("SELECT 1 FROM transactions WHERE transaction_id = 'held' FOR UPDATE");
            await().until(() ->
                    value("tallyhook_transactions_overdue") >= 1 && value("tallyhook_oldest_overdue_seconds") > 0.5);
            statement.execute("ROLLBACK");
        }
        await().until(() -> value("tallyhook_oldest_overdue_seconds") == 0);
    }

    @Test
    void the_poller_shows_that_it_lives() {
        double before = value("tallyhook_poller_heartbeats_total");
        await().until(() -> value("tallyhook_poller_heartbeats_total") > before);
        assertTrue(value("tallyhook_poller_heartbeat_age_seconds") < 5);
    }

    @Test
    void no_label_has_values_without_bound() {
        given().get("/v1/transactions/" + Webhooks.newId());
        given().get("/v1/nothing/" + Webhooks.newId());
        given().contentType("application/json")
                .body(Webhooks.body("in_a_label"))
                .post(Webhooks.PATH);
        String text = given().get(metrics).asString();
        assertTrue(text.contains("uri=\"/v1/transactions/{transaction_id}\""), text);
        assertTrue(!text.contains("txn_") && !text.contains("in_a_label") && !text.contains("acc_user"), text);
    }
}
