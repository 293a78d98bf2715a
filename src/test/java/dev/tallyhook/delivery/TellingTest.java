package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.endpoint.Directory;
import dev.tallyhook.endpoint.EventKind;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is queued for whom. The endpoints are paused, so that it stays where it can be looked at. */
@QuarkusTest
class TellingTest {

    private static final String ENDPOINT = """
            INSERT INTO endpoints (endpoint_id, url, state, disabled_because, disabled_at, events, signature, sealed_secrets)
            SELECT '%s', 'https://shop.example', '%s', because, CASE WHEN because IS NOT NULL THEN now() END, '%s', 'v1', '\\x00'
            FROM (SELECT CASE WHEN '%2$s' = 'DISABLED' THEN 'GONE' END) AS state (because)
            """;

    private static final String DUE = """
            INSERT INTO transactions (
                transaction_id, source_account, destination_account, amount, currency, due_at, source, type)
            VALUES ('%1$s_inr', 'payer', 'shop', 100, 'INR', now(), NULL, NULL),
                   ('%1$s_usd', 'shop', 'payee', 5, 'USD', now(), NULL, NULL),
                   ('%1$s_bare', NULL, NULL, NULL, NULL, now(), 'stripe', 'customer.created'),
                   ('%1$s_eur', NULL, 'bank', 50.000000000000000001, 'EUR', now(), 'adyen', 'capture'),
                   ('%1$s_refund', 'bank', NULL, -70, 'EUR', now(), 'adyen', 'refund')
            """;

    @Inject
    Telling telling;

    @Inject
    Directory directory;

    @Inject
    DataSource dataSource;

    private final String id = Webhooks.newId();

    @BeforeEach
    @AfterEach
    void clear() throws SQLException {
        Statements.execute(dataSource, "DELETE FROM endpoints WHERE endpoint_id LIKE 'telling-%'");
        Statements.execute(dataSource, "DELETE FROM deliveries WHERE endpoint_id LIKE 'telling-%'");
    }

    private void endpoint(String name, String state, String events) throws SQLException {
        Statements.execute(dataSource, ENDPOINT.formatted("telling-" + name, state, events));
    }

    /** One that is told of what is finished, by these filters. */
    private void endpoint(String name, String filters) throws SQLException {
        endpoint(name, "PAUSED", "{transaction.processed}");
        Statements.execute(
                dataSource, "UPDATE endpoints SET %s WHERE endpoint_id = 'telling-%s'".formatted(filters, name));
    }

    private void awaitKnown(EventKind kind) {
        directory.lookNow();
        await().until(() -> directory.wants(kind));
    }

    private void awaitFinished(int count) {
        await().until(() -> Statements.count(
                        dataSource, "transactions", "transaction_id LIKE '" + id + "%' AND status = 'PROCESSED'")
                == count);
    }

    /** Of this test's transactions the ends of the ids that are queued, in order. */
    private String queued(String name, EventKind kind) throws SQLException {
        return text("""
                SELECT coalesce(string_agg(substr(id, %d), ' ' ORDER BY id), '')
                FROM deliveries, unnest(ids) AS id
                WHERE endpoint_id = 'telling-%s' AND event = '%s' AND id LIKE '%s%%'
                """.formatted(id.length() + 1, name, kind.code(), id));
    }

