package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Currency;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CurrenciesTest {

    /** Where Java's data, which differ by release, lag behind ISO 4217 or keep what is withdrawn. */
    private static final Set<String> WITHDRAWN = Set.of("BGN", "HRK", "ANG", "CUC", "SLL", "ZWL");

    @Test
    void the_minor_units_are_those_that_java_knows() {
        for (Currency known : Currency.getAvailableCurrencies()) {
            Integer ours = Currencies.minorUnits(known.getCurrencyCode());
            if (ours != null) {
                assertEquals(known.getDefaultFractionDigits(), ours, known.getCurrencyCode());
            }
        }
    }

    @Test
    void every_country_can_pay_in_its_own_currency() {
        Arrays.stream(Locale.getISOCountries())
                .map(country -> Currency.getInstance(
                        new Locale.Builder().setRegion(country).build()))
                .filter(currency -> currency != null && !WITHDRAWN.contains(currency.getCurrencyCode()))
                .forEach(currency -> assertTrue(
                        Currencies.minorUnits(currency.getCurrencyCode()) != null, currency.getCurrencyCode()));
    }

    @Test
    void withdrawn_codes_are_not_in_use() {
        WITHDRAWN.forEach(code -> assertNull(Currencies.minorUnits(code), code));
        assertNull(Currencies.minorUnits("DEM"));
    }

    @Test
    void the_list_is_whole() {
        assertEquals(165, Currencies.all().size());
    }
}
