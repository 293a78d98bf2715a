package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever bytes come, the parser answers with a webhook that keeps the rules, or with a problem of the sender's. */
class WebhookParserProperties {

    private static final byte[] VALID = """
            {"transaction_id":"txn_é😀","source_account":"a","destination_account":"b","amount":1500.50,"currency":"INR","x":[1,{"y":null}]}""".getBytes(StandardCharsets.UTF_8);

    private static final List<String> PIECES = List.of(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u0000",
            "\\ud800",
            "\\udc00",
            "null",
            "true",
            "NaN",
            "1e400",
            "-",
            "0",
            "1e-999999999",
            "9".repeat(130),
            "\"amount\":",
            "\"currency\":\"JPY\"",
            "\u0000",
            "\uFEFF",
            "é");

    @Property(tries = 20_000)
    void a_mutated_body_is_taken_or_refused_and_never_breaks_the_parser(@ForAll("mutated") byte[] body) {
        takenOrRefused(body);
    }

    @Property(tries = 5_000)
    void any_bytes_are_taken_or_refused(@ForAll byte[] body) {
        takenOrRefused(body);
    }

    private static void takenOrRefused(byte[] body) {
        try {
            Webhook webhook = new WebhookParser(32, 128).parse(body);
            int decimals = Currencies.all().get(webhook.currency());
            if (webhook.amount().signum() <= 0
                    || webhook.amount().scale() > decimals
                    || webhook.amount().scale() < 0) {
                throw new AssertionError("taken against the rules: " + new String(body, StandardCharsets.UTF_8));
            }
        } catch (ProblemException refused) {
            if (refused.status() != 400 && refused.status() != 422) {
                throw new AssertionError("refused with " + refused.status(), refused);
            }
        }
    }

    @Provide
    Arbitrary<byte[]> mutated() {
        Arbitrary<byte[]> insert = Arbitraries.oneOf(
                Arbitraries.of(PIECES).map(piece -> piece.getBytes(StandardCharsets.UTF_8)),
                Arbitraries.bytes().array(byte[].class).ofMinSize(0).ofMaxSize(4));
        return Combinators.combine(
                        Arbitraries.integers().between(0, VALID.length),
                        Arbitraries.integers().between(0, 12),
                        insert)
                .as(WebhookParserProperties::splice);
    }

    private static byte[] splice(int at, int drop, byte[] insert) {
        int rest = Math.min(VALID.length, at + drop);
        byte[] result = new byte[at + insert.length + VALID.length - rest];
        System.arraycopy(VALID, 0, result, 0, at);
        System.arraycopy(insert, 0, result, at, insert.length);
        System.arraycopy(VALID, rest, result, at + insert.length, VALID.length - rest);
        return result;
    }
}
