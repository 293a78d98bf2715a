package dev.tallyhook.source;

import java.math.BigDecimal;

/**
 * An amount, exactly.
 *
 * @param amount in major units, of either sign; with at most 18 digits before its point and 18 behind it
 * @param currency the code in upper case: ISO 4217's, or a token's such as {@code USDC}
 * @param sent the amount as the provider wrote it
 * @param unit what the provider wrote it in
 */
public record Money(BigDecimal amount, String currency, String sent, Unit unit) {

    /** What an amount counts. */
    public enum Unit {
        /** The smallest unit, by the provider's own table of exponents. */
        MINOR("i"),
        /** Whole units, with decimals. */
        MAJOR("a");

        private final String code;

        Unit(String code) {
            this.code = code;
        }

        /** As it is stored: a single letter, because it is stored with every event. */
        public String code() {
            return code;
        }
    }

    /** Says nothing about how much. */
    @Override
    public String toString() {
        return "Money[" + currency + "]";
    }
}
