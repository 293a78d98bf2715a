package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;

/**
 * Where a page ended: the time and the key of its last row. It is written as base64url of the time, the key, and a checksum over
 * both and the query, so that a cursor that was cut, changed or taken from another query is told from one that fits. It opens
 * nothing that its reader may not read anyhow, so it needs no secret, and any replica understands it.
 *
 * @param at in microseconds, as PostgreSQL keeps times
 * @param key what orders the rows of one time
 */
public record Cursor(Instant at, String key) {

    private static final int CHECKSUM_BYTES = 8;

    /** An id of 255 characters of 4 bytes, the time and the checksum, in base64. */
    private static final int LENGTH_MAX = (4 * Identifier.LENGTH_MAX + Long.BYTES + CHECKSUM_BYTES) * 4 / 3 + 4;

    /**
     * As it is handed out.
     *
     * @param query what it belongs to: the list and its filters
     */
    String write(String query) {
        byte[] position = position();
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(ByteBuffer.allocate(position.length + CHECKSUM_BYTES)
                        .put(position)
                        .put(checksum(query, position))
                        .array());
    }

    private byte[] position() {
        byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + keyBytes.length)
                .putLong(ChronoUnit.MICROS.between(Instant.EPOCH, at))
                .put(keyBytes)
                .array();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws ProblemException 400 if it is anything else, or belongs to another query
     */
    static Cursor read(String written, String query) {
        byte[] bytes = decode(written);
        if (bytes.length <= Long.BYTES + CHECKSUM_BYTES) {
            throw wrong();
        }
        var cursor = new Cursor(
                Instant.EPOCH.plus(ByteBuffer.wrap(bytes).getLong(), ChronoUnit.MICROS),
                new String(bytes, Long.BYTES, bytes.length - Long.BYTES - CHECKSUM_BYTES, StandardCharsets.UTF_8));
        // Who knows how it is written may write one: what it says must be harmless then too.
        if (!Timestamps.isInRange(cursor.at)
                || Identifier.violation(cursor.key) != null
                || !cursor.write(query).equals(written)) {
            throw wrong();
        }
        return cursor;
    }

    private static byte[] decode(String written) {
        try {
            return written.length() > LENGTH_MAX
                    ? new byte[0]
                    : Base64.getUrlDecoder().decode(written);
        } catch (IllegalArgumentException notBase64) {
            return new byte[0];
        }
    }

    /**
     * The key, where it is a number.
     *
     * @throws ProblemException 400 if it is none
     */
    public long number() {
        try {
            return Long.parseLong(key);
        } catch (NumberFormatException forged) {
            throw wrong();
        }
    }

    private static ProblemException wrong() {
        return ProblemException.badRequest(
                "cursor must be the next_cursor of a page of the same list with the same filters");
    }

    private static byte[] checksum(String query, byte[] position) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(position);
            digest.update(query.getBytes(StandardCharsets.UTF_8));
            return Arrays.copyOf(digest.digest(), CHECKSUM_BYTES);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}
