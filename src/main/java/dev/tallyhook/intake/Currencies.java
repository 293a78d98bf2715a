package dev.tallyhook.intake;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The ISO 4217 alphabetic codes in use, with their minor units. The list is our own and not {@link java.util.Currency}'s,
 * because that one also knows withdrawn codes, and differs from one Java release to the next: what is a valid webhook
 * must not depend on the machine.
 */
final class Currencies {

    private static final Map<String, Integer> MINOR_UNITS = read();

    private Currencies() {}

    /** The decimals that amounts in this currency may have, or null if the code is not one in use. */
    static @Nullable Integer minorUnits(String code) {
        return MINOR_UNITS.get(code);
    }

    static Map<String, Integer> all() {
        return MINOR_UNITS;
    }

    private static Map<String, Integer> read() {
        var resource = Objects.requireNonNull(Currencies.class.getResourceAsStream("iso-4217.txt"), "iso-4217.txt");
        try (var lines = new BufferedReader(new InputStreamReader(resource, StandardCharsets.US_ASCII))) {
            return lines.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split(":", 2))
                    .flatMap(line -> java.util.Arrays.stream(line[1].trim().split("\\s+"))
                            .map(code -> Map.entry(code, Integer.valueOf(line[0]))))
                    .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
