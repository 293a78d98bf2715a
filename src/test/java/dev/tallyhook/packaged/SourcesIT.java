package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Hmac;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SourcesIT {

    private static final String SECRET = "a secret of the tests";
    private static final int EVENTS = 250;

    private static final Map<String, String> GOCARDLESS =
            Map.of("TALLYHOOK_SOURCES_BANK_SCHEME", "gocardless", "TALLYHOOK_SOURCES_BANK_SECRETS", SECRET);

    private final HttpClient client = HttpClient.newHttpClient();

    private static HttpRequest signed(Service service, String path, String header, String body) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + path))
                .header("Content-Type", "application/json")
                .header(header, Hmac.ofText(SECRET, Hmac.SHA256).signHex(body.getBytes(StandardCharsets.UTF_8)))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static String call(String prefix) {
        return IntStream.range(0, EVENTS)
                .mapToObj(i -> """
                        {"id":"%s-%d","created_at":"2026-11-27T10:00:00.000Z","resource_type":"payments","action":"confirmed","links":{"payment":"PM%d"}}""".formatted(prefix, i, i))
                .collect(Collectors.joining(",", "{\"events\":[", "]}"));
    }

    @Test
    void of_a_call_with_250_events_all_are_stored_or_none_however_it_is_killed_and_each_once_after_the_retry()
            throws Exception {
        try (var database = new DatabaseServer()) {
            for (int round = 0; round < 2; round++) {
                String body = call("EV" + round);
                String count = "SELECT count(*) FROM transactions WHERE transaction_id LIKE 'bank:EV" + round + "-%'";
                try (var service = Service.start(database, GOCARDLESS)) {
                    CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                            signed(service, "/v1/webhooks/bank", "Webhook-Signature", body),
                            HttpResponse.BodyHandlers.ofString());
                    Thread.sleep(10L * round);
                    service.kill();
                    boolean accepted = answer.handle(
                                    (response, failure) -> failure == null && response.statusCode() == 200)
                            .get(20, TimeUnit.SECONDS);
                    long stored = database.number(count);
                    assertTrue(stored == EVENTS || (stored == 0 && !accepted), stored + " of " + EVENTS);
                }
                try (var service = Service.start(database, GOCARDLESS)) {
                    for (int i = 0; i < 2; i++) {
                        assertEquals(
                                200,
                                client.send(
                                                signed(service, "/v1/webhooks/bank", "Webhook-Signature", body),
                                                HttpResponse.BodyHandlers.ofString())
                                        .statusCode());
                    }
                }
                assertEquals(EVENTS, database.number(count));
                assertEquals(
                        1,
                        database.number(
                                "SELECT count(DISTINCT (id, request_place)) FROM transactions JOIN requests ON id = request"
                                        + " WHERE transaction_id LIKE 'bank:EV"
                                        + round + "-%'"));
            }
        }
    }

    private static Map<String, String> shop(String id, String currency) {
        return Map.of(
                "TALLYHOOK_SOURCES_SHOP_SCHEME",
                "hmac",
                "TALLYHOOK_SOURCES_SHOP_SECRETS",
                SECRET,
                "TALLYHOOK_SOURCES_SHOP_HEADER",
                "X-Signature",
                "TALLYHOOK_SOURCES_SHOP_ID",
                id,
                "TALLYHOOK_SOURCES_SHOP_TYPE",
                "/type",
                "TALLYHOOK_SOURCES_SHOP_AMOUNT",
                "/total",
                "TALLYHOOK_SOURCES_SHOP_CURRENCY",
                currency);
    }

    @Test
    void what_could_not_be_mapped_is_mapped_by_the_settings_of_later_and_nothing_that_is_there_is_lost()
            throws Exception {
        try (var database = new DatabaseServer()) {
            try (var service = Service.start(database, shop("/id", "/currency"))) {
                for (String body : List.of(
                        "{\"id\":\"a\",\"total\":\"12.340\",\"money\":{\"currency\":\"eur\"}}",
                        "{\"id\":\"b\",\"type\":\"" + "t".repeat(300) + "\",\"total\":\"5.00\",\"currency\":\"usd\"}",
                        "{\"uid\":\"c\",\"total\":\"7.00\",\"money\":{\"currency\":\"eur\"}}",
                        "{\"uid\":\"d\",\"total\":\"8.00\",\"money\":{\"currency\":\"eur\"}}")) {
                    assertEquals(
                            200,
                            client.send(
                                            signed(service, "/v1/webhooks/shop", "X-Signature", body),
                                            HttpResponse.BodyHandlers.ofString())
                                    .statusCode());
                }
            }
            assertEquals(1, database.number("SELECT count(*) FROM transactions WHERE unmapped = 'no_currency'"));
            String said = mapAgain(database, shop("/id", "/money/currency"), 0);
            assertTrue(
                    said.contains("4 of 4 looked at: 1 mapped in full, 3 changed,"
                            + " not mapped: {contradicts_what_is_stored=1, no_identity=2}"),
                    said);
            assertTrue(said.lines().noneMatch(line -> line.contains("does not tick")), said);
            assertEquals(
                    1,
                    database.number(
                            "SELECT count(*) FROM transactions WHERE unmapped IS NULL"
                                    + " AND amount = 12.340 AND currency = 'EUR' AND amount_sent = '12.340' AND amount_unit = 'a'"));
            String kept =
                    "SELECT count(*) FROM transactions WHERE transaction_id = 'shop:b' AND amount = 5 AND currency = 'USD'"
                            + " AND unmapped = 'malformed_account'";
            assertEquals(1, database.number(kept));
            assertEquals(
                    3,
                    database.number("SELECT count(*) FROM late_postings WHERE key = posting_key(3, 'shop')"),
                    "lists do not find what has changed by what it is now");

            // A retry of the last of them has come under the id that it has by the settings of later.
            database.execute(
                    "INSERT INTO transactions (transaction_id, source, due_at) VALUES ('shop:d', 'shop', now())");
            said = mapAgain(database, shop("/uid", "/money/currency"), 0);
            assertTrue(
                    said.contains("3 of 3 looked at: 0 mapped in full, 0 changed,"
                            + " not mapped: {contradicts_what_is_stored=1, no_identity=1, stored_again=1}"),
                    said);
            assertEquals(1, database.number(kept));
            assertEquals(
                    2,
                    database.number("SELECT count(*) FROM transactions WHERE unmapped = 'no_identity' AND amount > 6"));

            // What came with others is told apart by its id alone.
            database.execute(
                    "INSERT INTO transactions (transaction_id, source, created_at, due_at, request, request_place)"
                            + " SELECT 'shop:sibling', source, created_at, due_at, request, request_place FROM transactions"
                            + " WHERE unmapped = 'no_identity' ORDER BY created_at LIMIT 1");
            // What was not believed does not say which event it is, alone as it is.
            database.execute("UPDATE transactions SET unmapped = 'not_signed' WHERE transaction_id IN"
                    + " (SELECT transaction_id FROM transactions WHERE unmapped = 'no_identity'"
                    + " ORDER BY created_at DESC LIMIT 1)");
            said = mapAgain(database, shop("/uid", "/money/currency"), 0);
            assertTrue(said.contains("other_identity=2"), said);

            database.execute("DELETE FROM requests");
            said = mapAgain(database, shop("/uid", "/money/currency"), 0);
            assertTrue(
                    said.contains("3 of 3 looked at: 0 mapped in full, 0 changed, not mapped: {request_deleted=3}"),
                    said);
            assertNotEquals("", mapAgain(database, shop("/id", "/money/currency"), 2, "nobody"));
        }
    }

    private static String mapAgain(DatabaseServer database, Map<String, String> settings, int exit, String... more)
            throws Exception {
        var environment = new HashMap<>(database.environment());
        environment.putAll(settings);
        try (var command = Service.command(environment, "map-again", more)) {
            assertEquals(exit, command.awaitExit(), command.log());
            return command.log();
        }
    }

    @Test
    void a_source_that_is_wrong_ends_the_start_with_a_line_that_says_what_would_be_right() throws Exception {
        try (var database = new DatabaseServer()) {
            assertEnds(
                    database,
                    "tallyhook.sources.shop.scheme must be one of adyen, ",
                    Map.of("TALLYHOOK_SOURCES_SHOP_SCHEME", "stripes"));
            assertEnds(database, "tallyhook.sources.shop.secrets ", Map.of("TALLYHOOK_SOURCES_SHOP_SCHEME", "stripe"));
            assertEnds(
                    database,
                    "tallyhook.sources.transactions must be named",
                    Map.of(
                            "TALLYHOOK_SOURCES_TRANSACTIONS_SCHEME",
                            "stripe",
                            "TALLYHOOK_SOURCES_TRANSACTIONS_SECRETS",
                            SECRET));
        }
    }

    private static void assertEnds(DatabaseServer database, String line, Map<String, String> settings)
            throws Exception {
        var environment = new HashMap<>(database.environment());
        environment.putAll(settings);
        try (var service = Service.launch(environment)) {
            assertEquals(1, service.awaitExit(), service.log());
            assertEquals(
                    1,
                    service.log().lines().filter(said -> said.startsWith(line)).count(),
                    service.log());
            assertTrue(service.log().lines().noneMatch(said -> said.contains(SECRET)), service.log());
        }
    }
}
