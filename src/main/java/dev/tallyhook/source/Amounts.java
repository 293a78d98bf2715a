package dev.tallyhook.source;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The amounts of one provider: what its integers count, by the table that it publishes and never by ISO 4217's, which many
 * differ from. The tables are files beside this class, with their sources and dates.
 */
public final class Amounts {

    /** At most 18 digits before the point and 18 behind it, and no exponent. */
    private static final Pattern DECIMAL = Pattern.compile("-?\\d{1,18}(\\.\\d{1,18})?");

    private static final Pattern INTEGER = Pattern.compile("-?\\d{1,18}");

    private static final Pattern CODE = Pattern.compile("[A-Z][A-Z0-9]{2,11}");

    /** How many decimals an integer has, and what it must be a multiple of. */
    private record Rule(int exponent, int multiple) {}

    private final Map<String, Rule> rules;

    private Amounts(Map<String, Rule> rules) {
        this.rules = rules;
    }

    /** Reads a provider's table. */
    public static Amounts of(String provider) {
        Map<String, Rule> rules = new HashMap<>();
        try (InputStream file = Amounts.class.getResourceAsStream("exponents/" + provider + ".txt")) {
            if (file == null) {
                throw new IllegalStateException("No table of exponents of " + provider);
            }
            new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.split("\\s+"))
                    .forEach(parts -> rules.put(
                            parts[0],
                            new Rule(Integer.parseInt(parts[1]), parts.length > 2 ? Integer.parseInt(parts[2]) : 1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Amounts(Map.copyOf(rules));
    }

    /** Puts an amount in the smallest units on the event, or the reason why it cannot be: nothing is ever rounded. */
    public Event minor(Event event, @Nullable String sent, @Nullable String currency) {
        if (sent == null) {
            return event.because(Unmapped.NO_AMOUNT);
        }
        if (!INTEGER.matcher(sent).matches()) {
            return event.because(Unmapped.MALFORMED_AMOUNT);
        }
        String code = code(currency);
        if (code == null) {
            return event.because(Unmapped.NO_CURRENCY);
        }
        Rule rule = rules.get(code);
        if (rule == null) {
            return event.because(Unmapped.UNKNOWN_CURRENCY);
        }
        long integer = Long.parseLong(sent);
        Event worth =
                event.worth(new Money(BigDecimal.valueOf(integer, rule.exponent()), code, sent, Money.Unit.MINOR));
        return integer % rule.multiple() == 0 ? worth : worth.because(Unmapped.BROKEN_AMOUNT_RULE);
    }

    /** Puts an amount in whole units on the event, or the reason why it cannot be. It needs no table. */
    public static Event major(Event event, @Nullable String sent, @Nullable String currency) {
        if (sent == null) {
            return event.because(Unmapped.NO_AMOUNT);
        }
        if (!DECIMAL.matcher(sent).matches()) {
            return event.because(Unmapped.MALFORMED_AMOUNT);
        }
        String code = code(currency);
        return code == null
                ? event.because(Unmapped.NO_CURRENCY)
                : event.worth(new Money(new BigDecimal(sent), code, sent, Money.Unit.MAJOR));
    }

    private static @Nullable String code(@Nullable String currency) {
        String code = currency == null ? "" : currency.toUpperCase(Locale.ROOT);
        return CODE.matcher(code).matches() ? code : null;
    }
}
