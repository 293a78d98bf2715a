package dev.tallyhook.endpoint;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one endpoint, as they are kept sealed: the newest first, and behind it those that it has replaced and that sign beside it
 * for a while, so that whoever checks signatures can change in his own time.
 */
record KeyRing(List<Entry> entries) {

    /** Each of them signs every message, and receivers look at few signatures. */
    private static final int ENTRIES_MAX = 4;

    private static final String FOR_EVER = "-";

    /**
     * One key.
     *
     * @param expiresAt until when it signs, by the database's clock, in whole microseconds; null as long as nothing replaces it
     */
    record Entry(SigningKey key, @Nullable Instant expiresAt) {

        boolean isValid(Instant now) {
            return expiresAt == null || expiresAt.isAfter(now);
        }
    }

    KeyRing {
        entries = List.copyOf(entries);
    }

    static KeyRing of(SigningKey key) {
        return new KeyRing(List.of(new Entry(key, null)));
    }

    /** The one that others will be replaced by. */
    SigningKey newest() {
        return entries.get(0).key();
    }

    /** With a new key before the others, which sign on for the time of the overlap, or shorter if that was said before. */
    KeyRing rotated(SigningKey key, Instant now, Duration overlap) {
        Instant end = now.plus(overlap).truncatedTo(ChronoUnit.MICROS);
        List<Entry> rotated = new ArrayList<>();
        rotated.add(new Entry(key, null));
        for (Entry entry : validAt(now).entries) {
            boolean endsBefore = entry.expiresAt != null && entry.expiresAt.isBefore(end);
            if (rotated.size() < ENTRIES_MAX && end.isAfter(now)) {
                rotated.add(endsBefore ? entry : new Entry(entry.key, end));
            }
        }
        return new KeyRing(rotated);
    }

    /** Without those whose time is over. */
    KeyRing validAt(Instant now) {
        return new KeyRing(entries.stream().filter(entry -> entry.isValid(now)).toList());
    }

    /** What signs. */
    SigningKeys keys() {
        return new CurrentKeys(entries.stream().map(Entry::key).toList());
    }

    /** As it is sealed: a line for each, with the secret and until when in microseconds. */
    byte[] write() {
        return entries.stream()
                .map(entry -> entry.key.secret()
                        + ' '
                        + (entry.expiresAt == null
                                ? FOR_EVER
                                : ChronoUnit.MICROS.between(Instant.EPOCH, entry.expiresAt)))
                .collect(Collectors.joining("\n"))
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads what {@link #write} wrote. */
    static KeyRing read(SignatureVersion version, byte[] written) {
        List<Entry> entries = new ArrayList<>();
        for (String line : new String(written, StandardCharsets.US_ASCII).split("\n", -1)) {
            String[] parts = line.split(" ", 2);
            entries.add(new Entry(
                    version.parse(parts[0]),
                    parts[1].equals(FOR_EVER)
                            ? null
                            : Instant.EPOCH.plus(Long.parseLong(parts[1]), ChronoUnit.MICROS)));
        }
        return new KeyRing(entries);
    }
}
