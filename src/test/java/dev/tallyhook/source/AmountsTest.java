package dev.tallyhook.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmountsTest {

    /** Greater than what {@code long} and {@code double} keep together, and with no digit that is 0. */
    private static final String DIGITS = "123456789123456789";

    /** A currency at each provider: how many decimals, and, behind an x, what its integers must be a multiple of; - if it has none. */
    @ParameterizedTest
    @CsvSource(nullValues = "?", useHeadersInDisplayName = true, textBlock = """
            currency, iso4217, stripe, adyen, checkout, razorpay
            ISK,      0,       2x100,  2,     0,        0
            UGX,      0,       2x100,  0,     0,        0
            CLP,      0,       0,      2,     2x100,    0
            CVE,      2,       2,      0,     2,        2
            IDR,      2,       2,      0,     2,        2
            MGA,      2,       0,      2,     2,        2
            HUF,      2,       2,      2,     2,        2
            TWD,      2,       2,      2,     2,        2
            BHD,      3,       3x10,   3,     3x10,     3x10
            JOD,      3,       3x10,   3,     3x10,     3x10
            KWD,      3,       3x10,   3,     3x10,     3x10
            OMR,      3,       3x10,   3,     3x10,     3x10
            TND,      3,       3x10,   3,     3x10,     3x10
            IQD,      3,       -,      3,     3x10,     3x10
            LYD,      3,       -,      3,     3x10,     -
            JPY,      0,       0,      0,     0,        0
            KRW,      0,       0,      0,     0,        0
            VND,      0,       0,      0,     0,        0
            XAF,      0,       0,      0,     0,        0
            XOF,      0,       0,      0,     0,        0
            XPF,      0,       0,      0,     0,        0
            BIF,      0,       0,      -,     0,        0
            DJF,      0,       0,      0,     0,        0
            GNF,      0,       0,      0,     0,        0
            KMF,      0,       0,      0,     0,        0
            PYG,      0,       0,      0,     0,        0
            RWF,      0,       0,      0,     0,        0
            VUV,      0,       0,      0,     0,        0
            EUR,      2,       2,      2,     2,        2
            ANG,      -,       2,      -,     -,        -
            STD,      -,       2,      -,     -,        -
            """)
    void an_integer_is_worth_what_its_provider_says(
            String currency, String iso4217, String stripe, String adyen, String checkout, String razorpay) {
        Map<String, String> rules = new TreeMap<>(Map.of(
                "iso4217", iso4217, "stripe", stripe, "adyen", adyen, "checkout", checkout, "razorpay", razorpay));
        rules.forEach((provider, rule) -> assertWorth(provider, currency, rule));
    }

    private static void assertWorth(String provider, String currency, String rule) {
        Amounts amounts = Amounts.of(provider);
        if (rule.equals("-")) {
            Event event = amounts.minor(Event.of("e"), DIGITS, currency);
            assertNull(event.money(), provider);
            assertEquals(Unmapped.UNKNOWN_CURRENCY, event.unmapped(), provider);
            return;
        }
        int decimals = rule.charAt(0) - '0';
        String multiple = rule.contains("x") ? rule.substring(2) : "1";
        String zeros = multiple.substring(1);
        // One that keeps the rule, on both sides of zero, and zero.
        String kept = DIGITS.substring(0, DIGITS.length() - zeros.length()) + zeros;
        for (String sent : new String[] {kept, "-" + kept, "0"}) {
            assertMoney(provider, amounts.minor(Event.of("e"), sent, currency), sent, currency, decimals, null);
        }
        // Those that break it, in each of its digits.
        for (int digit = 0; digit < zeros.length(); digit++) {
            String broken = kept.substring(0, kept.length() - 1 - digit) + "1" + "0".repeat(digit);
            assertMoney(
                    provider,
                    amounts.minor(Event.of("e"), broken, currency),
                    broken,
                    currency,
                    decimals,
                    Unmapped.BROKEN_AMOUNT_RULE);
        }
        if (zeros.isEmpty()) {
            assertMoney(provider, amounts.minor(Event.of("e"), DIGITS, currency), DIGITS, currency, decimals, null);
        }
    }

    private static void assertMoney(
            String provider, Event event, String sent, String currency, int decimals, @Nullable Unmapped why) {
        String message = provider + " " + sent + " " + currency;
        Money money = Objects.requireNonNull(event.money(), message);
        assertEquals(withPoint(sent, decimals), money.amount().toPlainString(), message);
        assertEquals(currency, money.currency(), message);
        assertEquals(sent, money.sent(), message);
        assertEquals(Money.Unit.MINOR, money.unit(), message);
        assertEquals(why, event.unmapped(), message);
    }

    /** By moving characters, not numbers. */
    private static String withPoint(String integer, int decimals) {
        String sign = integer.startsWith("-") ? "-" : "";
        String digits = integer.substring(sign.length());
        if (decimals == 0) {
            return integer;
        }
        String padded = "0".repeat(Math.max(0, decimals + 1 - digits.length())) + digits;
        int point = padded.length() - decimals;
        return sign + padded.substring(0, point) + "." + padded.substring(point);
    }

    @Test
    void the_same_integer_is_worth_a_hundred_times_as_much_elsewhere() {
        assertEquals(new BigDecimal("5.00"), amount("stripe", "500", "isk"));
        assertEquals(new BigDecimal("500"), amount("checkout", "500", "ISK"));
        assertEquals(new BigDecimal("500"), amount("stripe", "500", "clp"));
        assertEquals(new BigDecimal("5.00"), amount("adyen", "500", "CLP"));
    }

    private static BigDecimal amount(String provider, String sent, String currency) {
        return Objects.requireNonNull(Amounts.of(provider)
                        .minor(Event.of("e"), sent, currency)
                        .money())
                .amount();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1234567890123456789",
                "1.5",
                "1.0",
                "1e3",
                "1E+3",
                "+1",
                "",
                " 1",
                "1 ",
                "0x10",
                "--1",
                "-",
                "NaN",
                "1,000",
                "\u0661"
            })
    void what_is_no_integer_of_at_most_18_digits_is_not_taken(String sent) {
        Event event = Amounts.of("stripe").minor(Event.of("e"), sent, "eur");
        assertNull(event.money());
        assertEquals(Unmapped.MALFORMED_AMOUNT, event.unmapped());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"-", "''", "e", "eu", "€", "E R", "EURO-", "123", "ABCDEFGHIJKLM"})
    void a_code_that_is_none_is_no_currency(@Nullable String currency) {
        assertEquals(
                Unmapped.NO_CURRENCY,
                Amounts.of("stripe").minor(Event.of("e"), "1", currency).unmapped());
        assertEquals(
                Unmapped.NO_CURRENCY,
                Amounts.major(Event.of("e"), "1", currency).unmapped());
    }

    @ParameterizedTest
    @CsvSource({"10.00", "-0.01", "0", "123456789012345678.123456789012345678", "822.0160", "100", "007"})
    void whole_units_keep_every_digit(String sent) {
        Event event = Amounts.major(Event.of("e"), sent, "usd");
        assertEquals(new Money(new BigDecimal(sent), "USD", sent, Money.Unit.MAJOR), event.money());
        assertNull(event.unmapped());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1234567890123456789", "0.1234567890123456789", "1.", ".5", "1e3", "+1", "", "1,5", "1.5 "})
    void what_is_no_decimal_is_not_taken(String sent) {
        Event event = Amounts.major(Event.of("e"), sent, "usd");
        assertNull(event.money());
        assertEquals(Unmapped.MALFORMED_AMOUNT, event.unmapped());
    }

    @Test
    void a_provider_without_a_table_is_a_mistake_here() {
        assertThrows(IllegalStateException.class, () -> Amounts.of("nobody"));
    }

    @Test
    void both_lists_of_iso_4217_are_the_same() throws IOException {
        Map<String, String> own = new TreeMap<>();
        lines("/dev/tallyhook/source/exponents/iso4217.txt", line -> {
            String[] of = line.split(" ", -1);
            own.put(of[0], of[1]);
        });
        Map<String, String> intakes = new TreeMap<>();
        lines("/dev/tallyhook/intake/iso-4217.txt", line -> {
            String[] of = line.split(": ", -1);
            for (String code : of[1].split(" ", -1)) {
                intakes.put(code, of[0]);
            }
        });
        assertEquals(intakes, own);
    }

    private static void lines(String resource, java.util.function.Consumer<String> each) throws IOException {
        try (InputStream file = Objects.requireNonNull(AmountsTest.class.getResourceAsStream(resource))) {
            new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(each);
        }
    }
}
