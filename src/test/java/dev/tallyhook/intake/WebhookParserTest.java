package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.problem.ProblemException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WebhookParserTest {

    @ParameterizedTest
    @CsvSource({
        "1500.50, INR, 1500.50",
        "1500.5, INR, 1500.5",
        "1500.500, INR, 1500.50",
        "9007199254740993.01, INR, 9007199254740993.01",
        "999999999999999999.99, INR, 999999999999999999.99",
        "10.125, KWD, 10.125",
        "100, JPY, 100",
        "100.0, JPY, 100",
        "1.5e3, INR, 1500",
        "1E-2, INR, 0.01",
        "0.0001, CLF, 0.0001",
    })
    void an_amount_keeps_every_digit(String written, String currency, String kept) {
        assertEquals(
                new BigDecimal(kept),
                new WebhookParser(32, 128).parse(body(written, currency)).amount());
    }

    @ParameterizedTest
    @CsvSource({
        "0, INR, greater than 0",
        "-0.0, INR, greater than 0",
        "-1, INR, greater than 0",
        "0e2147483647, INR, greater than 0",
        "1e400, INR, 18 digits",
        "1000000000000000000, INR, 18 digits",
        "1e2147483647, INR, 18 digits",
        "1e99999999999, INR, smaller exponent",
        "1e-99999999999, INR, smaller exponent",
        "1e-2147483647, INR, at most 2 decimals",
        "10.001, INR, at most 2 decimals",
        "1.5, JPY, no decimals",
        "10.0001, KWD, at most 3 decimals",
        "\"12.5\", INR, JSON number",
        "true, INR, JSON number",
        "null, INR, JSON number",
        "[1], INR, JSON number",
        "{\"value\":1}, INR, JSON number",
    })
    void a_wrong_amount_is_named_with_its_rule(String written, String currency, String rule) {
        assertRefused(422, "amount must", body(written, currency));
        assertRefused(422, rule, body(written, currency));
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "1e", "0x10", "1_000", "--1"})
    void what_is_no_json_number_is_named_with_its_member(String written) {
        assertRefused(400, "in member amount", body(written, "INR"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"inr", "XXX", "XTS", "XAU", "DEM", "BGN", "IN", "INRR", "", "€", "I R"})
    void a_currency_is_a_code_in_use(String code) {
        assertRefused(422, "currency must be an ISO 4217", body("1", code));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "[]",
                "null",
                "1",
                "\"text\"",
                "{",
                "{}{}",
                "{} x",
                "{\"a\":1,}",
                "{'a':1}",
                "{\"a\":1 /* why */}",
                "{\"a\":\"\u0001\"}",
                "{\"a\":tru}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\ud8\"}",
            })
    void what_is_not_one_json_object_is_a_bad_request(String text) {
        assertRefused(400, "The body", text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void a_member_twice_is_a_bad_request_even_inside_a_member_that_is_ignored() {
        assertRefused(400, "no member twice", bytes("{\"amount\":1,\"amount\":2}"));
        assertRefused(400, "no member twice", bytes("{\"note\":{\"a\":1,\"\\u0061\":2}}"));
    }

    @Test
    void nesting_and_numbers_have_limits() {
        assertRefused(400, "nest at most 32", bytes("{\"note\":" + "[".repeat(33) + "]".repeat(33) + "}"));
        assertRefused(400, "longer than 128", bytes("{\"note\":" + "1".repeat(129) + "}"));
        assertRefused(400, "in member amount", body("1".repeat(129), "INR"));
    }

    @Test
    void the_body_is_utf_8_and_nothing_else() {
        assertRefused(400, "UTF-8", new byte[] {'{', '"', (byte) 0xC0, (byte) 0x80, '"', ':', '1', '}'});
        assertRefused(400, "UTF-8", new byte[] {'{', '"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"', ':', '1', '}'});
        assertRefused(400, "JSON", "{\"amount\":1}".getBytes(StandardCharsets.UTF_16LE));
    }

    @Test
    void a_byte_order_mark_is_forgiven() {
        assertEquals(
                "INR",
                new WebhookParser(32, 128)
                        .parse(bytes("\uFEFF" + text("1", "INR")))
                        .currency());
    }

    @Test
    void every_violation_is_told_at_once() {
        var failure = assertRefused(422, "", bytes("{\"transaction_id\":7,\"amount\":-1,\"currency\":\"inr\"}"));
        assertEquals(
                "transaction_id must be a string; currency must be an ISO 4217 alphabetic code in use, such as INR; "
                        + "source_account is required; destination_account is required; amount must be greater than 0",
                failure.getMessage());
    }

    @Test
    void members_that_are_not_known_are_ignored() {
        String more =
                text("1", "INR").replaceFirst("\\{", "{\"x\":{\"amount\":[1,{}]},\"y\":null,\"z\":\"\\\\ud800\",");
        assertEquals("txn", new WebhookParser(32, 128).parse(bytes(more)).transactionId());
    }

    @Test
    void an_error_repeats_nothing_that_was_sent() {
        for (String hostile : new String[] {
            "{\"account-4711\":",
            "{\"account-4711\":1,\"account-4711\":2}",
            "{\"source_account\":\"account-4711\u0000\",\"amount\":4711.001,\"currency\":\"account-4711\"}",
            "{\"amount\":account-4711}",
        }) {
            var failure = assertThrows(ProblemException.class, () -> new WebhookParser(32, 128).parse(bytes(hostile)));
            assertTrue(!failure.getMessage().contains("4711"), failure.getMessage());
        }
    }

    private static ProblemException assertRefused(int status, String words, byte[] body) {
        var failure = assertThrows(ProblemException.class, () -> new WebhookParser(32, 128).parse(body));
        assertEquals(status, failure.status(), failure.getMessage());
        assertTrue(failure.getMessage().contains(words), failure.getMessage());
        return failure;
    }

    private static byte[] body(String amount, String currency) {
        return bytes(text(amount, currency));
    }

    private static String text(String amount, String currency) {
        return "{\"transaction_id\":\"txn\",\"source_account\":\"from\",\"destination_account\":\"to\",\"amount\":"
                + amount + ",\"currency\":\"" + currency + "\"}";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