    private String text(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static int post(String body) {
        return given().contentType("application/json")
                .body(body)
                .post(Webhooks.PATH)
                .statusCode();
    }

    /** A filter, and what it lets through. */
    private record Filter(String name, String set, String wanted) {}

    @Test
    void telling_waits_while_as_many_are_finished_as_may_be() throws SQLException {
        awaitThat(false);
        Statements.execute(dataSource, """
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, due_at)
                SELECT '%s_' || i, 'payer', 'shop', 1, 'INR', now() FROM generate_series(1, 3000) AS i
                """.formatted(id));
        awaitThat(true);
        awaitThat(false);
    }

    private void awaitThat(boolean waits) {
        await().pollInterval(Duration.ofMillis(5))
                .until(() -> telling.ledgerFirst().comes() == waits);
    }

    @Test
    void each_endpoint_is_told_what_its_filters_let_through() throws SQLException {
        List<Filter> filters = List.of(
                new Filter("all", "description = 'none'", "_bare _eur _inr _refund _usd"),
                new Filter("built-in", "sources = '{transactions}'", "_inr _usd"),
                new Filter("source", "sources = '{stripe}'", "_bare"),
                new Filter("sources", "sources = '{stripe,transactions}'", "_bare _inr _usd"),
                new Filter("types", "types = '{capture,refund}'", "_eur _refund"),
                new Filter("currencies", "currencies = '{INR,EUR}'", "_eur _inr _refund"),
                new Filter("payer", "accounts = '{payer}'", "_inr"),
                new Filter("accounts", "accounts = '{shop,bank}'", "_eur _inr _refund _usd"),
                new Filter("amount", "amount_min = 50", "_eur _inr"),
                new Filter("digits", "amount_min = 50.000000000000000001", "_eur _inr"),
                new Filter("more-digits", "amount_min = 50.000000000000000002", "_inr"),
                new Filter("below-zero", "amount_min = -70", "_eur _inr _refund _usd"),
                new Filter("both", "sources = '{adyen}', amount_min = 0", "_eur"),
                new Filter("nobody", "accounts = '{nobody}'", ""),
                new Filter("other-event", "events = '{transaction.accepted,transaction.conflicting}'", ""));
        for (Filter filter : filters) {
            endpoint(filter.name(), filter.set());
        }
        awaitKnown(EventKind.PROCESSED);
        Statements.execute(dataSource, DUE.formatted(id));
        awaitFinished(5);
        List<Executable> checks = new ArrayList<>();
        for (Filter filter : filters) {
            String queued = queued(filter.name(), EventKind.PROCESSED);
            checks.add(() -> assertEquals(filter.wanted(), queued, filter.name()));
        }
        assertAll(checks);
    }

    @Test
    void for_an_endpoint_that_is_paused_it_gathers_and_for_one_that_is_disabled_it_does_not() throws SQLException {
        String events = "{transaction.processed,transaction.accepted,transaction.conflicting}";
        endpoint("paused", "PAUSED", events);
        endpoint("disabled", "DISABLED", events);
        awaitKnown(EventKind.PROCESSED);
        awaitKnown(EventKind.ACCEPTED);
        awaitKnown(EventKind.CONFLICTING);
        post(Webhooks.body(id, "1", "INR"));
        post(Webhooks.body(id, "2", "INR"));
        awaitFinished(1);
        assertEquals(
                "a c p",
                text("SELECT string_agg(event, ' ' ORDER BY event) FROM deliveries WHERE endpoint_id = 'telling-paused'"
                        + " AND (event = 'c' OR ids = ARRAY['" + id + "'])"));
        assertEquals("0", text("SELECT count(*) FROM deliveries WHERE endpoint_id = 'telling-disabled'"));
    }

    @Test
    void one_that_is_accepted_is_queued_once_however_often_it_comes_and_one_that_is_refused_is_not() throws Exception {
        endpoint("accepted", "PAUSED", "{transaction.accepted}");
        awaitKnown(EventKind.ACCEPTED);
        for (int i = 0; i < 3; i++) {
            assertEquals(202, post(Webhooks.body(id, "1", "INR")));
        }
        assertEquals(409, post(Webhooks.body(id, "2", "INR")));
        assertEquals(422, post(Webhooks.body(id + "_wrong", "-1", "INR")));
        assertEquals("", queued("accepted", EventKind.ACCEPTED).strip());
        assertEquals("1", text("SELECT count(*) FROM deliveries WHERE endpoint_id = 'telling-accepted'"));
        assertEquals("{" + id + "}", text("SELECT ids FROM deliveries WHERE endpoint_id = 'telling-accepted'"));
    }

    @Test
    void a_conflict_is_queued_once_by_its_number_and_filtered_by_what_is_stored() throws SQLException {
        endpoint("conflicts", "PAUSED", "{transaction.conflicting}");
        endpoint("stored", "PAUSED", "{transaction.conflicting}");
        endpoint("sent", "PAUSED", "{transaction.conflicting}");
        Statements.execute(
                dataSource, "UPDATE endpoints SET currencies = '{INR}' WHERE endpoint_id = 'telling-stored'");
        Statements.execute(dataSource, "UPDATE endpoints SET currencies = '{USD}' WHERE endpoint_id = 'telling-sent'");
        awaitKnown(EventKind.CONFLICTING);
        post(Webhooks.body(id, "1", "INR"));
        for (String amount : List.of("2", "2.0", "3")) {
            assertEquals(409, post(Webhooks.body(id, amount, "USD")));
        }
        String numbers = text("SELECT string_agg(conflict_id::text, ' ' ORDER BY conflict_id) FROM conflicts"
                + " WHERE transaction_id = '" + id + "'");
        for (String name : List.of("conflicts", "stored")) {
            assertEquals(
                    numbers,
                    text("SELECT string_agg(id, ' ' ORDER BY id::bigint) FROM deliveries, unnest(ids) AS id"
                            + " WHERE endpoint_id = 'telling-%s' AND event = 'c'".formatted(name)));
        }
        assertEquals("0", text("SELECT count(*) FROM deliveries WHERE endpoint_id = 'telling-sent'"));
    }

    @ParameterizedTest
    @CsvSource({"many, description = NULL", "many-filtered, amount_min = 1"})
    void what_finishes_together_is_one_row_for_250_and_each_is_in_one_of_them(String name, String set)
            throws SQLException {
        endpoint(name, set);
        awaitKnown(EventKind.PROCESSED);
        String values = IntStream.range(0, 600)
                .mapToObj(i -> "('%s_%03d', 'a', 'b', 1, 'INR', now())".formatted(id, i))
                .reduce((one, other) -> one + "," + other)
                .orElseThrow();
        Statements.execute(
                dataSource,
                "INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)"
                        + " VALUES " + values);
        awaitFinished(600);
        assertEquals(
                "600 600 t",
                text("SELECT concat_ws(' ', count(*), count(DISTINCT id), max(cardinality(ids)) <= 250)"
                        + " FROM deliveries, unnest(ids) AS id WHERE endpoint_id = 'telling-" + name
                        + "' AND id LIKE '" + id + "%'"));
    }

    @Test
    void whoever_is_deleted_is_told_nothing_more() throws SQLException {
        endpoint("deleted", "description = NULL");
        awaitKnown(EventKind.PROCESSED);
        Statements.execute(dataSource, "DELETE FROM endpoints WHERE endpoint_id = 'telling-deleted'");
        Statements.execute(dataSource, DUE.formatted(id));
        awaitFinished(5);
        assertEquals("", queued("deleted", EventKind.PROCESSED));
    }
}
