package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.base64;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.major;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShopifyTest {

    private static final String CLASSIC = "X-Shopify-Hmac-Sha256";
    private static final String EVENTS = "shopify-hmac-sha256";
    private static final String SECRET = "shpss_secret";
    private static final Scheme SCHEME = scheme("shopify", "secrets", SECRET);

    private static final String ORDER = """
            {"id":820982911946154500,"admin_graphql_api_id":"gid://shopify/Order/820982911946154500","currency":"USD",
            "presentment_currency":"EUR","total_price":"398.00","current_total_price":"397.00","financial_status":"paid",
            "customer":{"id":115310627314723950},"created_at":"2026-11-27T10:00:00-05:00","updated_at":"2026-11-27T10:00:01-05:00"}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return Stream.of(CLASSIC, EVENTS).flatMap(header -> new SchemeFixture.Signed(
                        settings("scheme", "shopify", "secrets", SECRET),
                        "shpss_another",
                        ORDER,
                        Map.of(header, base64(SECRET, ORDER), "X-Shopify-Topic", "orders/paid"),
                        header,
                        List.of())
                .cases());
    }

    @Test
    void hexadecimal_digits_are_refused() {
        assertEquals(Verdict.UNSIGNED, SCHEME.verify(delivery(ORDER, CLASSIC, SchemeFixture.hex(SECRET, ORDER))));
    }

    @Test
    void the_same_body_is_the_same_event_whatever_its_headers_say() {
        Event expected = Event.of(Event.digest(ORDER))
                .ofType("order.paid")
                .about("820982911946154500")
                .at(Instant.parse("2026-11-27T15:00:01Z"))
                .from("115310627314723950")
                .worth(major("398.00", "USD"));
        assertEvents(
                List.of(expected),
                SCHEME.events(delivery(
                        ORDER,
                        "X-Shopify-Topic",
                        "orders/paid",
                        "X-Shopify-Event-Id",
                        "e-1",
                        "X-Shopify-Webhook-Id",
                        "w-1")));
        assertEvents(
                List.of(expected),
                SCHEME.events(delivery(
                        ORDER,
                        "X-Shopify-Topic",
                        "refunds/create",
                        "X-Shopify-Event-Id",
                        "e-2",
                        "X-Shopify-Shop-Domain",
                        "other.example")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            {"id":7,"financial_status":"pending","total_price":"10","currency":"jpy","customer":null} | order.pending | 7 | 10 JPY | -
            {"id":7,"admin_graphql_api_id":"gid://shopify/Order/7","total_price":"1.00"} | order | 7 | - | NO_CURRENCY
            {"id":7,"admin_graphql_api_id":"gid://shopify/Order/7","currency":"USD"} | order | 7 | - | NO_AMOUNT
            {"id":7,"admin_graphql_api_id":"gid://shopify/Order/7","currency":"USD","total_price":"1,00"} | order | 7 | - | MALFORMED_AMOUNT
            {"id":7,"admin_graphql_api_id":"gid://shopify/DraftOrder/7","currency":"USD","total_price":"1.00"} | - | 7 | - | UNKNOWN_TYPE
            {"id":7,"admin_graphql_api_id":"gid://other/Order/7","currency":"USD","total_price":"1.00"} | - | 7 | - | UNKNOWN_TYPE
            {"id":8,"order_id":7,"kind":"capture","status":"success","amount":"3.10","currency":"EUR"} | order_transaction.capture.success | 7 | 3.10 EUR | -
            {"id":8,"admin_graphql_api_id":"gid://shopify/OrderTransaction/8","order_id":7,"kind":"sale","amount":"3.10","currency":"EUR"} | order_transaction.sale | 7 | 3.10 EUR | -
            {"id":9,"order_id":7,"transactions":[{"amount":"1.10","currency":"EUR"},{"amount":"2.2","currency":"EUR","status":"success"}]} | refund | 7 | 3.30 EUR | -
            {"id":9,"order_id":7,"transactions":[{"amount":"1.10","currency":"EUR"},{"amount":"9","currency":"EUR","status":"failure"}]} | refund | 7 | 1.10 EUR | -
            {"id":9,"order_id":7,"transactions":[{"amount":"1.10","currency":"EUR"},{"amount":"2","currency":"USD"}]} | refund | 7 | - | NO_CURRENCY
            {"id":9,"order_id":7,"transactions":[{"amount":"1.10","currency":"EUR"},{"currency":"EUR"}]} | refund | 7 | - | NO_AMOUNT
            {"id":9,"order_id":7,"transactions":[{"amount":"999999999999999999","currency":"EUR"},{"amount":"1","currency":"EUR"}]} | refund | 7 | - | MALFORMED_AMOUNT
            {"id":9,"order_id":7,"transactions":[]} | refund | 7 | - | NO_AMOUNT
            {"topic":"Product","action":"update","handle":"h","fields_changed":{"added":[]}} | product.update | - | - | -
            {"topic":"Order","action":"update"} | order.update | - | - | UNKNOWN_TYPE
            {"id":7,"title":"a product"} | - | 7 | - | UNKNOWN_TYPE
            """)
    void the_body_alone_tells_what_it_is(
            String body,
            @Nullable String type,
            @Nullable String subject,
            @Nullable String worth,
            @Nullable Unmapped why) {
        Event event = SCHEME.events(delivery(body, "X-Shopify-Topic", "orders/create"))
                .get(0);
        assertEvents(
                List.of(Event.of(Event.digest(body)).ofType(type).about(subject).because(why)),
                List.of(event.worth(null)));
        assertEquals(worth, SchemeFixture.worth(event));
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(
                SCHEME,
                Map.of(CLASSIC, base64(SECRET, ORDER)),
                ORDER,
                "{\"id\":9,\"order_id\":7,\"transactions\":[{\"amount\":\"1.10\",\"currency\":\"EUR\",\"status\":\"success\"}]}",
                "{\"topic\":\"Product\",\"action\":\"update\"}");
    }
}
