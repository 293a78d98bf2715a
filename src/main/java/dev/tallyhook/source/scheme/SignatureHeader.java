package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Characters;
import java.util.ArrayList;
import java.util.List;

/**
 * A header that has a timestamp and signatures as {@code name=value} parts. Whatever is malformed, and a timestamp that comes twice,
 * leaves a header whose timestamp is of no now and whose only signature is none, so that it is checked in the same steps.
 *
 * @param timestamp as it is signed
 * @param epochSecond of it; of 1970 if there is none
 * @param signatures those of the one version that counts, one to {@link #SIGNATURES_MAX}
 */
record SignatureHeader(String timestamp, long epochSecond, List<String> signatures) {

    /** Senders that rotate send two or three, and each costs time. */
    static final int SIGNATURES_MAX = 8;

    private static final int PARTS_MAX = 32;

    private static final int TIMESTAMP_DIGITS_MAX = 13;
    private static final SignatureHeader NONE = new SignatureHeader("", 0, List.of(""));

    /**
     * Reads it.
     *
     * @param separator between two parts, a comma or a semicolon; nothing else may stand there, no blank
     * @param time the name of the part with the timestamp, in seconds
     * @param version the name of the parts with signatures; those of other versions are ignored
     */
    static SignatureHeader read(String header, String separator, String time, String version) {
        String timestamp = null;
        List<String> signatures = new ArrayList<>();
        String[] parts = header.split(separator, PARTS_MAX + 1); // One character, for which no pattern is compiled.
        if (parts.length > PARTS_MAX) {
            return NONE;
        }
        for (String part : parts) {
            String[] pair = part.split("=", 2);
            if (pair.length < 2 || !isName(pair[0])) {
                return NONE;
            }
            if (pair[0].equals(time)) {
                if (timestamp != null) {
                    return NONE;
                }
                timestamp = pair[1];
            } else if (pair[0].equals(version)) {
                if (!isSignature(pair[1])) {
                    return NONE;
                }
                signatures.add(pair[1]);
            }
        }
        return timestamp == null
                        || !isTimestamp(timestamp)
                        || signatures.isEmpty()
                        || signatures.size() > SIGNATURES_MAX
                ? NONE
                : new SignatureHeader(timestamp, Long.parseLong(timestamp), List.copyOf(signatures));
    }

    /** Digits alone, and not too many of them. */
    static boolean isTimestamp(String text) {
        return !text.isEmpty() && text.length() <= TIMESTAMP_DIGITS_MAX && Characters.all(text, Characters::isDigit);
    }

    private static boolean isName(String text) {
        return !text.isEmpty() && Characters.all(text, SignatureHeader::isOfName);
    }

    private static boolean isOfName(int character) {
        return Characters.isLetterOrDigit(character) || character == '_' || character == '-';
    }

    /** Digits of any of the encodings, so that no part hides behind another separator, and padding at the end alone. */
    private static boolean isSignature(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '=') {
            end--;
        }
        return end > 0
                && Characters.all(
                        text.substring(0, end),
                        character -> isOfName(character) || character == '+' || character == '/');
    }
}
