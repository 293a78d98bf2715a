package dev.tallyhook.source;

import java.util.function.IntPredicate;

/** What characters a text is of, one looked at after the other: for a header, a pattern or a stream takes as long as its digest. */
public final class Characters {

    private Characters() {}

    /** Whether every one of them is; of an empty text they all are. */
    public static boolean all(String text, IntPredicate wanted) {
        for (int i = 0; i < text.length(); i++) {
            if (!wanted.test(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** A digit of ASCII. */
    public static boolean isDigit(int character) {
        return character >= '0' && character <= '9';
    }

    /** A letter of ASCII, or a digit. */
    public static boolean isLetterOrDigit(int character) {
        return isDigit(character) || (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    }
}
