package dev.tallyhook.source.scheme;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

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

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

    /** Digits of any of the encodings, so that no part hides behind another separator. */
    private static final Pattern SIGNATURE = Pattern.compile("[A-Za-z0-9+/_-]+=*");

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
            if (pair.length < 2 || !NAME.matcher(pair[0]).matches()) {
                return NONE;
            }
            if (pair[0].equals(time)) {
                if (timestamp != null) {
                    return NONE;
                }
                timestamp = pair[1];
            } else if (pair[0].equals(version)) {
                if (!SIGNATURE.matcher(pair[1]).matches()) {
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
        return !text.isEmpty()
                && text.length() <= TIMESTAMP_DIGITS_MAX
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9');
    }
}
