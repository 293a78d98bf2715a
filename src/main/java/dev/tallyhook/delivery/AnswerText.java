package dev.tallyhook.delivery;

import java.nio.charset.StandardCharsets;

/** The beginning of what an endpoint answered, fit to be stored and shown. */
final class AnswerText {

    private static final int CHARACTERS_MAX = 1024;

    /** A character has four bytes at most. */
    static final int BYTES_MAX = 4 * CHARACTERS_MAX;

    private AnswerText() {}

    /** What is no UTF-8 is replaced. */
    static String of(byte[] bytes, int length) {
        return of(new String(bytes, 0, Math.min(length, BYTES_MAX), StandardCharsets.UTF_8));
    }

    /** Whatever moves a cursor, ends a line, turns the direction of text or cannot be stored becomes a space. */
    static String of(String text) {
        var shown = new StringBuilder(Math.min(text.length(), CHARACTERS_MAX));
        text.codePoints()
                .limit(CHARACTERS_MAX)
                .map(character -> isShown(character) ? character : ' ')
                .takeWhile(character -> shown.length() + Character.charCount(character) <= CHARACTERS_MAX)
                .forEach(shown::appendCodePoint);
        return shown.toString().strip();
    }

    private static boolean isShown(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
