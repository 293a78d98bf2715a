package dev.tallyhook.transaction;

import org.jspecify.annotations.Nullable;

/**
 * The rule of transaction ids and account names: 1 to 255 characters (Unicode code points, as PostgreSQL's
 * {@code char_length} counts them), no control characters, no unpaired surrogates. Any other Unicode is kept to the
 * byte: nothing is trimmed, folded or normalized, so two ids are the same only if their bytes are.
 */
public final class Identifier {

    /** In code points. */
    public static final int LENGTH_MAX = 255;

    private Identifier() {}

    /** What is wrong with an account name, or null if nothing is. */
    public static @Nullable String violation(String value) {
        if (value.isEmpty()) {
            return "must not be empty";
        }
        // A string of n UTF-16 units has at least n/2 code points: a huge one is refused without being counted.
        if (value.length() > 2 * LENGTH_MAX || value.codePointCount(0, value.length()) > LENGTH_MAX) {
            return "must have at most 255 characters";
        }
        for (int i = 0; i < value.length(); i++) {
            char unit = value.charAt(i);
            if (Character.isISOControl(unit)) {
                return "must not contain control characters";
            }
            if (Character.isSurrogate(unit)) {
                if (Character.isLowSurrogate(unit)
                        || i + 1 == value.length()
                        || !Character.isLowSurrogate(value.charAt(i + 1))) {
                    return "must not contain unpaired surrogates";
                }
                i++;
            }
        }
        return null;
    }

    /**
     * What is wrong with a transaction id, or null if nothing is. Beyond the common rule it is neither {@code .} nor
     * {@code ..}: these are dot-segments, which vanish from a path (RFC 3986 section 5.2.4), so no URL could name them.
     */
    public static @Nullable String violationAsId(String value) {
        return value.equals(".") || value.equals("..")
                ? "must be neither . nor .., because no URL can name these"
                : violation(value);
    }

    /**
     * As it may stand in a log: what would break a line, turn the direction of reading or not be seen is written as
     * a number in braces, so that no id can look like another, or like a line of its own.
     */
    public static String printable(String value) {
        var printable = new StringBuilder(value.length());
        value.codePoints().forEach(point -> {
            if (point == '\\') {
                printable.append("\\\\");
                return;
            }
            switch (Character.getType(point)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR,
                        Character.PRIVATE_USE,
                        Character.SURROGATE,
                        Character.UNASSIGNED -> printable.append("\\u{%X}".formatted(point));
                default -> printable.appendCodePoint(point);
            }
        });
        return printable.toString();
    }
}
